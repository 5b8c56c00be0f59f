"""The MQTT endpoint's part of the configuration."""

from __future__ import annotations

from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr

from gateway.adapter import StrictModel
from gateway.config import ConfigPath
from gateway.config.models import EndpointConfig
from gateway.units import Duration

SCHEMES = {"mqtt": 1883, "mqtts": 8883}
"""Default ports: IANA service names mqtt and secure-mqtt."""


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
    session_expiry: Duration = Field(0.0, description="how long the broker keeps commands while we are away")
    tls: TlsConfig = TlsConfig()
    protocol: Literal[5, "3.1.1"] = 5
    root: Annotated[str, Field(pattern=r"^[^/+#\x00][^+#\x00]*[^/+#\x00]$|^[^/+#\x00]$")] = "fieldgate"
    reply_prefix: Annotated[str, Field(pattern=r"^[^+#\x00]*[^/+#\x00]/?$")] | None = Field(
        None, description="response topics are honoured below the root and below this"
    )
    format: Literal["fieldgate"] = "fieldgate"
    keepalive: Duration = 30.0
    ack_timeout: Duration = Field(15.0, description="a publish that waits longer ends the connection")
    connect_timeout: Duration = 5.0
    window: Annotated[int, Field(ge=1, le=65535)] = Field(100, description="unacknowledged publishes at most")

    @property
    def address(self) -> tuple[str, int, bool]:
        """Host, port, and whether TLS is spoken."""
        parts = urlsplit(self.url)
        return parts.hostname or "", parts.port or SCHEMES[parts.scheme], parts.scheme == "mqtts"
