"""What is written for a point: from its value to what the device wants, and back. Pure."""

from __future__ import annotations

from fractions import Fraction

from adapters.serial.config import SerialPoint
from gateway.adapter import wanted
from gateway.model import Value
from gateway.template.places import Format, Scalar
from gateway.values import SCALARS
from gateway.values.quantity import exact


def raw_of(point: SerialPoint, value: Value) -> Value:
    """What stands for a value on the wire, before it is put into its place; raises Unwritable."""
    raw = wanted(point, value)
    if not isinstance(raw, Fraction):
        return raw
    return _number(raw) if _is_float(point) and not point.enum else round(raw)


def value_of(point: SerialPoint, raw: Value, value: Value) -> Value:
    """What a number that was sent means; `value` where it was none."""
    if point.enum or isinstance(raw, bool | str):
        return value
    number = exact(raw) * exact(point.scale) + exact(point.offset)
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


def _is_float(point: SerialPoint) -> bool:
    return point.type == "float" or (point.type in SCALARS and SCALARS[point.type].is_float)


def _number(number: Fraction) -> float:
    return int(number) if number.denominator == 1 else float(f"{float(number):.15g}")
