"""How a serial port is set: the configuration's part. Pure."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, ValidationInfo, WithJsonSchema, field_validator, model_validator

from gateway.adapter import Period, StrictModel
from gateway.ports.place import PortName, is_local, kind_of
from gateway.units import Duration, parse_duration

Parity = Literal["none", "even", "odd", "mark", "space"]
FlowControl = Literal["none", "rts-cts", "xon-xoff"]
"""DSR/DTR is no choice: Linux has none."""

MIN_BAUDRATE, MAX_BAUDRATE = 50, 4_000_000
"""What Linux has names for (termios(3))."""
STOP_BITS = (1, 1.5, 2)
LETTERS: dict[Parity, str] = {"none": "N", "even": "E", "odd": "O", "mark": "M", "space": "S"}

RECONNECT_MAX = "5s"
"""Whoever plugs an adapter in again waits in front of it; to look for its file costs nothing."""


def _stop_bits(value: float) -> float:
    if value not in STOP_BITS:
        raise ValueError("must be 1, 1.5 or 2")
    return value


StopBits = Annotated[float, AfterValidator(_stop_bits), WithJsonSchema({"enum": [*STOP_BITS]})]
Baudrate = Annotated[int, Field(ge=MIN_BAUDRATE, le=MAX_BAUDRATE)]


class Rs485(StrictModel):
    """Who may drive the line: RTS switches the transmitter, by the kernel's driver (TIOCSRS485)."""

    rts_on_send: bool = Field(True, description="RTS while sending: true is high")
    rts_after_send: bool = Field(False, description="RTS at all other times")
    delay_before_send: Duration = 0.0
    delay_after_send: Duration = 0.0


class SerialSettings(StrictModel):
    """What a line is set to; has no meaning through `tcp://`, where the far end sets it."""

    baudrate: Baudrate = Field(9600, description="as on the device")
    parity: Parity = Field("none", description="as on the device")
    stop_bits: StopBits = 1.0
    data_bits: Literal[5, 6, 7, 8] = 8
    flow_control: FlowControl = "none"
    dtr: bool | None = Field(None, description="hold this line high (true) or low, as devices want that it supplies")
    rts: bool | None = Field(None, description="likewise")
    rs485: Rs485 | None = Field(None, description="where the driver must switch the transmitter by RTS")

    @property
    def character_bits(self) -> float:
        """Of a character on the wire: its start bit, data bits, parity if any, and stop bits."""
        return 1 + self.data_bits + (self.parity != "none") + self.stop_bits

    @property
    def character_s(self) -> float:
        """How long a character takes."""
        return self.character_bits / self.baudrate


def setting_of(settings: SerialSettings) -> str:
    """As people write it: `9600 8N1`."""
    return f"{settings.baudrate} {settings.data_bits}{LETTERS[settings.parity]}{settings.stop_bits:g}"


class _Place(StrictModel):
    """Before the settings, which have a meaning or none by where the port is."""

    port: PortName = Field(
        description="best by its name in /dev/serial/by-id; through a network tcp://host:port or rfc2217://host:port"
    )


class PortSettings(SerialSettings, _Place):
    """A serial port in a link's configuration: where it is, and what it is set to."""

    connect_timeout: Period = 5.0

    @field_validator("baudrate", "parity", "stop_bits", "data_bits", "flow_control", "dtr", "rts")
    @classmethod
    def _can_be_set(cls, value: Any, info: ValidationInfo) -> Any:
        if kind_of(info.data.get("port", "/")) == "tcp":
            hint = "set it on the device server, or write rfc2217:// if that speaks it"
            raise ValueError(f"has no meaning with tcp://, where the far end sets the line: {hint}")
        return value

    @field_validator("rs485")
    @classmethod
    def _is_set_here(cls, value: Any, info: ValidationInfo) -> Any:
        if not is_local(info.data.get("port", "/")):
            raise ValueError("has no meaning through a network: it is for a port of this machine")
        return value

    @field_validator("connect_timeout")
    @classmethod
    def _is_for_networks(cls, value: Any, info: ValidationInfo) -> Any:
        if is_local(info.data.get("port", "tcp://")):
            raise ValueError("has no meaning with a port of this machine")
        return value

    @model_validator(mode="before")
    @classmethod
    def _local_ports_come_back_soon(cls, given: Any) -> Any:
        if isinstance(given, dict) and str(given.get("port", "")).startswith("/"):
            return back_soon(given)
        return given


def back_soon(given: dict[str, Any]) -> dict[str, Any]:
    """A local port's link in the configuration, with short pauses between looks for it unless it says otherwise."""
    pauses = given.get("reconnect", {})
    if isinstance(pauses, dict) and "max" not in pauses and not _is_longer(pauses.get("min")):
        return {**given, "reconnect": {**pauses, "max": RECONNECT_MAX}}
    return given


def _is_longer(pause: Any) -> bool:
    """Whether somebody wants to wait longer; what is no duration is told of elsewhere."""
    try:
        return pause is not None and parse_duration(pause) > parse_duration(RECONNECT_MAX)
    except ValueError:
        return False
