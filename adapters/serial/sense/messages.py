"""Devices whose messages contradict themselves. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from adapters.serial.config import Pairs, SerialDevice, SerialLink
from adapters.serial.config.message import MessageParts
from adapters.serial.decode.make import decode_of
from adapters.serial.patterns import compiled
from adapters.serial.sense.complaint import Complaint, near, within
from adapters.serial.sense.links import beyond
from adapters.serial.sense.naming import of_points

_OF_ONE = ("match", "decode", "poll", "ack", "stale_after", "example")
"""What a device with a single message says of it."""


def of_device(name: str, device: SerialDevice, link: SerialLink) -> Iterator[Complaint]:
    """What is wrong with it, whatever other devices there are."""
    for path, text in _said(device, link):
        yield Complaint(text, path, name)


def _said(device: SerialDevice, link: SerialLink) -> Iterator[tuple[tuple[str, ...], str]]:
    yield from _of_sorting(device)
    for message, parts in device.parts():
        points = device.points_of(message)
        wrong = _of_match(parts, link)
        if wrong is not None:
            yield within(message, "match"), wrong
            continue
        decode = decode_of(parts, points)
        if isinstance(decode, Pairs) and decode.separator == decode.equals:
            yield within(message, "decode"), "what stands between pairs can't also stand between a key and its value"
        yield from of_points(parts, points, link)


def _of_sorting(device: SerialDevice) -> Iterator[tuple[tuple[str, ...], str]]:
    """Which points are in which message."""
    if device.messages:
        for key in _OF_ONE:
            if key in device.model_fields_set:
                yield (key,), f"it has several messages: each says its own {key}"
    for name, point in device.points.items():
        if point.message is not None and point.message not in device.messages:
            hint = near(point.message, device.messages) if device.messages else "it has only one: leave message out"
            yield ("points", name, "message"), f"the device has no message {point.message}: {hint}"
        elif point.message is None and device.messages:
            yield ("points", name), f"say in which message it is: {', '.join(device.messages)}"
        if point.every is not None:
            yield ("points", name, "every"), "points come with their message: say every there"


def _of_match(parts: MessageParts, link: SerialLink) -> str | None:
    if isinstance(parts.match, str):
        try:
            compiled(parts.match, link.encoding)
        except ValueError as error:
            return str(error)
    for mark in parts.match if isinstance(parts.match, list) else ():
        if room := beyond(link, mark.at, len(mark.is_)):
            return f"what it is known by at {mark.at} {room}"
    return None
