"""A Modbus link in the configuration."""

from __future__ import annotations

import posixpath
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationInfo, field_validator, model_validator
from typing_extensions import override

from gateway.adapter import LinkConfig, Period, Reconnect, TlsConfig
from gateway.ports import (
    Baudrate,
    Host,
    Parity,
    Rs485,
    SerialSettings,
    StopBits,
    back_soon,
    setting_of,
)
from gateway.units import Duration

Transport = Literal["tcp", "tls", "udp", "rtu", "ascii", "rtu-over-tcp", "ascii-over-tcp"]

SERIAL: frozenset[Transport] = frozenset({"rtu", "ascii"})
NUMBERED: frozenset[Transport] = frozenset({"tcp", "tls", "udp"})
"""Where a transaction number tells which request a reply belongs to (MODBUS Messaging on TCP/IP V1.0b, 3.1.3)."""
ASCII: frozenset[Transport] = frozenset({"ascii", "ascii-over-tcp"})

DEFAULT_PORT = 502
"""IANA service name mbap; bridges of serial lines use any."""
DEFAULT_TLS_PORT = 802
"""IANA service name mbap-s (MODBUS/TCP Security V21, 6)."""


class ModbusLink(LinkConfig):
    """One connection or serial line, and the devices on it."""

    transport: Transport = "tcp"
    host: Host | None = Field(None, description="not for rtu and ascii")
    port: Annotated[int, Field(ge=1, le=65535)] | Annotated[str, Field(min_length=1)] | None = Field(
        None,
        description="rtu, ascii: the serial port, best by its name in /dev/serial/by-id; else a number, 502 (tls: 802)",
    )
    connect_timeout: Period = 5.0
    max_in_flight: Annotated[int, Field(ge=1, le=64)] = Field(
        1, description="requests under way at once (tcp, tls, udp); many devices can only handle one"
    )
    tls: TlsConfig = TlsConfig()
    baudrate: Baudrate = Field(19200, description="as on the devices")
    parity: Parity = Field("even", description="as on the devices; many leave the factory with none")
    stop_bits: StopBits = 1.0
    data_bits: Literal[7, 8] | None = Field(None, description="8; for ascii 7")
    local_echo: bool | None = Field(None, description="whether we hear what we send; found out unless said")
    rs485: Rs485 | None = Field(None, description="where the driver must switch the transmitter by RTS")
    pause_after_connect: Duration = Field(0.0, description="before the first request")
    pause_between: Duration = Field(0.0, description="between an answer and the next request, at least")
    reconnect: Reconnect = Reconnect()

    @property
    def is_serial(self) -> bool:
        """Whether it is a port of this machine."""
        return self.transport in SERIAL

    @property
    @override
    def exclusive(self) -> str | None:
        """Two schedulers on one line would talk into each other."""
        return posixpath.normpath(self.path) if self.is_serial else None

    @property
    def is_line(self) -> bool:
        """Whether one request at a time is under way, since nothing numbers the replies."""
        return self.transport not in NUMBERED

    @property
    def bits(self) -> Literal[7, 8]:
        """Data bits of a character (MODBUS over Serial Line V1.02, 2.5.1 and 2.5.2)."""
        return self.data_bits or (7 if self.transport in ASCII else 8)

    @property
    def address(self) -> tuple[str, int]:
        """Host and port; not for a serial port."""
        default = DEFAULT_TLS_PORT if self.transport == "tls" else DEFAULT_PORT
        return self.host or "", self.port if isinstance(self.port, int) else default

    @property
    def path(self) -> str:
        """The serial port; only for one."""
        return str(self.port)

    @property
    def setting(self) -> str:
        """Of a serial port, as people write it: `9600 8N1`."""
        return setting_of(self.settings)

    @property
    def settings(self) -> SerialSettings:
        """Of a serial port."""
        return SerialSettings(
            baudrate=self.baudrate,
            parity=self.parity,
            stop_bits=self.stop_bits,
            data_bits=self.bits,
            rs485=self.rs485,
        )

    @property
    def where(self) -> str:
        """The bus, within a sentence for people."""
        return f"{self.path}, {self.setting}" if self.is_serial else self.peer

    @property
    def peer(self) -> str:
        """Whom the connection is with, for people."""
        if self.is_serial:
            return f"{self.path} ({self.setting})"
        host, port = self.address
        return f"{host}:{port}"

    @field_validator("baudrate", "parity", "stop_bits", "data_bits", "rs485")
    @classmethod
    def _is_for_serial_ports(cls, value: Any, info: ValidationInfo) -> Any:
        if info.data.get("transport", "rtu") not in SERIAL:
            raise ValueError(f"has no meaning with transport {info.data['transport']}: it is for rtu and ascii")
        return value

    @field_validator("host", "connect_timeout")
    @classmethod
    def _is_for_networks(cls, value: Any, info: ValidationInfo) -> Any:
        if info.data.get("transport") in SERIAL:
            raise ValueError(f"has no meaning with transport {info.data['transport']}, which is a port of this machine")
        return value

    @field_validator("max_in_flight")
    @classmethod
    def _needs_numbers(cls, value: int, info: ValidationInfo) -> int:
        if value > 1 and info.data.get("transport", "tcp") not in NUMBERED:
            raise ValueError(f"must be 1 with transport {info.data['transport']}: nothing there tells replies apart")
        return value

    @field_validator("local_echo")
    @classmethod
    def _is_for_lines(cls, value: bool | None, info: ValidationInfo) -> bool | None:
        if value is not None and info.data.get("transport", "rtu") in NUMBERED:
            raise ValueError(f"has no meaning with transport {info.data['transport']}: only a line hears itself")
        return value

    @field_validator("tls")
    @classmethod
    def _needs_tls(cls, value: TlsConfig, info: ValidationInfo) -> TlsConfig:
        if info.data.get("transport", "tls") != "tls":
            raise ValueError("has no meaning but with transport: tls")
        return value

    @field_validator("port")
    @classmethod
    def _fits_its_transport(cls, value: int | str | None, info: ValidationInfo) -> int | str | None:
        transport = info.data.get("transport")
        if transport in SERIAL and not (isinstance(value, str) and value.startswith("/")):
            raise ValueError(f"with transport {transport} it is the path of a serial port, as in /dev/serial/by-id/...")
        if transport not in {*SERIAL, None} and isinstance(value, str):
            raise ValueError(f"with transport {transport} it is a number; for a serial port write transport: rtu")
        return value

    @model_validator(mode="after")
    def _can_be_found(self) -> ModbusLink:
        if self.is_serial and self.port is None:
            raise ValueError(f"transport {self.transport} needs port, as in /dev/serial/by-id/...")
        if not self.is_serial and self.host is None:
            raise ValueError(f"transport {self.transport} needs host")
        return self

    @model_validator(mode="before")
    @classmethod
    def _serial_ports_come_back_soon(cls, given: Any) -> Any:
        if not isinstance(given, dict) or given.get("transport") not in SERIAL:
            return given
        return back_soon(given)
