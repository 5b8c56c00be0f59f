"""Points that somebody wants to have read now."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from adapters.ble.config import Attribute, BlePoint
from adapters.ble.gatt.attributes import called
from adapters.ble.gatt.connection import Connection
from adapters.ble.gatt.tellings import Tellings
from adapters.ble.gatt.trouble import Trouble, Why
from adapters.ble.gatt.values import Contents
from gateway.model import OF_A_VALUE, Bad, BadReason, Result, ResultStatus, Sample, Value

UNASKED_S = 30.0
"""For the next word of a device of what it only notifies."""


class Reader:
    """`read` over a connection, then `ended`, which waits for what is only notified."""

    def __init__(self, points: Mapping[str, BlePoint], tellings: Tellings) -> None:
        self._placed: dict[Attribute, dict[str, BlePoint]] = {}
        for name, point in points.items():
            assert point.attribute is not None, "checks have seen to that"
            self._placed.setdefault(point.attribute, {})[name] = point
        self._tellings = tellings
        self._coming: dict[Attribute, asyncio.Future[Sample]] = {}
        self._values: dict[str, Value] = {}
        self._bad: dict[str, Bad] = {}
        self._words: list[str] = []
        self._loop = asyncio.get_running_loop()

    async def read(self, connection: Connection) -> Result:
        """What can be read; raises Trouble where the connection went down."""
        for attribute, points in self._placed.items():
            try:
                telling = self._tellings.at(attribute)
                if telling is not None and not connection.can_read(attribute):
                    self._coming[attribute] = telling.next()
                elif connection.is_up:
                    reading = Contents(points).read(await connection.read(attribute))
                    self._sort(dict(zip(points, reading.values, strict=True)), reading.bad)
            except Trouble as trouble:
                if trouble.why is Why.LOST:
                    raise
                self._words.append(f"{called(attribute)}: {trouble}")
                reason = BadReason.TIMEOUT if trouble.why is Why.TIMEOUT else BadReason.DEVICE_ERROR
                self._bad |= dict.fromkeys(points, Bad(reason, code=trouble.code))
        return Result(ResultStatus.DONE)

    async def ended(self, deadline_s: float) -> Result:
        """All of it."""
        until_s = min(deadline_s, self._loop.time() + UNASKED_S)
        for attribute, coming in self._coming.items():
            await self._next(attribute, coming, until_s)
        for points in self._placed.values():
            for name in points:
                if name not in self._values:
                    self._bad.setdefault(name, Bad(BadReason.TIMEOUT))
        detail = "; ".join(self._words) or None
        if self._values or all(why.reason in OF_A_VALUE for why in self._bad.values()):
            return Result(ResultStatus.DONE, values=self._values, bad=self._bad, detail=detail)
        reasons = {why.reason for why in self._bad.values()}
        status = ResultStatus.UNREACHABLE if reasons == {BadReason.TIMEOUT} else ResultStatus.FAILED
        detail = detail or "it answers, but nothing that is a value"
        return Result(status, bad=self._bad, reason=next(iter(self._bad.values())).reason, detail=detail)

    async def _next(self, attribute: Attribute, coming: asyncio.Future[Sample], until_s: float) -> None:
        try:
            async with asyncio.timeout_at(until_s):
                sample = await coming
        except TimeoutError:
            self._words.append(f"{called(attribute)} is only notified, and nothing came")
        else:
            self._sort(dict(zip(sample.group.points, sample.values, strict=True)), sample.bad)
        finally:
            coming.cancel()

    def _sort(self, values: Mapping[str, Value | None], bad: Mapping[str, Bad]) -> None:
        """Those of the points that are wanted."""
        wanted = {name for points in self._placed.values() for name in points}
        self._values |= {name: value for name, value in values.items() if value is not None and name in wanted}
        self._bad |= {name: why for name, why in bad.items() if name in wanted}
