"""The one retrier: restarts what failed with growing, jittered pauses, and parks what a person must mend."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from enum import StrEnum

import structlog

from gateway.adapter import AdapterError, PermanentError, Reconnect, Unheard
from gateway.endpoints.contract import EndpointError, Renewed
from gateway.log import cleaned
from gateway.repeats import Repeats

JITTER = 0.2
"""Each pause is lengthened by up to this share, so that a fleet does not return in step."""

UNHEARD_S = 1.0
"""At most, from one try to the next where one that could be reached did not answer or hung up: then commands wait."""

RENEWED_APART_S = 10.0
"""One that is renewed again within so long, though nothing came of it in between, is renewed in vain: it waits."""

log = structlog.get_logger("fieldgate.supervisor")


class Phase(StrEnum):
    """Where a supervised thing stands."""

    STARTING = "starting"
    UP = "up"
    WAITING = "waiting"
    PARKED = "parked"


class Supervised:
    """One link or endpoint: `work(up)` runs it and calls `up()` once it serves.

    `on_down(reason)` is called at each failure, before the pause; not where what was said of devices still holds.
    """

    def __init__(
        self,
        name: str,
        work: Callable[[Callable[[], None]], Awaitable[None]],
        pauses: Reconnect,
        on_down: Callable[[str], None],
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self.name = name
        self.phase = Phase.STARTING
        self.fault: str | None = None
        self.failures = 0
        self.told = asyncio.Event()
        """Set once it has served or failed."""
        self._work = work
        self._pauses = pauses
        self._on_down = on_down
        self._jitter = jitter
        self._pause_s = 0.0
        self._repeats = Repeats()
        self._unheards = Repeats()  # that it serves in between mends nothing of them
        self._was_told = True
        self._least_s = pauses.min
        self._began_s = 0.0
        self._renewed_s = float("-inf")
        self._rests: asyncio.Future[None] | None = None
        self._is_hurried = False

    def retry(self) -> None:
        """What may have kept it from serving is another now: try again at once, also if it is parked.

        An attempt that is under way may have begun with what was before: the next one follows it without a pause.
        """
        self._is_hurried = self.phase in {Phase.STARTING, Phase.PARKED}
        self._pause_s = 0.0
        if self._rests is not None:
            self._rests.cancel()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            self.phase = Phase.STARTING
            self._began_s = asyncio.get_running_loop().time()
            try:
                await self._work(self._up)
                self._failed("it ended by itself")
            except Renewed as renewed:
                _end_if_cancelled()
                if self._is_renewed(str(renewed)):
                    continue
            except PermanentError as error:
                await self._park(str(error))
            except Unheard as error:
                self._unheard(str(error))
            except (AdapterError, EndpointError) as error:
                self._failed(str(error))
                self._least_s = max(self._least_s, error.rest_s if isinstance(error, EndpointError) else 0.0)
            except asyncio.CancelledError:
                _end_if_cancelled()
                self._failed("it cancelled itself")
            except Exception as error:  # noqa: BLE001 -- a plugin's defect costs its own link only
                self._failed(f"{type(error).__name__}: {error}", error)
            _end_if_cancelled()
            await self._rest()

    def _up(self) -> None:
        """It serves: the next failure starts with the shortest pause again."""
        self.told.set()
        if self.phase is Phase.UP:
            return
        self.phase, self.fault, self._pause_s, self._is_hurried = Phase.UP, None, 0.0, False
        untold = self._repeats.forget()
        if self._was_told or untold:
            log.info("up", name=self.name, untold_failures=untold or None)

    def _is_renewed(self, reason: str) -> bool:
        """Whether it may begin anew at once: not again and again without having served."""
        last_s, self._renewed_s = self._renewed_s, asyncio.get_running_loop().time()
        if self.phase is not Phase.UP and self._renewed_s - last_s < RENEWED_APART_S:
            self._failed(f"renewed again before it served: {reason}")
            return False
        log.info("renewed", name=self.name, reason=reason)
        return True

    def _failed(self, reason: str, defect: Exception | None = None) -> None:
        self.told.set()
        self.failures += 1
        self.fault = reason = cleaned(reason)
        self._tell(self._repeats, reason, defect)
        self._was_told = True
        self._on_down(reason)

    def _unheard(self, reason: str) -> None:
        """Whom it reached may have hung, or hung up; it was reached, so that the next try need not wait."""
        self.told.set()
        self.failures += 1
        spent_s = asyncio.get_running_loop().time() - self._began_s
        reason = cleaned(reason)
        self.fault, self._pause_s = reason, 0.0
        self._least_s = max(0.0, min(self._pauses.min, UNHEARD_S) - spent_s)
        self._was_told = self._tell(self._unheards, reason, None)

    def _tell(self, repeats: Repeats, reason: str, defect: Exception | None) -> bool:
        """Unless it was told lately; whether it is told now."""
        untold = repeats.tell(reason, asyncio.get_running_loop().time())
        if untold is None:
            return False
        if defect is not None:
            log.error("defect", name=self.name, exc_info=defect)
        log.warning("down", name=self.name, reason=reason, repeated=untold or None)
        return True

    async def _rest(self) -> None:
        self.phase = Phase.WAITING
        least_s, self._least_s = self._least_s, self._pauses.min
        if self._is_hurried:
            self._is_hurried = False
            return
        self._pause_s = min(max(self._pause_s * 2, least_s), self._pauses.max)
        await self._until_retried(asyncio.ensure_future(asyncio.sleep(self._pause_s * (1 + JITTER * self._jitter()))))

    async def _park(self, reason: str) -> None:
        self.told.set()
        reason = cleaned(reason)
        self.phase, self.fault = Phase.PARKED, reason
        log.error("parked until its configuration changes", name=self.name, reason=reason)
        self._on_down(reason)
        if not self._is_hurried:
            await self._until_retried(asyncio.get_running_loop().create_future())

    async def _until_retried(self, rests: asyncio.Future[None]) -> None:
        """Rest for as long as this lasts, or until told to try again."""
        self._rests = rests
        try:
            await asyncio.wait({rests})
        finally:
            rests.cancel()
            self._rests = None


def _end_if_cancelled() -> None:
    """A clean-up that raises must not swallow the cancellation it belongs to."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
