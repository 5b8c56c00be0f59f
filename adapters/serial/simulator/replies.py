"""What a device answers: its messages, or the shortest text that is expected. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from adapters.serial.config import SerialLink
from adapters.serial.patterns import compiled, sample
from adapters.serial.simulator.forge.addressing import Addressing
from adapters.serial.simulator.forge.packing import Packing
from adapters.serial.simulator.forge.texts import octets
from adapters.serial.simulator.script import Cue
from adapters.serial.simulator.unit import Unit
from adapters.serial.talk.expected import filled
from gateway.model import Value


class Replies:
    """Of all devices on a link."""

    def __init__(self, link: SerialLink, packing: Packing) -> None:
        self._link = link
        self._packing = packing

    def refusal(self, unit: Unit, cue: Cue) -> bytes | None:
        """The error that it names now, where it could; None if it does not refuse."""
        code, error = unit.fault.refusal, cue.script.error
        if code is None or error is None or not (cue.is_last or [*cue.expects()]):
            return None
        return self._text(unit, error, {"code": code} if code else {}, {})

    def answers(self, unit: Unit, cue: Cue, captured: Mapping[str, Value]) -> Iterator[bytes]:
        """What is expected at this step; behind the last thing that is said in a poll comes its message."""
        expected = [*cue.expects()]
        is_poll = cue.script.kind == "poll" and cue.is_last
        wires = [*unit.messages(cue.script.name)] if is_poll else []
        if wires and expected and self._is_expected(unit, cue, filled(expected[-1], captured)):
            expected.pop()
        for pattern in expected:
            wire = self._text(unit, pattern, cue.speeds(), captured)
            if wire is not None:
                yield wire
        yield from wires

    def _is_expected(self, unit: Unit, cue: Cue, pattern: str) -> bool:
        """Whether its messages are such an answer themselves."""
        search = compiled(pattern, self._link.encoding).search
        return any(search(draft.frame.body) is not None for draft in unit.drafts(cue.script.name))

    def _text(self, unit: Unit, pattern: str, groups: Mapping[str, str], captured: Mapping[str, Value]) -> bytes | None:
        """A frame that such a pattern is found in; None where none can be made up: then it says nothing."""
        known = {"address": unit.device.address} if unit.device.address is not None else {}
        wanted = filled(pattern, {**known, **captured})
        looks = compiled(wanted, self._link.encoding)
        text = sample(wanted, {name: each for name, each in groups.items() if name in looks.names}, self._link.encoding)
        if text is None:
            return None
        addressing = Addressing(self._link.address, unit.device.address, self._link.encoding)
        for data in self._frames(addressing.name(octets(text, self._link.encoding))):
            for made in (addressing.put(data), data):
                wire = self._packing.wire(self._packing.sealed(made))
                frame = self._packing.hear(wire)
                if frame is not None and looks.search(frame.body) is not None:
                    return wire
        return None

    def _frames(self, text: bytes) -> Iterator[bytes]:
        """What begins with this within its marks, or with its marks."""
        yield self._packing.data_of(text)
        yield self._packing.around(text, 0)
        yield self._packing.filled(text)
