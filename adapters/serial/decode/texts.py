"""From characters to values. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar, cast

from adapters.serial.config import SerialPoint
from adapters.serial.patterns import Encoding
from gateway.model import Bad, BadReason, Value
from gateway.values import Decode, Read, Spoiled, decoder

NumberT = TypeVar("NumberT", int, float)

Text = bytes | None
"""What a frame has for a point; None: nothing."""

LOWEST_INT, HIGHEST_INT = -(2**63), 2**64 - 1
"""Whole numbers beyond them are no 64-bit integers, which JSON's readers at the far end may count on."""
MAX_SHOWN = 64
"""Characters of an unknown text that are shown as the value that it is not."""

_BLANKS = b" \t"
_SIGNS = (b"+", b"-")
_DIGITS = {2: b"01", 8: b"01234567", 10: b"0123456789", 16: b"0123456789ABCDEFabcdef"}
_BOOLS: Mapping[bytes, bool] = {
    **dict.fromkeys((b"1", b"true", b"on", b"yes"), True),
    **dict.fromkeys((b"0", b"false", b"off", b"no"), False),
}


def text_reader(point: SerialPoint, encoding: Encoding) -> Read:
    """How the characters of a point are read, blanks around them left out; None is a decode error."""
    return _there(_stripping(_guarded(point, encoding)) if point.type == "string" else _guarded(point, encoding))


def exact_reader(point: SerialPoint, encoding: Encoding) -> Read:
    """The same, but a string has all its blanks, and None, which may be there, is no value."""
    return _there(_guarded(point, encoding), BadReason.INVALID)


def _there(read: Read, absent: BadReason = BadReason.DECODE_ERROR) -> Read:

    def there(text: Text) -> Value:
        if text is None:
            raise Spoiled(Bad(absent))
        return read(text)

    return there


def number_reader(point: SerialPoint) -> Callable[[float], Value] | None:
    """How a number is read that a decoder has made of several texts; None where it is the value."""
    return decoder(point.quantity)


def undecodable() -> Spoiled:
    """It is not what it should be."""
    return Spoiled(Bad(BadReason.DECODE_ERROR))


def _stripping(read: Read) -> Read:
    return lambda text: read(text.strip(_BLANKS))


def _guarded(point: SerialPoint, encoding: Encoding) -> Read:
    """Where a text means that there is no value, it is looked for first."""
    read = _known(point, encoding) if point.enum else _plain(point, encoding)
    texts = frozenset(each.encode(encoding).strip(_BLANKS) for each in point.invalid if isinstance(each, str))
    if not texts:
        return read

    def guarded(text: bytes) -> Value:
        if text.strip(_BLANKS) in texts:
            raise Spoiled(Bad(BadReason.INVALID))
        return read(text)

    return guarded


def _plain(point: SerialPoint, encoding: Encoding) -> Read:
    if point.type == "string":
        return _string(encoding)
    if point.type == "bool" and point.bits is None:
        return _bool
    parse: Decode = _float(point.decimal) if point.type == "float" else _int(point.base)
    numbers = frozenset(each for each in point.invalid if not isinstance(each, str))
    if numbers:
        parse = _all_but(parse, numbers)
    meaning = decoder(point.quantity)
    if meaning is None:
        return parse
    return lambda text: meaning(parse(text))


def _known(point: SerialPoint, encoding: Encoding) -> Read:
    """Labels by text, else by number."""
    labels = point.enum or {}
    texts = {key.encode(encoding).strip(_BLANKS): label for key, label in labels.items() if isinstance(key, str)}
    numbers = {key: label for key, label in labels.items() if isinstance(key, int)}
    by_number = _by_number(point, numbers) if numbers else None

    def known(text: bytes) -> Value:
        stripped = text.strip(_BLANKS)
        label = texts.get(stripped)
        if label is not None:
            return label
        if by_number is not None:
            return by_number(text)
        raise Spoiled(Bad(BadReason.INVALID, value=_shown(stripped, encoding)))

    return known


def _by_number(point: SerialPoint, labels: Mapping[int, Value]) -> Read:
    parse = _int(point.base)
    low, high = point.bits or (0, 0)
    mask = 2 ** (high - low + 1) - 1 if point.bits else -1
    invalid = frozenset(point.invalid)

    def by_number(text: bytes) -> Value:
        number = cast("int", parse(text))
        if number in invalid:
            raise Spoiled(Bad(BadReason.INVALID))
        label = labels.get(number >> low & mask)
        if label is None:
            raise Spoiled(Bad(BadReason.INVALID, value=number >> low & mask))
        return label

    return by_number


def _shown(text: bytes, encoding: Encoding) -> str | None:
    """None where there is nothing to show, or too much."""
    return text.decode(encoding, "backslashreplace") if 0 < len(text) <= MAX_SHOWN else None


def _all_but(parse: Decode, invalid: frozenset[float]) -> Decode:
    def but(text: bytes) -> Value:
        number = parse(text)
        if number in invalid:
            raise Spoiled(Bad(BadReason.INVALID))
        return number

    return but


def _string(encoding: Encoding) -> Read:
    def string(text: bytes) -> Value:
        try:
            return text.decode(encoding)
        except UnicodeError:
            raise undecodable() from None

    return string


def _bool(text: bytes) -> Value:
    value = _BOOLS.get(text.strip(_BLANKS).lower())
    if value is None:
        raise _unreadable(text)
    return value


def _float(decimal: str) -> Decode:
    """Python's own syntax is wider (1_000, nan), so that each character is looked at first."""
    point = decimal.encode()
    allowed = b"0123456789+-eE \t" + point
    replace = point != b"."

    def parse(text: bytes) -> float:
        if text.translate(None, allowed):
            raise undecodable()
        if replace:
            text = text.replace(point, b".")
        try:
            return float(text)
        except ValueError:
            return _with_blanks(text, float)

    return parse


def _int(base: int) -> Decode:
    allowed = _DIGITS[base] + b"+-" + _BLANKS

    def whole(text: bytes) -> int:
        return int(text, base)

    def parse(text: bytes) -> int:
        if text.translate(None, allowed):
            raise undecodable()
        try:
            number = int(text, base)
        except ValueError:
            number = _with_blanks(text, whole)
        if not LOWEST_INT <= number <= HIGHEST_INT:
            raise undecodable()
        return number

    return parse


def _with_blanks(text: bytes, parse: Callable[[bytes], NumberT]) -> NumberT:
    """What has blanks between its sign and its digits, as scales print it; raises Spoiled if it is no such number."""
    stripped = text.strip(_BLANKS)
    if stripped[:1] not in _SIGNS:
        raise _unreadable(text)
    try:
        return parse(stripped[:1] + stripped[1:].lstrip(_BLANKS))
    except ValueError:
        raise _unreadable(text) from None


def _unreadable(text: bytes) -> Spoiled:
    """Nothing but blanks is no value; all else is one that can't be read."""
    return undecodable() if text.strip(_BLANKS) else Spoiled(Bad(BadReason.INVALID))
