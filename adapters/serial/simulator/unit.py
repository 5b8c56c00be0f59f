"""One device on a line: what it is worth, what it says, and what is wrong with it. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import NamedTuple

from adapters.serial.config import SerialDevice, SerialPoint
from adapters.serial.simulator.faults import WELL, Fault, Said
from adapters.serial.simulator.forge.draft import Draft
from adapters.serial.simulator.script import Cue
from gateway.adapter import WriteRules, lively
from gateway.model import Value
from gateway.values import Unwritable

STIFF_S = 10.0
"""So long what could not move is not tried again: that takes long, and what keeps it may be over then."""
REST: tuple[Value, ...] = (0, False, "", 1)
"""What points are worth at first, the first that they can be."""


class Pending(NamedTuple):
    """What was said of a message and not acknowledged yet, and the named groups in it."""

    wires: tuple[bytes, ...]
    groups: Mapping[str, str]

    def is_meant(self, captured: Mapping[str, Value]) -> bool:
        """Whether an acknowledgement with this in it is of it."""
        return all(_same(self.groups.get(name, ""), value) for name, value in captured.items() if name != "address")


class Unit:
    """`pending`: messages that wait to be acknowledged; `positions`: what may be said to it next."""

    def __init__(self, name: str, device: SerialDevice, drafts: Mapping[str, list[Draft]]) -> None:
        self.name = name
        self.device = device
        self.fault: Fault = WELL
        self.pending: dict[str, Pending] = {}
        self.positions: frozenset[Cue] = frozenset()
        self._drafts = drafts
        self._of_point = {
            point: draft for each in drafts.values() for draft in each for point in draft.shape.group.points
        }
        self._said = 0
        self._stiff: dict[str, float] = {}
        self.rest()

    def get(self, point: str) -> Value | None:
        """What a gateway would read."""
        return self._of_point[point].get(point)

    def put(self, point: str, value: Value) -> None:
        """Let a point be worth this; raises Unwritable if it can't hold that."""
        self._of_point[point].put(point, value)

    def rest(self) -> None:
        """Let all begin at zero that no example tells, as far as can be; with a label, if it has none yet."""
        for point, draft in self._of_point.items():
            labels = (self.device.points[point].enum or {}).values()
            if draft.is_made_up and not (labels and draft.get(point) is not None):
                self._first(point, (*labels, *REST))

    def steady(self) -> frozenset[str]:
        """What stays as its interlocks want it, with all that is made from the same: else commands would be refused."""
        points = self.device.points
        wanted = interlocked(self.device)
        for point, value in wanted.items():
            with suppress(Unwritable):
                self.put(point, value)
        places = {_place(point, points[point]) for point in wanted}
        return frozenset(name for name, point in points.items() if _place(name, point) in places)

    def live(self, point: str, at_s: float) -> None:
        """Let it be worth what a device that lives would show at this moment."""
        values = lively(self.name, point, self.device.points[point], at_s)
        if values and self._stiff.get(point, at_s) <= at_s and not self._first(point, values):
            self._stiff[point] = at_s + STIFF_S

    def messages(self, message: str) -> Iterator[bytes]:
        """What it says now."""
        for draft in self._drafts[message]:
            spoils = self.fault.meets(self._said)
            yield draft.wire(
                wrong_checksum=spoils and self.fault.wrong_checksum, other_address=spoils and self.fault.other_address
            )

    def drafts(self, message: str) -> list[Draft]:
        """What it says now, before anything is wrong with it."""
        return self._drafts[message]

    def say(self, wire: bytes) -> tuple[Said, ...]:
        """How this goes on the wire."""
        said = self.fault.said(wire, self._said)
        self._said += 1
        return said

    def unasked(self) -> Iterator[Said]:
        """What it says by itself; what is acknowledged only in the end is said again until then."""
        for message, parts in self.device.parts():
            if parts.poll is not None or self.fault.deaf:
                continue
            said = self.pending.get(message) or self._new(message)
            if parts.ack is not None:
                self.pending[message] = said
            for wire in said.wires:
                yield from self.say(wire)

    def _new(self, message: str) -> Pending:
        groups = {
            name: text for draft in self.drafts(message) for name, text in draft.shape.groups(draft.frame).items()
        }
        return Pending(tuple(self.messages(message)), groups)

    def _first(self, point: str, values: Sequence[Value]) -> bool:
        """Whether it can be any of these, and is the first of them."""
        for value in values:
            with suppress(Unwritable):
                self.put(point, value)
                return True
        return False


def interlocked(device: SerialDevice) -> dict[str, Value]:
    """What must be so before something is done; of one that is wanted to be this and that, the last."""
    wanted: dict[str, Value] = {}
    for command in (device.commands or {}).values():
        wanted |= command.interlock
    for point in device.points.values():
        if isinstance(point.writable, WriteRules):
            wanted |= point.writable.interlock
    return wanted


def _place(name: str, point: SerialPoint) -> tuple[str | None, str | int]:
    """Where it stands."""
    return point.message, point.called(name) if point.at is None else point.at


def _same(text: str, value: Value) -> bool:
    """Whether a number or a text is what characters say."""
    if isinstance(value, str):
        return text == value
    try:
        return float(text) == value
    except ValueError:
        return False
