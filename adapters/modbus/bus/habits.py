"""When people are told that answers come twice, late, damaged or misnumbered, and that this is over. Pure."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from typing import Any

from adapters.modbus.wire.exchange import Odd
from gateway.model import Notice
from gateway.units import format_duration

ODD_SHARE = 0.02
"""Of a device's answers: fewer are a motor that starts; more have a cause that can be mended."""
ODD_MIN = 3
"""So many at least: one of the first ten is no share."""
HALVED_AFTER_S = 1800.0
"""What has been counted so long ago counts half: a good year hides no bad hour."""
WELL_S = 3600.0
"""Without another one, and only then a trouble is over: so nobody is told twice of one within an hour."""
TOLD = "odd"


class Habits:
    """Of one device; what was told is kept in its memory. Times are the loop's, in seconds."""

    def __init__(
        self, device: str, unit_id: int, timeout_s: float, memory: MutableMapping[str, Any], now_s: float
    ) -> None:
        self._device = device
        self._words = _words(unit_id, timeout_s)
        self._memory = memory
        self._tallies = {odd: _Tally(now_s) for odd in Odd}
        kept = memory.get(TOLD, [])
        self._told = {odd for odd in Odd if isinstance(kept, list) and odd.value in kept}

    @property
    def told(self) -> bool:
        """Whether people wait to hear that it is over."""
        return bool(self._told)

    def noted(self, odd: Odd, answers: int, now_s: float) -> Notice | None:
        """One more, when so many good answers have come; what is to be told of it, if that is news."""
        if not self._tallies[odd].add(answers, now_s) or odd in self._told:
            return None
        self._told.add(odd)
        self._keep()
        return Notice(self._device, self._words[odd][0])

    def mended(self, answers: int, now_s: float) -> Iterator[Notice]:
        """What is over by now, while the device goes on answering."""
        for odd in [odd for odd in Odd if odd in self._told and self._tallies[odd].is_over(answers, now_s)]:
            self._told.remove(odd)
            self._keep()
            yield Notice(self._device, self._words[odd][1], mended=True)

    def _keep(self) -> None:
        if self._told:
            self._memory[TOLD] = sorted(odd.value for odd in self._told)
        else:
            self._memory.pop(TOLD, None)


class _Tally:
    """How many answers of a kind there were among how many."""

    def __init__(self, now_s: float) -> None:
        self._count = 0.0
        self._since = 0.0
        self._halved_s = self._last_s = now_s
        self._answers = 0

    def add(self, answers: int, now_s: float) -> bool:
        """One more; whether they are too many."""
        if now_s - self._halved_s >= HALVED_AFTER_S:
            self._count, self._since, self._halved_s = self._count / 2, (self._since + answers) / 2, now_s
        self._count += 1
        self._last_s, self._answers = now_s, answers
        return self._count >= ODD_MIN and self._count > ODD_SHARE * (self._count + answers - self._since)

    def is_over(self, answers: int, now_s: float) -> bool:
        """Whether there has been none for long, and good ones have."""
        return now_s - self._last_s >= WELL_S and answers > self._answers


def _words(unit_id: int, timeout_s: float) -> dict[Odd, tuple[str, str]]:
    """Of each kind: what is wrong and what to do, and that it is over."""
    twice = (
        f"it answers twice: a radio modem or bridge that repeats, or two devices with id {unit_id}. What can be told "
        "to be a repetition is not believed; to be sure more is asked, which takes time of the bus"
    )
    late = f"it answers later than its timeout of {format_duration(timeout_s)}: lengthen `timeout`"
    damaged = f"its answers arrive damaged: termination or bias, the cable, or two devices with id {unit_id}"
    unnumbered = (
        "its answers carry other transaction numbers than what was asked, so that none can be believed: new firmware, "
        "or what else talks through the same bridge, is where to look"
    )
    stranger = (
        f"its answers carry another unit id than {unit_id}, so that none can be believed: set that one if nothing else "
        "is behind this connection (`fieldgate monitor DEVICE --raw` shows it), or set the bridge to pass ids on"
    )
    return {
        Odd.TWICE: (twice, "it does not answer twice any more"),
        Odd.LATE: (late, "it answers within its timeout again"),
        Odd.DAMAGED: (damaged, "its answers arrive undamaged again"),
        Odd.STRANGER: (stranger, "its answers carry its own unit id again"),
        Odd.UNNUMBERED: (unnumbered, "its answers carry the numbers of what was asked again"),
    }
