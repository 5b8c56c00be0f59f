"""Characteristics whose first bytes say what follows. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from adapters.ble.sig.characteristic import Characteristic, SigField, Undecodable
from adapters.ble.sig.forms import Form
from gateway.model import Value

When = Callable[[int], bool]
"""Of the flags: whether a part is there."""


class Part(NamedTuple):
    """A value in a row; `name` "": it is passed over."""

    when: When
    name: str
    form: Form
    unit: str | None = None


Derived = Mapping[str, tuple[SigField, Callable[[int], Value | None]]]
"""Values that stand in the flags themselves."""


def always(_flags: int) -> bool:
    """It is always there."""
    return True


def has(*bits: int) -> When:
    """Where all these bits are set."""
    mask = sum(1 << bit for bit in bits)
    return lambda flags: flags & mask == mask


def lacks(bit: int) -> When:
    """Where this bit is not set."""
    return lambda flags: not flags >> bit & 1


def both(*whens: When) -> When:
    """Where all of these hold."""
    return lambda flags: all(when(flags) for when in whens)


class Flags(NamedTuple):
    """How many bytes they are, and how many of their bits are defined: what others announce has no known length."""

    size: int
    known: int


NO_FLAGS = Flags(0, 0)


def flagged(
    name: str, uuid: int, flags: Flags, parts: tuple[Part, ...], derived: Derived | None = None
) -> tuple[str, Characteristic]:
    """A characteristic of several values; `derived`: those that the flags have."""
    extra = derived or {}

    def decode(data: bytes) -> Mapping[str, Value]:
        if len(data) < flags.size:
            raise Undecodable("it ends before its flags do")
        said, rest = int.from_bytes(data[: flags.size], "little"), data[flags.size :]
        values: dict[str, Value] = {}
        for each, (_field, derive) in extra.items():
            _put(values, each, derive(said))
        for part in parts:
            if part.when(said):
                size = part.form.size
                if len(rest) < size:
                    raise Undecodable(f"it ends before its {part.name or 'next value'}")
                _put(values, part.name, part.form.decode(rest[:size]))
                rest = rest[size:]
        if rest and not said >> flags.known:
            raise Undecodable("it is longer than its flags say")
        return values

    fields = {part.name: SigField(part.form.kind, part.unit) for part in parts if part.name}
    return name, Characteristic(uuid, {**fields, **{each: field for each, (field, _) in extra.items()}}, decode)


def _put(values: dict[str, Value], name: str, value: Value | None) -> None:
    if name and value is not None:
        values[name] = value
