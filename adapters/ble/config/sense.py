"""Why a point of the configuration can't work, and what to do about it. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from adapters.ble import sig
from adapters.ble.config.names import parse_uuid
from gateway.adapter import complaints_of_bytes, complaints_of_labels, of_scale
from gateway.values import SCALARS

if TYPE_CHECKING:
    from adapters.ble.config.data import AdvertData
    from adapters.ble.config.point import BlePoint

DECODED = frozenset({"float", "int", "bool", "string"})
"""Types of what a decoder gives; all others are bytes, and bool and string may be either."""

OF_CONNECTIONS = ("service", "descriptor", "notify", "write")


def untyped(given: Mapping[str, Any]) -> str | None:
    """Why what is written of a point must say its type, where nothing else can."""
    if "type" in given or "characteristic" not in given:
        return None
    if "at" in given or "descriptor" in given:
        return "of what stands there its type must be said, as in type: uint8 or type: string"
    name = sig.by_uuid(parse_uuid(given["characteristic"], sig.CHARACTERISTIC_UUIDS))
    if name is None:
        return "no standard says what this characteristic holds: say its type, as in type: uint8 or type: bytes"
    return f"that characteristic has {', '.join(sig.CHARACTERISTICS[name].fields)}: say which in `from`"


def beyond(point: BlePoint, data: AdvertData | None) -> str | None:
    """Why it can never be read from data that are so long."""
    if point.at is None or point.attribute is not None or data is None or data.length is None:
        return None
    size = point.length or SCALARS[point.type].size
    first = point.at if point.at >= 0 else data.length + point.at
    if first >= 0 and first + size <= data.length:
        return None
    long = "1 byte" if data.length == 1 else f"{data.length} bytes"
    return f"it ends beyond its data, which have {long} by their length: the first is at: 0"


def complaints(point: BlePoint) -> Iterator[str]:
    """A sentence for each thing that makes no sense, what matters most first."""
    yield from _of_place(point)
    yield from _of_connection(point)
    if not point.is_binary:
        yield from _of_decoded(point)
    elif point.type not in {"float", "int"}:
        yield from complaints_of_bytes(point)


def _of_place(point: BlePoint) -> Iterator[str]:
    if point.is_binary and point.type in {"float", "int"}:
        yield f"{point.type} is for what is decoded: in bytes it has a size, as in float32 or int16"
    if not point.is_binary and point.type not in DECODED:
        yield f"{point.type} needs `at`, its first byte; what a decoder gives is float, int, bool or string"
    if point.at is not None and point.from_ is not None:
        yield "it stands `at` a place in bytes, or is `from` what a decoder gives, not both"
    if point.data is not None and point.characteristic is not None:
        yield "data is a part of advertisements, and a characteristic is read: leave one out"
    if point.data is not None and point.at is None:
        yield "data says where in an advertisement it is looked for: say also `at` which byte it begins"
    text = SCALARS[point.type].is_text if point.type in SCALARS else False
    if point.is_binary and text and point.length is None and point.characteristic is None:
        yield f"a point of type {point.type} needs length: the bytes it takes"


def _of_connection(point: BlePoint) -> Iterator[str]:
    if point.characteristic is None:
        for key in OF_CONNECTIONS:
            if key in point.model_fields_set:
                yield f"{key} belongs to a characteristic: name that, too, as in characteristic: battery_level"
        if point.writable is not False:
            yield "what is heard in advertisements can't be written: a writable point needs its characteristic"
    if point.notify and point.descriptor is not None:
        yield "descriptors are not notified, only read: leave notify out"
    if point.writable is False and "write" in point.model_fields_set:
        yield "write says how it is written, but nothing may: add writable: true, or limits, as in {min: 0, max: 50}"
    if point.verify and point.writable is False:
        yield "verify reads a written value back, but this point is not writable"


def _of_decoded(point: BlePoint) -> Iterator[str]:
    for key in ("length", "order", "encoding", "bits", "invalid"):
        if key in point.model_fields_set:
            yield f"{key} is for bytes, where a point stands `at` a place: leave it out"
    if point.type == "string":
        for key in ("scale", "offset", "decimals", "range"):
            if key in point.model_fields_set:
                yield f"{key} is for numbers, and this is a string: leave {key} out"
    else:
        yield from of_scale(point)
    yield from complaints_of_labels(point)
