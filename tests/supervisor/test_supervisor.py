"""The one retrier: pauses, parking, and what it says."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import pytest
import structlog

from gateway import log
from gateway.adapter import AdapterError, PermanentError, Reconnect, Unheard
from gateway.endpoints.contract import EndpointError, Renewed
from gateway.supervisor import RENEWED_APART_S, Phase, Supervised
from tests.support.patience import HANG_S

PAUSES = Reconnect.model_validate({"min": "1s", "max": "60s"})


class Stopped(BaseException):
    """The script is at its end."""


class Script:
    """What the supervised thing does, one run after the other, and how long the pauses were."""

    def __init__(
        self, monkeypatch: pytest.MonkeyPatch, runs: Sequence[BaseException | str | None], pauses: Reconnect = PAUSES
    ) -> None:
        self._runs = list(runs)
        self.pauses: list[float] = []
        self.down: list[str] = []
        self.phases: list[Phase] = []
        self.jitter = 0.0
        self.now_s = 0.0
        self.supervised = Supervised("link plc", self.work, pauses, self.down.append, lambda: self.jitter)
        monkeypatch.setattr(asyncio, "sleep", self.sleep)
        monkeypatch.setattr(asyncio.get_running_loop(), "time", lambda: self.now_s)

    async def sleep(self, seconds: float) -> None:
        self.phases.append(self.supervised.phase)
        self.pauses.append(seconds)
        self.now_s += seconds

    async def work(self, up: Callable[[], None]) -> None:
        if not self._runs:
            raise Stopped
        step = self._runs.pop(0)
        if step == "up":
            up()
            up()
            raise AdapterError("lost")
        if step == "used":
            self.now_s += 0.75
            up()
            self.now_s += 60.0
            raise Unheard("closed")
        if step == "renewed":
            up()
            raise Renewed("the token ends")
        if step == "retried":
            self.supervised.retry()
            raise EndpointError("no", rest_s=50.0)
        if step == "idle":
            up()
            raise Unheard("closed")
        if isinstance(step, BaseException):
            raise step

    async def run(self) -> list[Any]:
        with structlog.testing.capture_logs() as logs, pytest.raises(Stopped):
            await self.supervised.run()
        return logs


async def test_pauses_double_up_to_the_longest(monkeypatch: pytest.MonkeyPatch) -> None:
    script = Script(monkeypatch, [AdapterError("no")] * 9)
    await script.run()
    assert script.pauses == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert script.supervised.failures == 9


async def test_each_pause_is_lengthened_by_up_to_a_fifth(monkeypatch: pytest.MonkeyPatch) -> None:
    script = Script(monkeypatch, [EndpointError("no")] * 3)
    script.jitter = 1.0
    await script.run()
    assert script.pauses == pytest.approx([1.2, 2.4, 4.8])


async def test_after_it_served_the_pauses_begin_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    script = Script(monkeypatch, [AdapterError("no"), AdapterError("no"), "up", AdapterError("no")])
    await script.run()
    assert script.pauses == [1, 2, 1, 2]


async def test_where_the_link_stands_and_nobody_answers_its_devices_are_not_called_down(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    script = Script(monkeypatch, [AdapterError("no"), AdapterError("no"), Unheard("silent"), Unheard("silent")])
    await script.run()
    assert script.pauses == [1, 2, 1, 1]
    assert script.down == ["no", "no"]
    assert (script.supervised.failures, script.supervised.fault) == (4, "silent")


async def test_however_long_the_pauses_are_who_could_be_reached_is_tried_within_a_second(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    minute = Reconnect.model_validate({"min": "1min", "max": "10min"})
    script = Script(monkeypatch, ["idle", Unheard("silent"), AdapterError("no"), AdapterError("no")], minute)
    await script.run()
    assert script.pauses == [1, 1, 60, 120]


async def test_who_hangs_up_after_a_while_is_connected_to_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    script = Script(monkeypatch, ["used", "idle", "used", AdapterError("no")])
    await script.run()
    assert script.pauses == [0, 1, 0, 1]


async def test_one_that_is_closed_again_and_again_while_it_is_idle_is_told_of_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    script = Script(monkeypatch, ["idle", "idle", "idle", AdapterError("no"), "up"])
    logs = await script.run()
    assert script.pauses == [1, 1, 1, 2, 1]
    told = [(event["event"], event.get("reason")) for event in logs]
    assert told == [("up", None), ("down", "closed"), ("up", None), ("down", "no"), ("up", None), ("down", "lost")]


async def test_one_that_ends_by_itself_is_started_again(monkeypatch: pytest.MonkeyPatch) -> None:
    script = Script(monkeypatch, [None, None])
    await script.run()
    assert script.down == ["it ended by itself"] * 2


@pytest.mark.parametrize("error", [ValueError("oops"), KeyError("x"), ExceptionGroup("many", [ValueError()])])
async def test_a_defect_costs_only_its_own_link(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    script = Script(monkeypatch, [error, error])
    logs = await script.run()
    assert script.pauses == [1, 2]
    assert [event["event"] for event in logs] == ["defect", "down"], "told once, not with each attempt"
    assert logs[0]["exc_info"] is error


async def test_one_that_cancels_itself_has_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    script = Script(monkeypatch, [asyncio.CancelledError(), asyncio.CancelledError()])
    await script.run()
    assert script.pauses == [1, 2]


async def test_a_cancellation_from_outside_is_not_swallowed() -> None:
    started = asyncio.Event()

    async def work(_: Callable[[], None]) -> None:
        started.set()
        await asyncio.get_running_loop().create_future()

    task = asyncio.create_task(Supervised("link plc", work, PAUSES, lambda _: None).run())
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_what_only_a_person_can_mend_is_parked() -> None:
    told: list[str] = []
    runs = 0

    async def work(_: Callable[[], None]) -> None:
        nonlocal runs
        runs += 1
        raise PermanentError("no such port")

    supervised = Supervised("link plc", work, PAUSES, told.append)
    task = asyncio.create_task(supervised.run())
    for _ in range(10):
        await asyncio.sleep(0)
    assert (supervised.phase, supervised.fault, told, runs) == (Phase.PARKED, "no such port", ["no such port"], 1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


@pytest.mark.parametrize("error", [PermanentError, EndpointError, Unheard, ValueError])
async def test_a_secret_that_the_far_end_repeats_is_not_told_on(
    monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    monkeypatch.setattr(log, "_hidden", ["hunter2"])
    told = Told(error("login hunter2 refused"))
    task = asyncio.create_task(told.supervised.run())
    await told.run_for(1)
    assert (told.supervised.fault or "").endswith("login *** refused")
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_repeated_fault_is_told_once_and_then_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    script = Script(monkeypatch, [*[AdapterError("no answer")] * 5, AdapterError("refused"), "up"])
    logs = await script.run()
    assert [(event["event"], event.get("reason")) for event in logs] == [
        ("down", "no answer"),
        ("down", "refused"),
        ("up", None),
        ("down", "lost"),
    ]
    assert logs[2]["untold_failures"] == 4


async def test_the_phase_says_where_it_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    script = Script(monkeypatch, [AdapterError("no"), "up"])
    assert script.supervised.phase is Phase.STARTING
    await script.run()
    assert script.phases == [Phase.WAITING] * 2
    assert script.supervised.fault == "lost"


@pytest.mark.parametrize("error", [OSError("port"), AdapterError("lost"), EndpointError("lost"), Renewed("x")])
async def test_a_clean_up_that_raises_does_not_swallow_a_cancellation(error: Exception) -> None:
    began = asyncio.Event()

    async def work(_up: Callable[[], None]) -> None:
        began.set()
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            raise error

    task = asyncio.create_task(Supervised("link plc", work, PAUSES, lambda _: None).run())
    await began.wait()
    task.cancel()
    await asyncio.wait([task], timeout=5)
    assert task.cancelled()


async def test_what_was_renewed_begins_anew_at_once_and_has_not_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    script = Script(monkeypatch, ["renewed", "renewed", "renewed"])
    logs = await script.run()
    assert (script.pauses, script.down, script.supervised.failures) == ([], [], 0)
    assert {"event": "renewed", "name": "link plc", "reason": "the token ends", "log_level": "info"} in logs


async def test_renewed_again_and_again_though_it_never_served_it_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    script = Script(monkeypatch, [Renewed("a"), Renewed("b"), Renewed("c"), Renewed("d")])
    await script.run()
    assert script.pauses == [1, 2, 4]
    assert script.down[0] == "renewed again before it served: b"


@pytest.mark.parametrize(("apart_s", "pauses"), [(RENEWED_APART_S - 0.1, 2), (RENEWED_APART_S, 1)])
async def test_renewals_that_are_apart_are_none_of_that(
    monkeypatch: pytest.MonkeyPatch, apart_s: float, pauses: int
) -> None:
    apart = Reconnect.model_validate({"min": f"{apart_s}s", "max": "60s"})
    script = Script(monkeypatch, [Renewed("a"), AdapterError("no"), Renewed("b")], apart)
    await script.run()
    assert len(script.pauses) == pauses


async def test_an_attempt_that_began_before_it_was_told_to_try_again_is_followed_by_another_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    script = Script(monkeypatch, [AdapterError("no"), AdapterError("no"), "retried", AdapterError("no")])
    await script.run()
    assert script.pauses == [1, 2, 1]


class Told:
    """Something that fails each time, and can be waited for."""

    def __init__(self, error: Exception) -> None:
        self.runs = 0
        self._error = error
        self._changed = asyncio.Event()
        hours = Reconnect.model_validate({"min": "1h", "max": "1h"})
        self.supervised = Supervised("endpoint cloud", self.work, hours, lambda _: None)

    async def work(self, _: Callable[[], None]) -> None:
        self.runs += 1
        self._changed.set()
        raise self._error

    async def run_for(self, runs: int) -> None:
        async with asyncio.timeout(HANG_S):
            while self.runs < runs:
                self._changed.clear()
                await self._changed.wait()
        for _ in range(5):
            await asyncio.sleep(0)


@pytest.mark.parametrize("error", [PermanentError("no such port"), EndpointError("refused")])
async def test_told_to_try_again_what_is_parked_or_waits_tries_at_once(error: Exception) -> None:
    told = Told(error)
    task = asyncio.create_task(told.supervised.run())
    for runs in (1, 2, 3):
        await told.run_for(runs)
        assert told.runs == runs
        assert told.supervised.phase in {Phase.PARKED, Phase.WAITING}
        told.supervised.retry()
    await told.run_for(4)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
