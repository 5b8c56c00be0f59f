"""Devices and links from what an installer would write."""

from __future__ import annotations

from typing import Any

from adapters.serial.config import SerialDevice, SerialLink
from adapters.serial.decode import Reading, Router, Shape, shapes_of
from adapters.serial.framing.frame import Frame
from gateway.model import Bad, BadReason

INVALID, DECODE_ERROR, OUT_OF_RANGE = (
    Bad(reason) for reason in (BadReason.INVALID, BadReason.DECODE_ERROR, BadReason.OUT_OF_RANGE)
)


def link_of(**keys: Any) -> SerialLink:
    return SerialLink.model_validate({"adapter": "serial", "port": "/dev/ttyS1", **keys})


def device_of(points: dict[str, Any], **keys: Any) -> SerialDevice:
    return SerialDevice.model_validate({"link": "bus", "points": points, **keys})


def frame_of(text: str | bytes) -> Frame:
    data = text if isinstance(text, bytes) else text.encode("latin-1")
    return Frame(data, data)


def shape_of(points: dict[str, Any], link: dict[str, Any] | None = None, **keys: Any) -> Shape:
    (shape,) = shapes_of("dev", device_of(points, **keys), link_of(**link or {}))
    return shape


def read_by(shape: Shape, text: str | bytes) -> Reading | None:
    return shape.read(frame_of(text))


def values_of(shape: Shape, text: str | bytes) -> dict[str, Any]:
    """Each point's value, or what is bad about it."""
    reading = read_by(shape, text)
    assert reading is not None
    assert {name for name, value in zip(shape.group.points, reading.values, strict=True) if value is None} == set(
        reading.bad
    )
    return {**dict(zip(shape.group.points, reading.values, strict=True)), **reading.bad}


def router_of(devices: dict[str, SerialDevice], **link: Any) -> Router:
    return Router(link_of(**link), devices)
