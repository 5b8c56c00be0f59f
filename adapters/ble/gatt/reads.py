"""What is read of a device on its periods: all that is due over one connection, each characteristic once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence

from adapters.ble.config import Attribute
from adapters.ble.gatt.attributes import called
from adapters.ble.gatt.connection import Connection
from adapters.ble.gatt.group import Group
from adapters.ble.gatt.trouble import Trouble, Why
from adapters.ble.items import Tell
from gateway.line import Patience
from gateway.model import Bad, BadReason, Sample

MAX_LOSSES = 2
"""A connection that goes down in the middle of a read is made again once, before that counts."""
REMIND_S = 5.0
"""While a device is offline its points are reported bad so often, lest they turn stale (after 10 s)."""

UNANSWERED = frozenset({Why.TIMEOUT, Why.MUTE})
MUTE = Trouble(Why.MUTE, "the device does not answer this one")

Between = Callable[[Connection], Awaitable[None]]
"""Awaited after each read: commands do not wait for the others."""
Took = Callable[[Group, Sample, str | None], None]
"""Takes what was read, and a sentence for people where something could not be."""


class Reads:
    """Of one device; `wake` makes a group due."""

    def __init__(self, groups: Sequence[Group], emit: Tell, took: Took) -> None:
        self.groups = groups
        self.attributes = tuple(dict.fromkeys(each for group in groups for each in group.attributes))
        self._emit = emit
        self._took = took
        self._due: dict[Group, None] = {}
        self._hung: dict[Attribute, Patience] = {}
        self._mute: set[Attribute] = set()
        self._losses = 0
        self._spoiled_s: dict[Group, float] = {}
        self._loop = asyncio.get_running_loop()

    @property
    def are_due(self) -> bool:
        """Whether anything is."""
        return bool(self._due)

    def wake(self, group: Group) -> bool:
        """It is due; False if it has been since the last time."""
        was_due = group in self._due
        self._due[group] = None
        return not was_due

    async def read(self, connection: Connection, between: Between) -> None:
        """All that is due; raises Trouble where it must be begun anew, over another connection, or given up."""
        due = tuple(self._due)
        wanted = tuple(dict.fromkeys(each for group in due for each in group.attributes))
        mute = self._mute_of(wanted)
        found: dict[Attribute, bytes | Trouble] = dict.fromkeys(mute, MUTE)
        for attribute in wanted:
            if attribute not in mute:
                found[attribute] = await self._one(connection, attribute, is_last=len(found) + 1 == len(wanted))
            if connection.is_up:
                await between(connection)
        self._end(due, found)

    @property
    def resumes(self) -> bool:
        """Whether it was cut short by one that does not answer, and goes on with the others."""
        return bool(self._mute)

    def lost(self) -> bool:
        """The connection went down meanwhile: whether that is once too often."""
        self._losses += 1
        return self._losses >= MAX_LOSSES

    def forgive(self) -> None:
        """It answers."""
        self._losses = 0

    def spoil(self, reason: BadReason) -> None:
        """Nothing of what is due can be had; it stays due."""
        self._losses = 0
        self._mute.clear()
        for group in self._due:
            self._spoil(group, reason)

    def remind(self, group: Group, reason: BadReason) -> None:
        """It is due again, and cannot be had still."""
        if self._loop.time() - self._spoiled_s.get(group, -REMIND_S) >= REMIND_S:
            self._spoil(group, reason)

    def _mute_of(self, wanted: Sequence[Attribute]) -> frozenset[Attribute]:
        """Those that are not asked for now, lest what does not answer costs all others their turn; never all."""
        now_s = self._loop.time()
        mute = self._mute | {each for each, patience in self._hung.items() if not patience.ready(now_s)}
        return frozenset((self._mute if mute.issuperset(wanted) else mute).intersection(wanted))

    async def _one(self, connection: Connection, attribute: Attribute, *, is_last: bool) -> bytes | Trouble:
        """Raises Trouble where the connection is of no use any more, and something else is still to be read."""
        began_s = self._loop.time()
        try:
            data = await connection.read(attribute)
        except Trouble as trouble:
            if trouble.why is Why.TIMEOUT:
                self._mute.add(attribute)
                self._hung.setdefault(attribute, Patience()).failed(self._loop.time(), self._loop.time() - began_s)
            if trouble.is_ours or (trouble.why is Why.TIMEOUT and is_last):
                return trouble
            raise
        self._hung.pop(attribute, None)
        return data

    def _end(self, due: Sequence[Group], found: Mapping[Attribute, bytes | Trouble]) -> None:
        """Tell what was read; raises Trouble where nothing answers at all."""
        self._losses = 0
        self._mute.clear()
        if all(isinstance(each, Trouble) and each.why in UNANSWERED for each in found.values()):
            raise Trouble(Why.TIMEOUT, "it is connected, but does not answer")
        time_ms = time.time_ns() // 1_000_000
        read = {each: _bad(data) if isinstance(data, Trouble) else data for each, data in found.items()}
        for group in due:
            del self._due[group]
            sample = group.sample(read, time_ms)
            self._emit(sample)
            self._took(group, sample, _words(group, found))

    def _spoil(self, group: Group, reason: BadReason) -> None:
        self._spoiled_s[group] = self._loop.time()
        self._emit(group.spoiled(reason, time.time_ns() // 1_000_000))


def _bad(trouble: Trouble) -> Bad:
    reason = BadReason.TIMEOUT if trouble.why in UNANSWERED else BadReason.DEVICE_ERROR
    return Bad(reason, code=trouble.code)


def _words(group: Group, found: Mapping[Attribute, bytes | Trouble]) -> str | None:
    """What went wrong, for people."""
    troubles = [(each, said) for each in group.attributes if isinstance(said := found[each], Trouble)]
    return "; ".join(f"{called(each)}: {trouble}" for each, trouble in troubles) or None
