"""From what a decoder tells to the values of points. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping
from typing import Any

from adapters.ble.config import BlePoint
from gateway.model import Bad, BadReason, Value
from gateway.values import Read, Reading, Spoiled, meaning

NONE_NOW = Bad(BadReason.INVALID)


class NamedReader:
    """Points that have their values from names: of a decoder, or of a characteristic's standard format.

    What is not told has None in `values` and is not in `bad`.
    """

    def __init__(self, points: Mapping[str, BlePoint]) -> None:
        self._points = tuple((name, point.called(name), point_reader(point)) for name, point in points.items())

    def read(self, told: Mapping[str, Value], absent: Collection[str] = ()) -> Reading:
        """Their values, in their order; `absent` are told to have none, and are bad."""
        values: list[Value | None] = []
        bad: dict[str, Bad] = {}
        for name, called, read in self._points:
            value = told.get(called)
            if value is not None:
                try:
                    value = read(value)
                except Spoiled as spoiled:
                    value, bad[name] = None, spoiled.bad
            elif called in absent:
                bad[name] = NONE_NOW
            values.append(value)
        return Reading(tuple(values), bad)


def point_reader(point: BlePoint) -> Read:
    """How a value that somebody has made becomes the point's; it raises Spoiled."""
    read = _READS[point.type]
    second = _labelled(point.enum) if point.enum else _meaning(point)
    if second is None:
        return read
    return lambda value: second(read(value))


def _meaning(point: BlePoint) -> Read | None:
    """Its scale, range and so on; None: the value is what is meant."""
    return None if point.type in {"bool", "string"} else meaning(point.quantity)


def _labelled(labels: Mapping[Any, Value]) -> Read:
    """Of numbers, of texts, and of false and true, which are 0 and 1."""

    def label(value: Value) -> Value:
        try:
            return labels[value]
        except KeyError:
            raise Spoiled(Bad(BadReason.INVALID, value=value)) from None

    return label


_NO_NUMBERS = (bool, str)


def _float(value: Value) -> Value:
    if isinstance(value, _NO_NUMBERS) or not math.isfinite(value):
        raise _mismatch()
    return float(value)


def _int(value: Value) -> Value:
    if isinstance(value, bool) or not isinstance(value, int):
        raise _mismatch()
    return value


def _bool(value: Value) -> Value:
    if not isinstance(value, bool):
        raise _mismatch()
    return value


def _string(value: Value) -> Value:
    if not isinstance(value, str):
        raise _mismatch()
    return value


_READS: Mapping[str, Callable[[Value], Value]] = {"float": _float, "int": _int, "bool": _bool, "string": _string}


def _mismatch() -> Spoiled:
    """It is not of the point's type."""
    return Spoiled(Bad(BadReason.DECODE_ERROR))
