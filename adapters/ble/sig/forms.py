"""Types of single values, and characteristics that are one (GATT Specification Supplement, 2 and 3). Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from adapters.ble.sig.characteristic import Characteristic, SigField, Undecodable
from gateway.model import Kind, Value
from gateway.values import SCALARS, Quantity, Spoiled, Unwritable, decoder, encode
from gateway.values.texts import read_text, write_text

LONGEST = 512
"""Bytes of an attribute's value (Bluetooth Core Specification 6.0, Vol 3, Part F, 3.2.9)."""

_WIDER = {"uint24": "uint32", "int24": "int32"}
_SIZE_24 = 3


class Form(NamedTuple):
    """`size` in bytes; 0: any. `decode` gives None for "not known", and raises Undecodable; `encode`: Unwritable."""

    size: int
    kind: Kind
    decode: Callable[[bytes], Value | None]
    encode: Callable[[Value], bytes] | None = None

    def take(self, data: bytes) -> Value | None:
        """What it means, if it is as long as it must be."""
        if self.size and len(data) != self.size:
            raise Undecodable(f"{len(data)} bytes, and it has {self.size}")
        return self.decode(data)


def simple(name: str, uuid: int, form: Form, unit: str | None = None) -> tuple[str, Characteristic]:
    """A characteristic that is one value."""

    def decode(data: bytes) -> Mapping[str, Value]:
        value = form.take(data)
        return {} if value is None else {name: value}

    return name, Characteristic(uuid, {name: SigField(form.kind, unit)}, decode, _encoder(name, form.encode))


def _encoder(name: str, write: Callable[[Value], bytes] | None) -> Callable[[Mapping[str, Value]], bytes] | None:
    if write is None:
        return None

    def encode_(values: Mapping[str, Value]) -> bytes:
        if values.keys() != {name}:
            raise Unwritable("malformed", f"it consists of {name}, and nothing else")
        return write(values[name])

    return encode_


def number(
    kind: str,
    scale: float = 1.0,
    *,
    unknown: int | None = None,
    low: float | None = None,
    high: float | None = None,
    decimals: int | None = None,
) -> Form:
    """An integer, least significant byte first; `low` and `high` are of what it means."""
    wide = _WIDER.get(kind, kind)
    size = _SIZE_24 if kind in _WIDER else SCALARS[wide].size
    signed = SCALARS[wide].low < 0
    quantity = Quantity(wide, scale, decimals=decimals, low=low, high=high)
    meaning = decoder(quantity)

    def decode(data: bytes) -> Value | None:
        raw = int.from_bytes(data, "little", signed=signed)
        if raw == unknown:
            return None
        try:
            return raw if meaning is None else meaning(raw)
        except Spoiled as spoiled:
            raise Undecodable(f"{spoiled.bad.value} can't be") from None

    def write(value: Value) -> bytes:
        raw = int.from_bytes(encode(quantity, value), "big", signed=signed)
        if raw == unknown:
            raise Unwritable("out-of-range", f'it would be written as {raw}, which stands for "not known"')
        try:
            return raw.to_bytes(size, "little", signed=signed)
        except OverflowError:
            raise Unwritable("out-of-range", f"{value} does not fit {kind}") from None

    return Form(size, quantity.kind, decode, write)


def text(size: int = 0) -> Form:
    """UTF-8; devices may end it with a NUL."""

    def decode(data: bytes) -> Value:
        try:
            return read_text(data, "utf-8")
        except UnicodeError:
            raise Undecodable("it is no UTF-8") from None

    def write(value: Value) -> bytes:
        if not isinstance(value, str):
            raise Unwritable("malformed", "it is a text: put it in quotes")
        try:
            data = write_text(value, "utf-8", size or LONGEST)
        except ValueError as error:
            raise Unwritable("malformed", f"it can't be written: {error}") from None
        return data if size else data.rstrip(b"\0")

    return Form(size, "text", decode, write)


def octets(size: int) -> Form:
    """Bytes that are no number, in hex, as they come."""
    return Form(size, "text", lambda data: data.hex())


def labels(*names: str, first: int = 0, unknown: int | None = None) -> Form:
    """One byte: what it stands for, counted from `first`."""
    by_code = dict(enumerate(names, first))
    codes = {name: code for code, name in by_code.items()}

    def decode(data: bytes) -> Value | None:
        if data[0] == unknown:
            return None
        if data[0] not in by_code:
            raise Undecodable(f"{data[0]} stands for nothing")
        return by_code[data[0]]

    def write(value: Value) -> bytes:
        if not isinstance(value, str) or value not in codes:
            raise Unwritable("out-of-range", f"it must be one of: {', '.join(codes)}")
        return bytes([codes[value]])

    return Form(1, "text", decode, write)


def _decode_bool(data: bytes) -> Value:
    if data[0] > 1:
        raise Undecodable(f"{data[0]} is neither false nor true")
    return bool(data[0])


def _encode_bool(value: Value) -> bytes:
    return encode(Quantity("bool"), value)


BOOLEAN = Form(1, "bool", _decode_bool, _encode_bool)
