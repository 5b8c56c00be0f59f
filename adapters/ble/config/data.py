"""Which part of an advertisement is meant. Pure."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Field, model_validator

from adapters.ble.config.names import ServiceUuid
from gateway.adapter import StrictModel
from gateway.template import parse_hex


def _is_number(given: Any) -> Any:
    if isinstance(given, str):
        raise ValueError("a company's number is written without quotes, in hex as lists have it: 0x0499")
    return given


Company = Annotated[Annotated[int, Field(ge=0, le=0xFFFF)], BeforeValidator(_is_number)]


class AdvertData(StrictModel):
    """The data of a manufacturer or a service; what does not begin with `starts`, or is not so long, is not meant."""

    manufacturer: Company | None = Field(
        None, description="the company's number, as in 0x0499; what follows it is byte 0"
    )
    service: ServiceUuid | None = Field(None, description="a UUID or standard name; what follows it is byte 0")
    starts: str | None = Field(None, description='its first bytes in hex, as in "05", where a device has several kinds')
    length: Annotated[int, Field(ge=0, le=255)] | None = Field(None, description="how many bytes it must have")

    @property
    def prefix(self) -> bytes:
        """`starts` as bytes."""
        return parse_hex(self.starts or "")

    @model_validator(mode="after")
    def _is_one(self) -> AdvertData:
        if (self.manufacturer is None) == (self.service is None):
            raise ValueError('either manufacturer: 0x0499 or service: "181a", whose data it is')
        parse_hex(self.starts or "")
        return self
