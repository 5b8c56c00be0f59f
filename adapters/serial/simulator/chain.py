"""Devices on one line, and what they make of what is said to them. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from adapters.serial.config import SerialDevice, SerialLink
from adapters.serial.framing.make import seal_for_sending
from adapters.serial.simulator.ear import Ear, FrameEar, Heard, Known, StreamEar
from adapters.serial.simulator.faults import Said
from adapters.serial.simulator.forge.making import drafts_of
from adapters.serial.simulator.forge.packing import Packing
from adapters.serial.simulator.obeying import obey
from adapters.serial.simulator.replies import Replies
from adapters.serial.simulator.script import Cue, Script, cues_of, scripts_of
from adapters.serial.simulator.unit import Unit
from gateway.model import Value

CHANGE_S = 0.02
"""What a device takes to change its speed: the least before an answer that IEC 62056-21 lets meters take (20 ms)."""


class Reaction(NamedTuple):
    """What goes on the wire; or the connection ends."""

    said: tuple[Said, ...] = ()
    hangs_up: bool = False


class Chain:
    """Raises Rejected where a device's frames can't be made up."""

    def __init__(self, link: SerialLink, devices: Mapping[str, SerialDevice]) -> None:
        self._packing = packing = Packing(link)
        self.has_checksums = packing.has_checksums
        self.units = {name: Unit(name, each, drafts_of(name, each, link, packing)) for name, each in devices.items()}
        self._replies = Replies(link, packing)
        self._known = [*_known(link, devices)]

        self.speaks = any(parts.poll is None for each in devices.values() for _, parts in each.parts())
        self._refusing = {known.meaning.script.device for known in self._known if known.meaning.script.error}

    def refuses(self, device: str) -> bool:
        """Whether anything that is said to it has an error that it could answer."""
        return device in self._refusing

    def ear(self) -> Ear[Cue]:
        """For one connection: what it hears, `react` is told."""
        if self._packing.packs:
            return FrameEar(self._known, self._packing.framer(), self._packing.unpacked)
        return StreamEar(self._known)

    def react(self, heard: Heard[Cue]) -> Reaction:
        """Whoever is meant does it, and answers as its fault lets it."""
        said: list[Said] = []
        hangs_up = False
        for name, unit in self.units.items():
            meant = {cue: captured for cue, captured in heard.meanings if cue.script.device == name}
            if not meant or unit.fault.deaf:
                continue
            hangs_up = hangs_up or unit.fault.hangs_up
            fitting = _fitting(unit, meant)
            pause_s = CHANGE_S if any(cue.changes_speed for cue in fitting) else 0.0
            for wire in dict.fromkeys(self._answers(unit, fitting)):
                said += [each._replace(after_s=each.after_s + pause_s) for each in unit.say(wire)]
        return Reaction(tuple(said), hangs_up)

    def unasked(self) -> Iterator[Said]:
        """What devices say by themselves, each of it once."""
        for unit in self.units.values():
            yield from unit.unasked()

    def _answers(self, unit: Unit, meant: Mapping[Cue, Mapping[str, Value]]) -> Iterator[bytes]:
        for cue, captured in meant.items():
            if (refused := self._replies.refusal(unit, cue)) is not None:
                yield refused
                continue
            obey(unit, cue, captured)
            yield from self._replies.answers(unit, cue, captured)


def _fitting(unit: Unit, meant: Mapping[Cue, Mapping[str, Value]]) -> Mapping[Cue, Mapping[str, Value]]:
    """What goes on with what was said before, or begins anew; where nothing does, all of it."""
    follows = {cue: each for cue, each in meant.items() if cue in unit.positions or _is_first(cue)}
    chosen = follows or meant
    unit.positions = frozenset(after for cue in chosen if (after := _after(cue)) is not None)
    return chosen


def _is_first(cue: Cue) -> bool:
    return all(step.send is None for step in cue.script.steps[: cue.at])


def _after(cue: Cue) -> Cue | None:
    steps = cue.script.steps
    return next((Cue(cue.script, at) for at in range(cue.at + 1, len(steps)) if steps[at].send is not None), None)


def _known(link: SerialLink, devices: Mapping[str, SerialDevice]) -> Iterator[Known[Cue]]:
    """Everything that may be said on the line; what is said once it is open, the first device hears."""
    seal = seal_for_sending(link.framing, link.checksum)
    for name, device in devices.items():
        scripts = [*scripts_of(name, device)]
        if link.on_connect and name == next(iter(devices)):
            scripts.append(Script(name, "connect", "", tuple(link.on_connect)))
        for script in scripts:
            yield from cues_of(script, device.address, seal)
