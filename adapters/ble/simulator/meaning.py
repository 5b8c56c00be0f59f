"""What a point's value is called by who tells it, and back. Pure."""

from __future__ import annotations

from adapters.ble.config import BlePoint
from adapters.ble.decoders.named import point_reader
from gateway.model import Value
from gateway.template.number import number_of
from gateway.values import Quantity, Spoiled, Unwritable, decode_one, encode

TRUE = frozenset({"1", "true", "on"})
"""How a template, or a person, says that something is so."""
KEPT = {"float": "float64", "int": "int64"}
"""Numbers before their scale."""


def told_of(point: BlePoint, value: Value) -> Value:
    """What must be told for a point to be worth this; raises Unwritable."""
    if point.enum:
        return _code_of(point, value)
    if point.type == "string":
        return _of(str, value, "text")
    if point.type == "bool":
        return _of(bool, value, "true or false")
    return decode_one(Quantity(KEPT[point.type]), encode(point.quantity, value))


def worth(point: BlePoint, told: Value) -> Value | None:
    """What a gateway makes of this for a point; None: no good value."""
    try:
        return point_reader(point)(told)
    except Spoiled:
        return None


def _of(kind: type, value: Value, wanted: str) -> Value:
    if not isinstance(value, kind):
        raise Unwritable("malformed", f"{value!r} is not {wanted}")
    return value


def _code_of(point: BlePoint, value: Value) -> Value:
    labels = point.enum or {}
    for code, label in labels.items():
        if label == value and type(label) is type(value):
            return code
    raise Unwritable("out-of-range", f"{value!r} is none of: {', '.join(map(str, labels.values()))}")


def as_kind(point: BlePoint, value: Value) -> Value:
    """What somebody has said in characters or in bytes, as the point's values are; a label's code stands for it."""
    for said, label in (point.enum or {}).items():
        if str(said) == str(value) or label == value:
            return label
    if point.kind == "bool":
        return str(value).strip().lower() in TRUE
    if point.kind == "text":
        return str(value)
    return number_of(value) if isinstance(value, str) else value
