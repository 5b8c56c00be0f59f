"""One piece of work at a time, never cut in half, and waited for only so long."""

import asyncio

import pytest

from gateway.outbox.disk import turns as module
from gateway.outbox.disk.turns import Hangs, Turns


class Work:
    """What a disk is asked for: done when the test says so."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()
        self.may_end = asyncio.Event()
        self.done = False

    async def __call__(self) -> str:
        self.begun.set()
        await self.may_end.wait()
        self.done = True
        return "done"


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "HANG_S", 0.02)


async def test_what_takes_too_long_is_told_and_done_all_the_same() -> None:
    turns, work = Turns(), Work()
    hung: list[bool] = []
    turns.on_hang = lambda: hung.append(turns.hangs)
    with pytest.raises(Hangs) as caught:
        await turns.take(work, patient=False)
    assert caught.value.begun
    assert hung == [True]
    work.may_end.set()
    other = Work()
    other.may_end.set()
    assert await turns.take(other, patient=True) == "done"
    assert work.done
    assert not turns.hangs


async def test_what_was_not_begun_is_never_done() -> None:
    turns, work, behind = Turns(), Work(), Work()
    first = asyncio.create_task(turns.take(work, patient=True))
    await work.begun.wait()
    with pytest.raises(Hangs) as caught:
        await turns.take(behind, patient=False)
    assert not caught.value.begun
    work.may_end.set()
    assert await first == "done"
    last = Work()
    last.may_end.set()
    await turns.take(last, patient=True)
    assert not behind.begun.is_set()


async def test_while_the_disk_hangs_nobody_waits_but_the_patient() -> None:
    turns, work = Turns(), Work()
    with pytest.raises(Hangs):
        await turns.take(work, patient=False)
    at_once = asyncio.create_task(turns.take(Work(), patient=False))
    patient = asyncio.create_task(turns.take(work, patient=True))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert isinstance(at_once.exception(), Hangs)
    assert not patient.done()
    work.may_end.set()
    assert await patient == "done"


async def test_a_cancelled_caller_cuts_nothing() -> None:
    turns, work = Turns(), Work()
    task = asyncio.create_task(turns.take(work, patient=True))
    await work.begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    work.may_end.set()
    last = Work()
    last.may_end.set()
    await turns.take(last, patient=True)
    assert work.done


async def test_a_failure_that_nobody_waits_for_any_more_is_no_defect() -> None:
    turns, may_fail = Turns(), asyncio.Event()

    async def fail() -> None:
        await may_fail.wait()
        raise OSError("no space")

    with pytest.raises(Hangs):
        await turns.take(fail, patient=False)
    may_fail.set()
    last = Work()
    last.may_end.set()
    assert await turns.take(last, patient=True) == "done"
