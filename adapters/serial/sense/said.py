"""What is said to devices, and can't be said so: told at `check`, before it is tried. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from adapters.serial.config import Iec62056Frames, NamedBaudrate, SerialCommand, SerialDevice, SerialLink, TalkStep
from adapters.serial.config.message import MessageParts
from adapters.serial.config.talk import Said
from adapters.serial.patterns import compiled
from adapters.serial.sense.complaint import Complaint, within
from adapters.serial.talk.expected import filled, names_in
from adapters.serial.talk.script import CODE
from gateway.ports.place import kind_of
from gateway.template.places import CHECKSUM, Place
from gateway.template.send import HexSend, parts_of

ADDRESS, VALUE = "address", "value"
RESERVED = frozenset({ADDRESS, VALUE, CHECKSUM})
"""Names that mean something already."""


class Where(NamedTuple):
    """Where something is said: the link, and what leads to it."""

    link: SerialLink
    device: str | None
    path: tuple[str, ...]

    def at(self, *path: str) -> Where:
        """Further down."""
        return self._replace(path=self.path + path)

    def fault(self, text: str) -> Complaint:
        """Something is wrong here."""
        return Complaint(text, self.path, self.device)


def of_said(link: SerialLink, devices: Mapping[str, SerialDevice]) -> Iterator[Complaint]:
    """Of everything that is said on a link."""
    yield from _steps(link.on_connect, Where(link, None, ("on_connect",)), set())
    for name, device in devices.items():
        known = set() if device.address is None else {ADDRESS}
        for message, parts in device.parts():
            yield from _message(parts, Where(link, name, within(message)), known)
        for command, said in (device.commands or {}).items():
            if isinstance(said, SerialCommand):
                yield from _command(said, Where(link, name, ("commands", command)), known)
        for point, config in device.points.items():
            if config.write is not None:
                yield from _write(config.write, Where(link, name, ("points", point, "write")), known)


def _message(parts: MessageParts, place: Where, known: set[str]) -> Iterator[Complaint]:
    if parts.poll is not None:
        yield from _said(parts.poll, place.at("poll"), known)
    if parts.ack is not None:
        groups = _groups(parts.match) if isinstance(parts.match, str) else set()
        yield from _send(parts.ack, place.at("ack"), known | groups)


def _command(command: SerialCommand, place: Where, known: set[str]) -> Iterator[Complaint]:
    for name in command.args:
        if name in RESERVED:
            yield place.at("args", name).fault(f"{{{name}}} means something else already: call the argument otherwise")
        elif name not in _used(command):
            yield place.at("args", name).fault(f"it is never sent: put {{{name}}} where it belongs, or leave it out")
    yield from _said(command, place, known | set(command.args))


def _write(write: Said, place: Where, known: set[str]) -> Iterator[Complaint]:
    if VALUE not in _used(write):
        yield place.fault("whatever is written, the same is sent: put {value} where it belongs, as in {value:05.1f}")
    yield from _said(write, place, known | {VALUE})


def _said(said: Said, place: Where, known: set[str]) -> Iterator[Complaint]:
    so_far = set(known)
    if said.send is not None:
        yield from _send(said.send, place.at("send"), so_far)
    yield from _steps(said.sequence or (), place.at("sequence"), so_far)
    for step in said.sequence or ():
        so_far |= _groups(step.expect)
    for key in ("expect", "error"):
        yield from _expected(getattr(said, key), place.at(key), so_far)
    if said.errors and CODE not in _groups(said.error):
        hint = "error needs a group of that name, as in error: '^E(?P<code>\\d+)'"
        yield place.at("errors").fault(f"nothing says which of these it is: {hint}")


def _steps(steps: Iterable[TalkStep], place: Where, known: set[str]) -> Iterator[Complaint]:
    so_far = set(known)
    for number, step in enumerate(steps):
        here = place.at(str(number))
        if step.send is not None:
            yield from _send(step.send, here.at("send"), so_far)
        yield from _expected(step.expect, here.at("expect"), so_far)
        if step.baudrate is not None:
            yield from _speed(step.baudrate, here.at("baudrate"), so_far)
        so_far |= _groups(step.expect)


def _send(send: str | HexSend, place: Where, known: set[str]) -> Iterator[Complaint]:
    names = {part.name for part in parts_of(send) if isinstance(part, Place)}
    if CHECKSUM in names and place.link.checksum is None:
        built_in = isinstance(place.link.framing, Iec62056Frames)
        hint = "iec62056-21 has none for what is sent" if built_in else "give it one, as in checksum: {type: xor8}"
        yield place.fault(f"{{checksum}} is the link's, which has none: {hint}")
    yield from _unknown(names - {CHECKSUM}, place, known)


def _expected(pattern: str | None, place: Where, known: set[str]) -> Iterator[Complaint]:
    if pattern is None:
        return
    yield from _unknown(names_in(pattern), place, known)
    try:
        compiled(_closed(pattern), place.link.encoding)
    except ValueError as error:
        yield place.fault(str(error))


def _unknown(names: Iterable[str], place: Where, known: set[str]) -> Iterator[Complaint]:
    for name in sorted(set(names) - known):
        if name == ADDRESS:
            yield place.fault("{address} is the device's, which has none: give it one")
            continue
        there = f"there is {', '.join(sorted(known))}" if known else "nothing is known here"
        hint = "an argument in `args`, or a group of an `expect` before, can be sent; a brace itself is written twice"
        yield place.fault(f"nothing fills {{{name}}}: {there} - {hint}")


def _speed(speed: int | NamedBaudrate, place: Where, known: set[str]) -> Iterator[Complaint]:
    if kind_of(place.link.port) == "tcp":
        yield place.fault("through tcp:// the far end sets the speed: use rfc2217://, or leave it out")
    if isinstance(speed, NamedBaudrate) and speed.from_ not in known:
        yield place.fault(f"no `expect` before it has a group {speed.from_!r}, as in (?P<{speed.from_}>\\d)")


def _used(said: Said) -> set[str]:
    """All names in what is sent and expected."""
    steps = [(said.send, said.expect), (None, said.error)]
    steps += [(step.send, step.expect) for step in said.sequence or ()]
    sent = {part.name for send, _ in steps if send is not None for part in parts_of(send) if isinstance(part, Place)}
    return sent.union(*(names_in(expect) for _, expect in steps if expect is not None))


def _groups(pattern: str | None) -> set[str]:
    return set() if pattern is None else set(compiled(_closed(pattern), "utf-8").names)


def _closed(pattern: str) -> str:
    """With something in place of names."""
    return filled(pattern, dict.fromkeys(names_in(pattern), "x"))
