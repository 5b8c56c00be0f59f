"""What a BTHome payload holds, once it is in the clear. Pure."""

from __future__ import annotations

import math
import struct

from adapters.ble.decoders.bthome_objects import COMMAND, COMMANDS, OBJECTS, PACKET, RAW, TEXT, Object
from adapters.ble.quantities import DECODED
from gateway.model import Value

V1_FLOATS = {2: "<e", 4: "<f", 8: "<d"}
V1_FLOAT_DECIMALS = 6
"""As fine as any object is; what is beyond is a float's noise."""
UNSIGNED, SIGNED, FLOAT, MAC = 0, 1, 2, 4
"""What an object's bytes are (bthome.io/v1, "BTHome data format")."""
V1_LAST = 0x3C
"""The highest id of the first version ("Events"); what came later has other sizes than one may choose."""
V1_NUMBER_BYTES = 4
"""More than the longest preferred type, a count's, is nothing that a sensor counts to ("Sensor data")."""
ARGS_LENGTH = 0x1F
"""Bits of a command's second byte; the others are reserved (bthome-ble 3.25, parser.py)."""


class Contents:
    """Values by name, in the order of the payload: the second of its kind is `temperature_2`."""

    __slots__ = ("_seen", "packet", "unknown", "values")

    def __init__(self) -> None:
        self.values: dict[str, Value] = {}
        self.packet: int | None = None
        self.unknown = 0
        self._seen: dict[str, int] = {}

    def add(self, name: str, value: Value | None, is_event: bool = False) -> None:
        """None: there is one, but it says nothing that is known.

        Events that did not happen count, but tell nothing: so the second button stays the second.
        """
        seen = self._seen
        seen[name] = count = seen.get(name, 0) + 1
        if value is None:
            self.unknown += 1
        elif value or not is_event:
            self.values[name if count == 1 else f"{name}_{count}"] = value


def read_v2(payload: bytes) -> Contents | None:
    """None: it ends within an object. Behind an id that is not known nothing can be read, as ids tell sizes."""
    contents = Contents()
    add, known, from_bytes = contents.add, OBJECTS.get, int.from_bytes
    at, end = 0, len(payload)
    while at < end:
        id_ = payload[at]
        if (found := known(id_)) is not None:
            name, size, mean, is_signed, is_event = found
            after = at + 1 + size
            if after > end:
                return None
            number = from_bytes(payload[at + 1 : after], "little")
            if is_signed and number >> (8 * size - 1):
                number -= 1 << 8 * size
            add(name, mean(number), is_event)
        elif id_ in _SPECIAL:
            after = _end_of(payload, at)
            if after > end:
                return None
            _add_special(contents, id_, payload[at + 1 : after])
        else:
            contents.unknown += 1
            break
        at = after
    return contents


_SPECIAL = frozenset({PACKET, COMMAND, TEXT, RAW})


def _end_of(payload: bytes, at: int) -> int:
    """Where the special object ends that begins here."""
    if payload[at] == PACKET:
        return at + 2
    if at + 1 == len(payload):
        return at + 2
    if payload[at] == COMMAND:
        return at + 3 + (payload[at + 1] & ARGS_LENGTH)
    return at + 2 + payload[at + 1]


def _add_special(contents: Contents, id_: int, data: bytes) -> None:
    if id_ == PACKET:
        contents.packet = data[0]
    elif id_ == RAW:
        contents.add("raw", data[1:].hex())
    elif id_ == TEXT:
        contents.add("text", _text(data[1:]))
    else:
        contents.add("command", COMMANDS.get(data[1]))
        if data[2:]:
            contents.add("command_args", data[2:].hex())


def _text(data: bytes) -> str | None:
    try:
        return data.decode()
    except UnicodeDecodeError:
        return None


def read_v1(payload: bytes) -> Contents | None:
    """None: it ends within an object. Each says its own length, so that unknown ones are passed over."""
    contents = Contents()
    at, end = 0, len(payload)
    while at < end:
        length, form = payload[at] & 0x1F, payload[at] >> 5
        after = at + 1 + length
        if length < 2 or after > end:  # an id and a byte at least
            return None
        _add_v1(contents, payload[at + 1], form, payload[at + 2 : after])
        at = after
    return contents


def _add_v1(contents: Contents, id_: int, form: int, data: bytes) -> None:
    known = OBJECTS.get(id_) if id_ <= V1_LAST else None
    if id_ == PACKET:
        contents.packet = data[0]
    elif known is None:
        contents.unknown += form != MAC
    elif form in {UNSIGNED, SIGNED} and len(data) <= V1_NUMBER_BYTES:
        number = int.from_bytes(data, "little", signed=form == SIGNED)
        contents.add(known.name, known.mean(number), known.is_event)
    else:
        contents.add(known.name, _float(known, data) if form == FLOAT else None)


def _float(known: Object, data: bytes) -> Value | None:
    """Only what is measured can be one: states and counts are whole numbers."""
    code = V1_FLOATS.get(len(data))
    if code is None or DECODED[known.name].kind != "float":
        return None
    value = known.mean(struct.unpack(code, data)[0])
    return round(value, V1_FLOAT_DECIMALS) if isinstance(value, float) and math.isfinite(value) else None
