"""What a far end takes from nobody here, while it takes the rest: an access list that allows some topics only. Pure.

Such messages wait, and nothing waits behind them. Now and then one of each sort is tried; once it is taken, all go.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec import Struct

from gateway.outbox.entry import READING, Entry

PROBE_S = 60.0
"""How long a sort waits after a refusal until one of it is tried: who mends an access list looks within a minute."""

CUT_PROBE_S = 600.0
"""The same where it costs the connection."""

AT_ONCE_S = 2.0
"""A connection that ends so soon after a refusal was ended for it: mosquitto 2.0 does so."""

IN_A_ROW = 3
"""Different messages of a sort, none of which is taken: the fault is not theirs (design: refusals)."""

Sort = tuple[str, str]
"""A kind of messages, and their device: "" is the gateway, `ALL` stands for all the others."""

ALL = "*"


class Bar(Struct):
    """Why a sort waits, since when, until when, and a message of it to try then."""

    reason: str
    since_s: float
    due_s: float
    sample: Entry
    by_cut: bool = False


class Barred:
    """What one far end does not take. A refusal counts for its connection; a cut until a message shows otherwise.

    Where three sorts of a kind cost a connection each, and none of that kind was ever taken, all of it waits.
    """

    def __init__(self) -> None:
        self._bars: dict[Sort, Bar] = {}
        self._condemned: dict[Sort, int] = {}
        self._tried: set[int] = set()
        self._taken_kinds: set[str] = set()
        """On this connection."""
        self._known_kinds: set[Sort] = set()

    def __bool__(self) -> bool:
        return bool(self._bars)

    def begin(self) -> None:
        """A connection begins."""
        self._taken_kinds.clear()
        self._bars = {sort: bar for sort, bar in self._bars.items() if bar.by_cut}
        self._tried.clear()

    def keeps(self, entry: Entry) -> bool:
        """Whether this message waits, unless it is the one that is tried; it is tried next where that one is gone."""
        bar = self._bar_of(entry)
        if bar is None or entry.id in self._tried:
            return False
        if bar.sample.done:
            bar.sample = entry
        return True

    def due(self, now_s: float) -> list[Entry]:
        """What is to be tried now."""
        due = [bar for bar in self._bars.values() if now_s >= bar.due_s]
        for bar in due:
            bar.due_s = now_s + (CUT_PROBE_S if bar.by_cut else PROBE_S)
            self._tried.add(bar.sample.id)
        return [bar.sample for bar in due]

    def taken(self, entry: Entry) -> bool:
        """The far end has taken this message; whether that shows that it takes its sort again."""
        self._taken_kinds.add(entry.kind)
        for sort in _sorts_of(entry) if self._condemned else ():
            self._condemned.pop(sort, None)
        self._known_kinds.add(_sorts_of(entry)[0])
        if self._bar_of(entry) is None:
            return False
        self._bars.clear()
        return True

    def refused(self, entry: Entry, reason: str, now_s: float, others: Iterable[Entry]) -> bool:
        """The far end takes nothing of this sort; whether all else may go on, or the far end is at fault itself.

        It is if it takes nothing, or no reading, and nothing more can come of `others`, which are on their way or wait.
        """
        self._tried.discard(entry.id)
        self._bars[entry.kind, entry.device] = Bar(reason, now_s, now_s + PROBE_S, entry)
        if not self._taken_kinds and len(self._bars) >= IN_A_ROW and any(kind == READING for kind, _ in self._bars):
            return False
        if entry.kind in self._taken_kinds or (self._taken_kinds and entry.kind != READING):
            return True
        return any(self._bar_of(each) is None for each in others if each.is_reading or entry.kind != READING)

    def condemned(self, entry: Entry, reason: str, now_s: float) -> bool:
        """Connections were cut for this message; whether it is at fault, or all of its sort would be."""
        for sort in _sorts_of(entry):
            self._condemned[sort] = self._condemned.get(sort, 0) + 1
            if self._condemned[sort] >= IN_A_ROW:
                self._bars[sort] = Bar(reason, now_s, now_s + CUT_PROBE_S, entry, by_cut=True)
                return False
        return True

    def cut(self, now_s: float) -> bool:
        """The connection has been cut; whether for a refusal."""
        fresh = [(sort, bar) for sort, bar in self._bars.items() if now_s - bar.since_s < AT_ONCE_S and not bar.by_cut]
        for (kind, device), bar in fresh:
            bar.by_cut, bar.due_s = True, now_s + CUT_PROBE_S
            alike = [each for each in self._bars if each[0] == kind and each[1]]
            if device and len(alike) >= IN_A_ROW and (kind, ALL) not in self._known_kinds:
                self._bars[kind, ALL] = bar
        return bool(fresh)

    def notes(self) -> list[str]:
        """What waits, in sentences."""
        devices: dict[tuple[str, str], list[str]] = {}
        for (kind, device), bar in self._bars.items():
            devices.setdefault((kind, bar.reason), []).append(device)
        notes = [f"{_named(kind, of)} wait: {reason}" for (kind, reason), of in devices.items()]
        more = [f"and {len(notes) - MAX_NOTES} more sorts wait"] if len(notes) > MAX_NOTES else []
        return [*notes[:MAX_NOTES], *more]

    def _bar_of(self, entry: Entry) -> Bar | None:
        if not self._bars:
            return None
        return next((self._bars[sort] for sort in _sorts_of(entry) if sort in self._bars), None)


def _sorts_of(entry: Entry) -> Sequence[Sort]:
    """The widest first."""
    own = entry.kind, entry.device
    return ((entry.kind, ALL), own) if entry.device else (own,)


SHOWN = 3
"""Devices that a sentence names."""

MAX_NOTES = 8
"""Sentences at once, which go into each status: a far end may say a reason that names the topic, another for each."""


def _named(kind: str, devices: list[str]) -> str:
    """As in: messages of kind reading of boiler, pump, 3 more."""
    if ALL in devices:
        return f"those of kind {kind} of all devices" + ", and of the gateway" * ("" in devices)
    named = [device or "the gateway" for device in devices[:SHOWN]]
    more = [f"{len(devices) - SHOWN} more"] * (len(devices) > SHOWN)
    return f"those of kind {kind} of {', '.join([*named, *more])}"
