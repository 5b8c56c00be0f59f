"""All that a device tells by itself: listened to anew on each connection."""

from __future__ import annotations

import time
from collections.abc import Sequence

from adapters.ble.config import Attribute
from adapters.ble.gatt.attributes import called
from adapters.ble.gatt.connection import Connection
from adapters.ble.gatt.group import Group
from adapters.ble.gatt.standing import Standing
from adapters.ble.gatt.telling import Telling
from adapters.ble.gatt.trouble import Trouble, Why
from adapters.ble.items import Tell
from gateway.model import BadReason


class Tellings:
    """Of one device."""

    def __init__(self, name: str, groups: Sequence[Group], rate: float, emit: Tell, standing: Standing) -> None:
        self._each = {
            group.attributes[0]: Telling(name, group, rate, emit, standing.took) for group in groups
        }  # one characteristic a group
        self._emit = emit
        self._standing = standing
        self._unread: set[Attribute] = set()
        self._is_spoiled = False

    @property
    def attributes(self) -> tuple[Attribute, ...]:
        """Where it tells something."""
        return tuple(self._each)

    @property
    def told(self) -> int:
        """How often something was, on all connections."""
        return sum(telling.told for telling in self._each.values())

    @property
    def left_out(self) -> int:
        """What was more than could be followed."""
        return sum(telling.left_out for telling in self._each.values())

    def at(self, attribute: Attribute) -> Telling | None:
        """What is told there; None: nothing."""
        return self._each.get(attribute)

    async def listen(self, connection: Connection) -> None:
        """From now on, until the connection ends; first to what is so already. Raises Trouble of the connection."""
        for attribute, telling in self._each.items():
            try:
                await connection.listen(attribute, telling.hear)
                self._standing.mend(telling.group)
                await self._first(connection, telling)
            except Trouble as trouble:
                if not trouble.is_ours:
                    raise
                self._standing.complain(telling.group, BadReason.DEVICE_ERROR, f"{called(attribute)}: {trouble}")
                self._emit(telling.group.spoiled(BadReason.DEVICE_ERROR, time.time_ns() // 1_000_000))
        self._is_spoiled = False
        if self._each:
            self._standing.reached()

    def spoil(self) -> None:
        """It is offline: what it told last is not so any more, for all that is known; said once."""
        if not self._is_spoiled:
            for telling in self._each.values():
                self._emit(telling.group.spoiled(BadReason.NO_LINK, time.time_ns() // 1_000_000))
        self._is_spoiled = True

    def look(self, now_s: float) -> None:
        """Say what is over."""
        for telling in self._each.values():
            telling.look(now_s)

    def close(self) -> None:
        """The connection is over."""
        for telling in self._each.values():
            telling.close()

    async def _first(self, connection: Connection, telling: Telling) -> None:
        """What it is now, where that can be read and has not just been told."""
        attribute, told = telling.attribute, telling.told
        if attribute in self._unread or not connection.can_read(attribute):
            return
        try:
            data = await connection.read(attribute)
        except Trouble as trouble:
            self._unread.add(attribute)
            if trouble.is_ours:
                return  # it does notify, which is what counts
            if trouble.why is Why.LOST:
                self._unread.discard(attribute)
            raise
        if telling.told == told:
            telling.hear(data)
