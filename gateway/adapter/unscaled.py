"""What stands for a value that is to be written, before it is put into its place. Pure."""

from __future__ import annotations

from fractions import Fraction

from gateway.adapter.placed import PlacedPoint
from gateway.model import Value
from gateway.values import Unwritable
from gateway.values.quantity import exact


def wanted(point: PlacedPoint, value: Value) -> Fraction | bool | str:
    """A text, a truth, or the exact number without the point's scale; raises Unwritable.

    Of a point with an enum it is the code of the label: a text, or a whole number.
    """
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
    return (exact(value) - exact(point.offset)) / exact(point.scale)


def _code_of(point: PlacedPoint, value: Value) -> Fraction | str:
    labels = point.enum or {}
    for code, label in labels.items():
        if label == value and type(label) is type(value):
            return code if isinstance(code, str) else Fraction(code)
    known = ", ".join(str(label) for label in labels.values())
    raise Unwritable("out-of-range", f"{value!r} is none of: {known}")
