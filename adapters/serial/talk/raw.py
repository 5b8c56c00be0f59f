"""What is written for a point: from its value to what the device wants, and back. Pure."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from adapters.serial.config import SerialPoint
from gateway.model import Value
from gateway.template.places import Format, Scalar
from gateway.values import SCALARS, Unwritable


def raw_of(point: SerialPoint, value: Value) -> Value:
    """What stands for a value on the wire, before it is put into its place; raises Unwritable."""
    if point.enum:
        return _code_of(point, value)
    if point.type == "bool":
        if not isinstance(value, bool):
            raise Unwritable("malformed", f"{value!r} is neither true nor false")
        return value
    if point.kind == "text":
        if not isinstance(value, str):
            raise Unwritable("malformed", f"{value!r} is not text: put it in quotes")
        return value
    if isinstance(value, bool | str):
        raise Unwritable("malformed", f"{value!r} is not a number")
    low, high = point.range or (value, value)
    if not low <= value <= high:
        raise Unwritable("out-of-range", f"{value:g} is outside {low:g} to {high:g}")
    number = (_exact(value) - _exact(point.offset)) / _exact(point.scale)
    return _number(number) if _is_float(point) else round(number)


def value_of(point: SerialPoint, raw: Value, value: Value) -> Value:
    """What a number that was sent means; `value` where it was none."""
    if point.enum or isinstance(raw, bool | str):
        return value
    number = _exact(raw) * _exact(point.scale) + _exact(point.offset)
    return round(number) if point.kind == "int" else float(_number(number))


def step_of(point: SerialPoint, how: Format | Scalar | None) -> float:
    """The distance between neighbouring values, as they are sent; 0 where there is none."""
    if point.enum or point.kind not in {"int", "float"}:
        return 0.0
    if isinstance(how, Format):
        places = 0 if how.letter != "f" else 6 if how.places is None else how.places
        return abs(point.scale) * 10.0**-places
    if isinstance(how, Scalar) and not SCALARS[how.type].is_float:
        return abs(point.scale)
    return 0.0 if _is_float(point) else abs(point.scale)


def _code_of(point: SerialPoint, value: Value) -> Value:
    for code, label in (point.enum or {}).items():
        if label == value and type(label) is type(value):
            return code
    known = ", ".join(str(label) for label in (point.enum or {}).values())
    raise Unwritable("out-of-range", f"{value!r} is none of: {known}")


def _is_float(point: SerialPoint) -> bool:
    return point.type == "float" or (point.type in SCALARS and SCALARS[point.type].is_float)


def _exact(number: float) -> Fraction:
    """The decimal that people see."""
    return Fraction(Decimal(repr(number)))


def _number(number: Fraction) -> float:
    return int(number) if number.denominator == 1 else float(f"{float(number):.15g}")
