"""What some registers may mean: every type and order that fits them, the likeliest first. Pure."""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from gateway.values import Order, arrange

REGISTER = 2
"""Bytes."""
ORDERS: tuple[Order, ...] = ("ABCD", "CDAB", "BADC", "DCBA")
ONE_REGISTER: tuple[Order, ...] = ("ABCD", "BADC")
"""Where no words can change places: numbers of one, and texts."""

PLAUSIBLE = 0.5
"""From here on a reading is called so."""


class Reading(NamedTuple):
    """What the registers are as a `type`: one value, or several in a row; `orders` under which it is the same.

    `byte`: which half of a register. `score`: from 0, impossible, to 1.
    """

    type: str
    orders: tuple[Order, ...]
    value: Any
    score: float
    byte: str | None = None

    @property
    def is_plausible(self) -> bool:
        """Whether a person should look at it first."""
        return self.score >= PLAUSIBLE


class _Form(NamedTuple):
    """A type: how many bytes it takes, what they are, and how usual it is in devices (0 to 1)."""

    type: str
    size: int
    decode: Callable[[bytes], Any]
    usual: float


def readings(data: bytes) -> list[Reading]:
    """Of registers as they came; the likeliest first. What does not fit their number is left out."""
    found = [each for form in _FORMS for each in _under_each_order(form, data)]
    found += [*_halves(data), *_texts(data)]
    return sorted(found, key=lambda reading: -reading.score)


def _under_each_order(form: _Form, data: bytes) -> Iterator[Reading]:
    if len(data) % form.size:
        return
    same: dict[str, Reading] = {}
    for order in ORDERS if form.size > REGISTER else ONE_REGISTER:
        values = [form.decode(arrange(part, order)) for part in _parts(data, form.size)]
        if all(value is None for value in values):  # as no BCD number has it
            continue
        score = _score(form, values, order)
        known = same.get(repr(values))
        value = values[0] if len(values) == 1 else values
        same[repr(values)] = (
            Reading(form.type, (order,), value, score)
            if known is None
            else known._replace(orders=(*known.orders, order), score=max(score, known.score))
        )
    yield from same.values()


def _parts(data: bytes, size: int) -> list[bytes]:
    return [data[at : at + size] for at in range(0, len(data), size)]


def _halves(data: bytes) -> Iterator[Reading]:
    """8-bit numbers: few devices have them, and one half of a register is then often something else."""
    if len(data) != REGISTER:
        return
    for byte, at in (("low", 1), ("high", 0)):
        for kind, signed in (("uint8", False), ("int8", True)):
            value = int.from_bytes(data[at : at + 1], "big", signed=signed)
            yield Reading(kind, ("ABCD",), value, 0.3 * _of_number(value), byte)


def _texts(data: bytes) -> Iterator[Reading]:
    for order in ONE_REGISTER:
        text = arrange(data, "BADC") if order == "BADC" else data
        bare = text.rstrip(b"\0 ")
        if bare and all(0x20 <= byte < 0x7F for byte in bare):
            words = bare.decode("ascii")
            yield Reading("string", (order,), words, _of_text(words) * ORDER_USUAL[order])


ORDER_USUAL: dict[Order, float] = {"ABCD": 1.0, "CDAB": 0.97, "DCBA": 0.92, "BADC": 0.9}
"""The specification's own first (MODBUS Application Protocol V1.1b3, 4.2), then swapped words, as many have them."""


def _score(form: _Form, values: Sequence[Any], order: Order) -> float:
    """One value that takes all of the registers is a little likelier than several that happen to stand together."""
    each = [0.0 if value is None else _of_number(value) for value in values]
    several = 0.9 if len(values) > 1 else 1.0
    return several * form.usual * ORDER_USUAL[order] * sum(each) / len(each)


def _of_number(value: float) -> float:
    """How much it looks like something that was measured, counted or set."""
    if isinstance(value, int):
        return next(score for limit, score in _WHOLE if abs(value) <= limit)
    if not math.isfinite(value):
        return 0.0
    if value == 0:
        return 0.5 if math.copysign(1, value) > 0 else 0.1
    if not 1e-3 <= abs(value) < 1e7:
        return 0.05
    return next(score for limit, score in _PLACES if _decimals(value) <= limit)


_WHOLE = ((0, 0.55), (1000, 0.75), (10_000, 0.6), (65_535, 0.4), (1_000_000, 0.35), (10**9, 0.15), (math.inf, 0.05))
_PLACES = ((1, 0.97), (2, 0.93), (3, 0.88), (4, 0.7), (math.inf, 0.55))
"""Up to a number of decimals: what is measured in tenths has one, what is computed has as many as fit."""


def _decimals(value: float) -> int:
    exponent = Decimal(repr(value)).normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def _of_text(text: str) -> float:
    """Letters make a text likely, and length: four bytes of a number are printable more often than one thinks."""
    plain = sum(each.isalnum() or each in " -_./:" for each in text) / len(text)
    length = next(score for limit, score in ((2, 0.3), (4, 0.6), (6, 0.75), (math.inf, 0.98)) if len(text) <= limit)
    odd = sum(map(_is_odd, text, text[1:]))
    return length * plain * plain * 0.85**odd


def _is_odd(before: str, after: str) -> bool:
    """Capitals after small letters and letters after digits are rarer in a name than in one whose bytes are swapped."""
    return (before.islower() and after.isupper()) or (before.isdigit() and after.isalpha())


def _whole(*, signed: bool) -> Callable[[bytes], int]:
    return lambda data: int.from_bytes(data, "big", signed=signed)


def _float(code: str) -> Callable[[bytes], float | None]:
    """The shortest decimal that gives the same number; None for what is none."""
    digits = {"e": 5, "f": 9, "d": 17}[code]

    def decode(data: bytes) -> float | None:
        (exact,) = struct.unpack(f">{code}", data)
        if not math.isfinite(exact):
            return None
        texts = (f"{exact:.{number}g}" for number in range(1, digits))
        return next((float(text) for text in texts if _packed(code, float(text)) == data), exact)

    return decode


def _packed(code: str, value: float) -> bytes:
    try:
        return struct.pack(f">{code}", value)
    except OverflowError:  # rounded up beyond the largest there is
        return b""


def _bcd(data: bytes) -> int | None:
    """Four bits a digit; None where one is none."""
    text = data.hex()
    return int(text) if text.isdecimal() else None


_FORMS = (
    _Form("float32", 4, _float("f"), 1.0),
    _Form("uint16", 2, _whole(signed=False), 1.0),
    _Form("int16", 2, _whole(signed=True), 0.99),
    _Form("uint32", 4, _whole(signed=False), 1.0),
    _Form("int32", 4, _whole(signed=True), 0.99),
    _Form("float64", 8, _float("d"), 1.0),
    _Form("uint64", 8, _whole(signed=False), 1.0),
    _Form("int64", 8, _whole(signed=True), 0.99),
    _Form("float16", 2, _float("e"), 0.5),
    _Form("bcd16", 2, _bcd, 0.6),
    _Form("bcd32", 4, _bcd, 0.6),
)
