"""How a serial port is set, and where it is: the configuration's part."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, WithJsonSchema

from gateway.adapter import StrictModel
from gateway.units import Duration

Parity = Literal["none", "even", "odd", "mark", "space"]
FlowControl = Literal["none", "rts-cts", "xon-xoff", "dsr-dtr"]

MIN_BAUDRATE, MAX_BAUDRATE = 50, 4_000_000
"""What Linux has names for (termios(3))."""
STOP_BITS = (1, 1.5, 2)


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


PortName = Annotated[str, Field(min_length=1)]
"""A serial port of this machine by its path, `tcp://host:port`, or `rfc2217://host:port`."""


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
