"""What can be said of the way to a far end, the same for every endpoint that speaks TCP."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr
from pydantic_core import PydanticCustomError
from typing_extensions import override

from gateway.adapter import Period, StrictModel, TlsConfig
from gateway.config.models import EndpointConfig
from gateway.units import format_duration

MAX_TCP_USER_TIMEOUT_S = 86_400
"""The kernel counts it in milliseconds in an int (tcp(7)); a day is less, and more than anybody waits."""


def within(low_s: float, high_s: float) -> AfterValidator:
    """A duration between these, both included."""
    limits = {"low": format_duration(low_s), "high": format_duration(high_s)}

    def check(seconds: float) -> float:
        if not low_s <= seconds <= high_s:
            raise PydanticCustomError("duration_bounds", "must be from {low} to {high}", limits)
        return seconds

    return AfterValidator(check)


class EndpointTls(TlsConfig):
    """Whom to trust, who we are, and what the handshake says."""

    alpn: Annotated[list[str], Field(min_length=1)] | None = Field(
        None, description="protocols offered in the handshake: x-amzn-mqtt-ca for AWS IoT on port 443"
    )
    server_name: str | None = Field(
        None, description="the name in the certificate, and the one asked for (SNI), where it is not the URL's host"
    )


class ProxyConfig(StrictModel):
    """A proxy on the way: HTTP CONNECT or SOCKS5."""

    url: str = Field(examples=["http://proxy.example:3128", "socks5://proxy.example:1080"])
    username: str | None = None
    password: SecretStr | None = Field(None, description="write ${secret:NAME}")


class ReachConfig(EndpointConfig):
    """An endpoint that is reached over TCP."""

    tls: EndpointTls = EndpointTls()
    proxy: ProxyConfig | None = None
    connect_timeout: Period = 5.0
    tcp_user_timeout: Annotated[Period, within(0.001, MAX_TCP_USER_TIMEOUT_S)] = Field(
        15.0, description="sent bytes that the far end's machine does not confirm for so long end the connection"
    )

    @property
    @override
    def files(self) -> tuple[Path, ...]:
        """Certificates and keys: what changes in them counts from the next connection on."""
        return tuple(path for path in (self.tls.ca, self.tls.cert, self.tls.key) if path is not None)

    @override
    def try_files(self) -> None:
        self.tls.context()
