"""One message that a device is asked for: on the grid, or at once when somebody wants it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence

from adapters.serial.config.talk import Poll as PollConfig
from adapters.serial.decode import Shape
from adapters.serial.talk.conversation import Conversation
from adapters.serial.talk.order import Order
from adapters.serial.talk.outcome import Done, Outcome, Silent, plainly
from adapters.serial.talk.party import Party
from adapters.serial.talk.rest import Rest
from adapters.serial.talk.talker import Talker
from gateway.adapter import Emit
from gateway.line import Patience
from gateway.model import Bad, BadReason, Notice, PointGroup, Sample

SLACK_S = 5.0
"""A poll may wait so long for those due earlier: on a line that is never idle, one an hour would wait an hour."""
REMIND_S = 5.0
"""While a dead device rests its points are reported bad so often, lest they turn stale (after 10 s)."""

Take = Callable[[Done], None]
"""Takes a message that was asked for."""


class Line:
    """What polls of one line share; `silence`: what one that is not answered costs it, in timeouts."""

    def __init__(self, talker: Talker, order: Order, rest: Rest, emit: Emit, take: Take, *, silence: int) -> None:
        self.silence = silence
        self.talker = talker
        self.order = order
        self.rest = rest
        self.emit = emit
        self.take = take


class Poll:
    """A job in the order of the line; `wake` lets it wait for its turn."""

    def __init__(self, party: Party, message: str, poll: PollConfig, every_s: float, line: Line) -> None:
        self.every_s = every_s
        self.tried_s = 0.0
        self._party = party
        self._message = message
        self._line = line
        self._script = party.ground.script(poll)
        self._retries = poll.retries
        self._shapes = party.shapes_of(message)
        self._groups = _groups(self._shapes)
        self._patience = Patience(party.device.probe_every)
        self._loop = asyncio.get_running_loop()
        self._waits = False
        self._overrun = False
        self._told: str | None = None
        self._reminded_s = -REMIND_S

    @property
    def silent(self) -> bool:
        """Whether it was asked for in vain until that was given up."""
        return self._patience.dead

    @property
    def doubtful(self) -> bool:
        """Whether it was asked for in vain, which may be chance."""
        return self._patience.failures > 0 and not self._patience.dead

    @property
    def well(self) -> bool:
        """Whether it was answered when it was last asked for."""
        return self.tried_s > 0 and not self._patience.failures and not self._waits

    def wake(self) -> bool:
        """It is due; False if the last one has not ended yet: then it begins when that does, once."""
        if self._waits:
            self._overrun = True
            return False
        if self._patience.dead:
            self._remind()
        else:
            self._begin()
        return True

    def ready(self, now_s: float) -> bool:
        """Whether it has been left alone for long enough."""
        return not self._waits and self._patience.ready(now_s)

    def look(self, now_s: float) -> None:
        """One that failed is tried again before it is due, a dead one when it is time for that."""
        if not self._patience.failures or not self.ready(now_s):
            return
        if not self._patience.dead or self._line.rest.may_try(self, now_s):
            self._begin()

    def revive(self) -> None:
        """The device has said something again: no need to wait."""
        if self._patience.failures:
            self._patience.answered()
            if not self._waits:
                self._begin()

    async def perform(self) -> None:
        """Ask, as often as it takes."""
        self.tried_s = self._loop.time()
        self._overrun = False
        outcome = await self._ask()
        self._waits = False
        if isinstance(outcome, Silent):
            self._missed(self._loop.time() - self.tried_s)
        else:
            self._patience.answered()
            self._party.answered()
            self._tell(outcome)
        await self._line.talker.own_baudrate()
        if self._overrun and not self._patience.dead:
            self._begin()

    def drop(self) -> None:
        """The connection is gone."""
        self._waits = False

    async def _ask(self) -> Outcome:
        """Once and, unless the device is dead anyway, again; and where its answer may have been dropped."""
        left = 0 if self._patience.dead else self._retries
        may_doubt = True
        while isinstance(outcome := await self.conversation().held(), Silent):
            if outcome.in_doubt and may_doubt:
                may_doubt = False
            elif left:
                left -= 1
            else:
                break
            await self._line.talker.own_baudrate()
            await self._line.talker.ready()
        return outcome

    def conversation(self, not_after_s: float = float("inf")) -> Conversation:
        """One question, and the message that answers it."""
        party = self._party
        return Conversation(
            self._line.talker,
            self._script,
            party.ground.known,
            whose=party.name,
            address=party.address,
            shapes=self._shapes,
            not_after_s=not_after_s,
        )

    def _tell(self, outcome: Outcome) -> None:
        if isinstance(outcome, Done):
            self._complain(None)
            self._line.take(outcome)
        else:
            self._complain(plainly(outcome))
            self._spoil(BadReason.DEVICE_ERROR)

    def _complain(self, trouble: str | None) -> None:
        """Told once, and when it is over."""
        told, self._told = self._told, trouble
        if trouble is not None and trouble != told:
            self._line.emit(Notice(self._party.name, f"{self._what} can't be had: {trouble}"))
        elif trouble is None and told is not None:
            self._line.emit(Notice(self._party.name, f"{self._what} can be had again", mended=True))

    @property
    def _what(self) -> str:
        return f"message {self._message}" if self._message else "its message"

    def _begin(self) -> None:
        self._waits = True
        self._line.order.poll(self, self._loop.time() + min(self.every_s, SLACK_S))

    def _missed(self, cost_s: float) -> None:
        """The line stays silent afterwards, for as long as it was given or longer."""
        now_s, cost_s = self._loop.time(), self._line.silence * cost_s
        if self._patience.dead:
            self._line.rest.tried(now_s, cost_s)
        self._patience.failed(now_s, cost_s, self._line.rest.after(cost_s))
        self._spoil(BadReason.TIMEOUT)

    def _remind(self) -> None:
        if self._loop.time() - self._reminded_s >= REMIND_S:
            self._spoil(BadReason.TIMEOUT)

    def _spoil(self, reason: BadReason) -> None:
        self._reminded_s = self._loop.time()
        time_ms = time.time_ns() // 1_000_000
        for group in self._groups:
            self._line.emit(all_bad(group, reason, time_ms))
        self._party.spoiled(self._message, reason)


def all_bad(group: PointGroup, reason: BadReason, time_ms: int) -> Sample:
    """Nothing is known of any of these points."""
    bad = Bad(reason)
    return Sample(group, time_ms, (None,) * len(group.points), dict.fromkeys(group.points, bad))


def _groups(shapes: Sequence[Shape]) -> list[PointGroup]:
    return [shape.group for shape in shapes if shape.group.points]
