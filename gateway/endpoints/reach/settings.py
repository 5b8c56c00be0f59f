"""What can be said of the way to a far end, the same for every endpoint that speaks TCP."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    SecretStr,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError
from typing_extensions import override

from gateway.adapter import Period, StrictModel, TlsConfig
from gateway.config.models import EndpointConfig
from gateway.endpoints.reach.address import Proxy, checked_host, proxy_of
from gateway.endpoints.reach.context import client_context, holds_key
from gateway.endpoints.values import taken_by, within

MAX_TCP_USER_TIMEOUT_S = 86_400
"""The kernel counts it in milliseconds in an int (tcp(7)); a day is less, and more than anybody waits."""

MAX_LOGIN_BYTES = 255
"""Of a user name and of a password for SOCKS5 (RFC 1929, 2)."""

MAX_ALPN_BYTES = 255
"""Of a protocol's name (RFC 7301, 3.1)."""

WITHOUT_TLS = ("mqtt://", "ws://")

TlsVersion = Annotated[Literal["1.2", "1.3"], BeforeValidator(str), WithJsonSchema({"enum": ["1.2", "1.3", 1.2, 1.3]})]


def _alpn(name: str) -> str:
    if not name.isascii() or not 1 <= len(name) <= MAX_ALPN_BYTES:
        raise PydanticCustomError("alpn", "must be 1 to 255 ASCII characters, such as x-amzn-mqtt-ca")
    return name


class EndpointTls(TlsConfig):
    """Whom to trust, who we are, and what the handshake says."""

    key_password: SecretStr | None = Field(None, description="of an encrypted key; write ${secret:NAME}")
    alpn: Annotated[list[Annotated[str, AfterValidator(_alpn)]], Field(min_length=1)] | None = Field(
        None, description="protocols offered in the handshake: x-amzn-mqtt-ca for AWS IoT on port 443"
    )
    server_name: Annotated[str, Field(min_length=1), taken_by(checked_host, "host_name")] | None = Field(
        None, description="the name in the certificate, and the one asked for (SNI), where it is not the URL's host"
    )
    min_version: TlsVersion = Field("1.2", description="the oldest TLS that is spoken")

    @model_validator(mode="after")
    def _certificate_has_its_key(self) -> Self:
        if self.cert is None and (self.key is not None or self.key_password is not None):
            raise PydanticCustomError("tls_pair", "a key needs its certificate - give cert too")
        if self.cert is not None and self.key is None and not _may_hold_key(self.cert):
            raise PydanticCustomError("tls_pair", "a certificate needs its key - give key, or both in one PEM file")
        return self

    @override
    def context(self) -> ssl.SSLContext:
        """For a client. Reads files: call it off the loop. Raises OSError with a sentence."""
        return client_context(
            ca=self.ca,
            cert=self.cert,
            key=self.key,
            key_password=self.key_password.get_secret_value() if self.key_password else None,
            alpn=self.alpn,
            min_version=self.min_version,
        )


class ProxyConfig(StrictModel):
    """A proxy on the way: HTTP CONNECT or SOCKS5. It resolves the names; TLS runs through it untouched."""

    url: Annotated[str, taken_by(proxy_of, "proxy_url")] = Field(
        examples=["http://proxy.example:3128", "socks5://proxy.example:1080"]
    )
    username: str | None = None
    password: SecretStr | None = Field(None, description="write ${secret:NAME}")

    @model_validator(mode="after")
    def _login_can_be_said(self) -> Self:
        if self.username is None:
            if self.password is not None:
                raise PydanticCustomError("password_alone", "a password needs its username")
            return self
        proxy = self.proxy
        said = (self.username, proxy.password or "")
        if proxy.is_socks and not all(len(each.encode()) <= MAX_LOGIN_BYTES for each in said):
            raise PydanticCustomError("proxy_url", "SOCKS5 takes 255 bytes of username and password each")
        if not self.username or (not proxy.is_socks and ":" in self.username):
            raise PydanticCustomError("proxy_url", "a username for a proxy may not be empty, nor have a colon in it")
        return self

    @property
    def proxy(self) -> Proxy:
        """Where it is, and how to ask it."""
        return proxy_of(self.url, self.username, self.password.get_secret_value() if self.password else None)


class ReachConfig(EndpointConfig):
    """An endpoint that is reached over TCP."""

    tls: EndpointTls = EndpointTls()
    proxy: ProxyConfig | None = None
    connect_timeout: Period = 5.0
    tcp_user_timeout: Annotated[Period, within(0.001, MAX_TCP_USER_TIMEOUT_S)] = Field(
        15.0, description="sent bytes that the far end's machine does not confirm for so long end the connection"
    )

    @field_validator("url", check_fields=False)
    @classmethod
    def _tls_is_spoken(cls, url: Any, info: ValidationInfo) -> Any:
        """Where the URL of an endpoint says that no TLS is spoken, nothing may be said of TLS."""
        urls = [url] if isinstance(url, str) else list(url)
        is_safe = not urls or not all(each.lower().startswith(WITHOUT_TLS) for each in urls)
        if not is_safe and info.data.get("tls", EndpointTls()) != EndpointTls():
            scheme = urls[0].partition("://")[0].lower()
            about = {"scheme": scheme, "instead": {"mqtt": "mqtts", "ws": "wss"}[scheme]}
            message = "tls is given, but {scheme}:// is without TLS - write {instead}://, or remove tls"
            raise PydanticCustomError("tls_unspoken", message, about)
        return url

    @property
    @override
    def files(self) -> tuple[Path, ...]:
        """Certificates and keys: what changes in them counts from the next connection on."""
        return tuple(path for path in (self.tls.ca, self.tls.cert, self.tls.key) if path is not None)

    @override
    def try_files(self) -> None:
        self.tls.context()


def _may_hold_key(path: Path) -> bool:
    try:
        return holds_key(path)
    except OSError:
        return True  # whoever checks may not read it, or it will be there when it is needed
