"""What an installer writes about a serial link and the devices on it. Pure."""

from adapters.serial.checksums import Checksum
from adapters.serial.config.decoding import Columns, Decode, Iec62056, Nmea, Pairs, Pattern, Table
from adapters.serial.config.device import SerialDevice
from adapters.serial.config.framing import (
    Cobs,
    Escaped,
    Fixed,
    Framing,
    Gap,
    Iec62056Frames,
    LengthField,
    Line,
    Slip,
    StartEnd,
)
from adapters.serial.config.link import AddressField, SerialLink
from adapters.serial.config.message import Message
from adapters.serial.config.point import SerialPoint
from adapters.serial.config.talk import Argument, NamedBaudrate, PointWrite, Poll, SerialCommand, TalkStep
from gateway.template.send import HexSend, Send

__all__ = [
    "AddressField",
    "Argument",
    "Checksum",
    "Cobs",
    "Columns",
    "Decode",
    "Escaped",
    "Fixed",
    "Framing",
    "Gap",
    "HexSend",
    "Iec62056",
    "Iec62056Frames",
    "LengthField",
    "Line",
    "Message",
    "NamedBaudrate",
    "Nmea",
    "Pairs",
    "Pattern",
    "PointWrite",
    "Poll",
    "Send",
    "SerialCommand",
    "SerialDevice",
    "SerialLink",
    "SerialPoint",
    "Slip",
    "StartEnd",
    "Table",
    "TalkStep",
]
