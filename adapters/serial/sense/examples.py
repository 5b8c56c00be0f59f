"""Examples that are no frames of their message. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from adapters.serial.config import Line, SerialDevice, SerialLink
from adapters.serial.config.message import MessageParts
from adapters.serial.decode.router import Router
from adapters.serial.decode.shape import Shape
from adapters.serial.framing.frame import Frame
from adapters.serial.framing.make import framer_of
from adapters.serial.patterns.reach import reach
from adapters.serial.sense.complaint import Complaint, called, within
from gateway.model import BadReason
from gateway.values import Reading

Match = str | Sequence[object] | None
LINE_END = b"\r\n"
"""Ends a line where any terminator does."""


def of_examples(link: SerialLink, devices: Mapping[str, SerialDevice]) -> Iterator[Complaint]:
    """Of a configuration that has no other fault."""
    router = Router(link, devices)
    for name, device in devices.items():
        for message, parts in device.parts():
            if parts.example is not None:
                shapes = [shape for shape in router.shapes[name] if shape.message == message]
                text = _wrong(parts.example, shapes, parts.match, link) or _taken(parts, shapes, router, link)
                if text is not None:
                    yield Complaint(text, within(message, "example"), name)


def frames_of(example: bytes, link: SerialLink) -> list[Frame]:
    """What may be meant by it: all of what goes on the wire, or without what ends a line, or only what is decoded."""
    found: list[Frame] = []
    ends = (b"", (link.framing.terminator or (LINE_END,))[0]) if isinstance(link.framing, Line) else (b"",)
    for end in ends:
        framer = framer_of(link.framing, link.checksum)
        found += framer.feed(example + end)
        if framer.gap_s is not None:
            found += framer.silence()
    return [*found, Frame(example, example)]


def _read(example: bytes, shapes: list[Shape], link: SerialLink) -> tuple[Frame, Shape, Reading] | None:
    for frame in frames_of(example, link):
        for shape in shapes:
            reading = shape.read(frame)
            if reading is not None:
                return frame, shape, reading
    return None


def _wrong(example: bytes, shapes: list[Shape], match: Match, link: SerialLink) -> str | None:
    """Why it is none of its own message."""
    found = _read(example, shapes, link)
    if found is None:
        return _misfit(example, match, link)
    _, _, reading = found
    for point, bad in reading.bad.items():
        if bad.reason is BadReason.DECODE_ERROR:
            return f"the point {point} can't be decoded from it: correct its type or place, or the example"
    return None


def _misfit(example: bytes, match: Match, link: SerialLink) -> str:
    """How much of it does fit, where that can be told."""
    if isinstance(match, str):
        texts = [frame.body.decode(link.encoding, "replace") for frame in frames_of(example, link)]
        reached = [(reach(match, text, link.encoding), text) for text in texts]
        fits = max(((at, text) for at, text in reached if at is not None), key=lambda each: each[0], default=None)
        if fits is not None:
            at, text = fits
            then = f"then comes {text[at]!r}" if at < len(text) else "then something is missing"
            return f"it fits its own match only up to {text[:at]!r}, {then}: correct one of them"
    return "it does not fit its own match or decode: correct one of them"


def _taken(parts: MessageParts, shapes: list[Shape], router: Router, link: SerialLink) -> str | None:
    """Who else would have it, if it came unasked."""
    found = _read(parts.example or b"", shapes, link)
    if found is None or parts.poll is not None:
        return None
    heard = router.route(found[0])
    if heard is None or heard.shape in shapes:
        return None
    return f"{called(heard.shape.device, heard.shape.message)} would take it: let the match of one of them say more"
