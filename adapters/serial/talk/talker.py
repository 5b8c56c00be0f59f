"""Says what is to be said and waits for answers, for the one who has the line."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import dataclass

from adapters.serial.config import SerialLink
from adapters.serial.decode import Shape
from adapters.serial.talk.debts import QUIET_TIMEOUTS, Sought, in_doubt, missing
from adapters.serial.talk.ear import Answer, Ear
from adapters.serial.talk.wire import Wire


@dataclass
class Tally:
    """What was asked, and what of it went wrong."""

    requests: int = 0
    timeouts: int = 0
    refusals: int = 0


class Talker:
    """Speaks on one line; after an answer that did not come it is silent for as long as the device was given."""

    def __init__(self, link: SerialLink, wire: Wire, ear: Ear) -> None:
        self.tally = Tally()
        self.commands = 0
        """What was said so far that may have changed a device."""
        self.wire = wire
        self._link = link
        self._ear = ear
        self._loop = asyncio.get_running_loop()
        self._baudrate = link.baudrate
        self._bits = link.character_bits
        self._out_s = self._free_s = 0.0
        self._calm = asyncio.Event()
        self._calm.set()
        self._timer: asyncio.TimerHandle | None = None
        self._came_late = asyncio.Event()
        ear.came_late = self._paid

    async def ready(self) -> None:
        """Return once nothing late is awaited any more, the pause since the last word is over, and all is heard."""
        await self._calm.wait()
        if (rest_s := self._free_s - self._loop.time()) > 0:
            await asyncio.sleep(rest_s)
        self.wire.attend()

    async def in_step(self, sought: Sought) -> None:
        """Return once no answer is owed any more that could be taken for this one."""
        while (until_s := self._ear.quiet_until_s(sought)) > self._loop.time():
            self._came_late.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout_at(until_s):
                    await self._came_late.wait()

    def say(self, data: bytes, *, sealed: bool = False) -> bytes:
        """Send this; what went on the wire. `sealed`: it has its checksum."""
        packed = self.wire.say(data, sealed=sealed)
        self._out_s = self._loop.time() + self._takes_s(len(packed))
        self._rest()
        return packed

    async def set_baudrate(self, baudrate: int) -> None:
        """From here on, once all that was said is out."""
        if baudrate != self._baudrate:
            self._baudrate = baudrate
            await self.wire.set_baudrate(baudrate)

    async def own_baudrate(self) -> None:
        """The link's, once nothing late is awaited any more."""
        if self._baudrate != self._link.baudrate:
            await self._calm.wait()
            await self.set_baudrate(self._link.baudrate)

    def seek(self, sought: Sought) -> asyncio.Future[Answer]:
        """The next frame that fits is the answer."""
        return self._ear.seek(sought)

    def forget(self) -> None:
        """No answer is waited for any more."""
        self._ear.give_up()

    def as_message(self, answer: Answer, shapes: Sequence[Shape]) -> Answer:
        """The same, with what it says if it is one of these messages."""
        return self._ear.as_message(answer, shapes)

    async def answer(self, coming: asyncio.Future[Answer], sought: Sought, timeout_s: float) -> Answer | None:
        """The answer, if it begins within its time after all that was said is out, and goes on without stopping."""
        begun_s = max(self._loop.time(), self._out_s)
        ends_s = begun_s + timeout_s
        last_s = ends_s + self._takes_s(self._link.framing.max_length)
        while not coming.done():
            await asyncio.wait((coming,), timeout=ends_s - self._loop.time())
            ends_s = self._later_s(begun_s, timeout_s, last_s)
            if ends_s <= self._loop.time():
                break
        self._rest()
        owed = missing(sought, begun_s, timeout_s, self._loop.time())
        if coming.done():
            if (debt := self._ear.doubted) is not None:
                self._ear.debts.add(in_doubt(debt, owed, coming.result().frame, self._loop.time()))
            return coming.result()
        self._ear.give_up()
        self._ear.debts.add(owed)
        self._stay_calm(timeout_s)
        return None

    @property
    def is_in_doubt(self) -> bool:
        """Whether the answer that did not come may be one that was dropped as a late one."""
        return self._ear.is_in_doubt

    def close(self) -> None:
        """Nothing is said any more."""
        if self._timer is not None:
            self._timer.cancel()

    def _later_s(self, since_s: float, timeout_s: float, last_s: float) -> float:
        """Until when to wait for the rest of what has begun; 0 if nothing has."""
        return min(self.wire.heard_s + timeout_s, last_s) if self.wire.begun_s > since_s else 0.0

    def _stay_calm(self, timeout_s: float) -> None:
        """What comes now is late; where that was in doubt, so long that nothing is owed any more."""
        since_s = self._loop.time()
        calm_s = (QUIET_TIMEOUTS - 1 if self.is_in_doubt else 1) * timeout_s
        last_s = since_s + calm_s + self._takes_s(self._link.framing.max_length)

        def over() -> None:
            if (ends_s := self._later_s(since_s, timeout_s, last_s)) > self._loop.time():
                self._timer = self._loop.call_at(ends_s, over)
                return
            if self.is_in_doubt:
                self._ear.debts.settle()
            self.wire.rest(0.0)
            self._set_calm(awaits_late=False)

        self._set_calm(awaits_late=True)
        self._timer = self._loop.call_at(since_s + calm_s, over)

    def _paid(self) -> None:
        """A late answer came; once it was the last that is owed, all may go on."""
        self._came_late.set()
        if not self._ear.debts and self._timer is not None:
            self._timer.cancel()
            self._set_calm(awaits_late=False)

    def _set_calm(self, *, awaits_late: bool) -> None:
        self._ear.drops_late = awaits_late
        if awaits_late:
            self._calm.clear()
        else:
            self._calm.set()

    def _rest(self) -> None:
        """Before the next word there is a pause."""
        self._free_s = max(self._loop.time(), self._out_s) + self._link.pause_between

    def _takes_s(self, size: int) -> float:
        """How long so many bytes take on the line; over a network, as if it had the speed that is set here."""
        return size * self._bits / self._baudrate
