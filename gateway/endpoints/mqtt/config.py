"""The MQTT endpoint's part of the configuration."""

from __future__ import annotations

from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError
from typing_extensions import override

from gateway.adapter import Period, StrictModel
from gateway.config import ConfigPath
from gateway.config.models import EndpointConfig
from gateway.units import Duration, format_duration

SCHEMES = {"mqtt": 1883, "mqtts": 8883}
"""Default ports: IANA service names mqtt and secure-mqtt."""

MIN_KEEPALIVE_S = 1
"""Zero would switch it off (MQTT 5, 3.1.2.10): a dead connection must show."""

MAX_KEEPALIVE_S = 65_535
"""Two bytes of seconds (MQTT 5, 3.1.2.10; MQTT 3.1.1, 3.1.2.10)."""

MAX_SESSION_EXPIRY_S = 4_294_967_294
"""Four bytes of seconds; all ones would mean for ever (MQTT 5, 3.1.2.11.2)."""


def _url(text: str) -> str:
    """`mqtt://host[:port]` or `mqtts://host[:port]`."""
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise ValueError(f"not a broker's address: {error}") from error
    if parts.scheme not in SCHEMES or not parts.hostname:
        raise ValueError("must be mqtt://host, mqtt://host:port or mqtts://host:port")
    if parts.username or parts.password:
        raise ValueError("put the login into username and password, with the password as ${secret:NAME}")
    if parts.path not in ("", "/") or parts.query or port == 0:
        raise ValueError("must end after the port")
    return text


def _within(low_s: float, high_s: float) -> AfterValidator:
    """A duration between these, both included."""
    limits = {"low": format_duration(low_s), "high": format_duration(high_s)}

    def check(seconds: float) -> float:
        if not low_s <= seconds <= high_s:
            raise PydanticCustomError("duration_bounds", "must be from {low} to {high}", limits)
        return seconds

    return AfterValidator(check)


class TlsConfig(StrictModel):
    """Whom to trust, and who we are."""

    ca: ConfigPath | None = Field(None, description="PEM file; without it the system's trust store")
    cert: ConfigPath | None = None
    key: ConfigPath | None = None


class MqttConfig(EndpointConfig):
    """A broker and how to speak to it."""

    type: Literal["mqtt"]
    url: Annotated[str, AfterValidator(_url)] = Field(examples=["mqtts://broker.example:8883"])
    username: str | None = None
    password: SecretStr | None = Field(None, description="write ${secret:NAME}")
    client_id: str | None = Field(None, description="fieldgate-GATEWAY-ENDPOINT unless given")
    session_expiry: Annotated[Duration, _within(0, MAX_SESSION_EXPIRY_S)] = Field(
        0.0, description="how long the broker keeps commands while we are away"
    )
    tls: TlsConfig = TlsConfig()
    protocol: Literal[5, "3.1.1"] = 5
    root: Annotated[str, Field(pattern=r"^[^/+#\x00][^+#\x00]*[^/+#\x00]$|^[^/+#\x00]$")] = "fieldgate"
    reply_prefix: Annotated[str, Field(pattern=r"^[^+#\x00]*[^/+#\x00]/?$")] | None = Field(
        None, description="response topics are honoured below the root and below this"
    )
    format: Literal["fieldgate"] = "fieldgate"
    keepalive: Annotated[Duration, _within(MIN_KEEPALIVE_S, MAX_KEEPALIVE_S)] = 30.0
    ack_timeout: Period = Field(15.0, description="a publish that waits longer ends the connection")
    connect_timeout: Period = 5.0
    window: Annotated[int, Field(ge=1, le=65535)] = Field(100, description="unacknowledged publishes at most")

    @field_validator("password")
    @classmethod
    def _has_its_user(cls, password: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if password is not None and info.data.get("username", ...) is None:
            raise PydanticCustomError("password_alone", "a password needs its username")
        return password

    @property
    @override
    def exclusive(self) -> str | None:
        """A broker ends the older of two connections of one client."""
        if not self.client_id:
            return None
        host, port, _ = self.address
        return f"client_id {self.client_id} at {host}:{port}"

    @property
    def address(self) -> tuple[str, int, bool]:
        """Host, port, and whether TLS is spoken."""
        parts = urlsplit(self.url)
        return parts.hostname or "", parts.port or SCHEMES[parts.scheme], parts.scheme == "mqtts"
