"""A Modbus link in the configuration."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from gateway.adapter import LinkConfig, Period


class ModbusLink(LinkConfig):
    """One Modbus TCP connection and the devices behind it."""

    transport: Literal["tcp"] = "tcp"
    host: Annotated[str, Field(min_length=1)]
    port: Annotated[int, Field(ge=1, le=65535)] = 502
    connect_timeout: Period = 5.0
    max_in_flight: Annotated[int, Field(ge=1, le=64)] = Field(
        1, description="requests under way at once; many devices can only handle one"
    )
