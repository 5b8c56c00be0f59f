"""Which commands were claimed, how they ended, and how long that is remembered."""

from pathlib import Path

import pytest

from gateway.commands import journal as module
from gateway.commands.audit import NOT_KNOWN
from gateway.commands.journal import Journal
from gateway.model import Result, ResultStatus
from gateway.outbox.disk.store import StoreError
from tests.outbox.setup import Rig, opened

DONE = Result(ResultStatus.DONE, {"setpoint": 55.0, "mode": "auto", "count": 7, "open": True})
NOW_MS = 1_763_888_462_000


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "outbox.db"


async def finish(rig: Rig, journal: Journal, command: str, now_ms: int = NOW_MS) -> None:
    entry = rig.outbox.numbered("result", "d", lambda _: b"{}")
    await journal.finish(command, DONE, now_ms, entry)
    rig.outbox.adopt(entry)


async def test_a_command_is_known_from_its_claim_on(path: Path) -> None:
    async with opened(path) as rig:
        journal = Journal(rig.outbox.store, 1e9, 10**9)
        assert await journal.find("c") is None
        await journal.claim("c", "boiler", NOW_MS, NOT_KNOWN)
        assert await journal.find("c") == ("boiler", None)
        await finish(rig, journal, "c")
        assert await journal.find("c") == ("boiler", DONE)
        rig.assert_counted()


async def test_an_id_can_be_claimed_once(path: Path) -> None:
    async with opened(path) as rig:
        journal = Journal(rig.outbox.store, 1e9, 10**9)
        await journal.claim("c", "boiler", NOW_MS, NOT_KNOWN)
        with pytest.raises(StoreError):
            await journal.claim("c", "boiler", NOW_MS, NOT_KNOWN)


async def test_what_is_not_finished_is_found_oldest_first(path: Path) -> None:
    async with opened(path) as rig:
        journal = Journal(rig.outbox.store, 1e9, 10**9)
        for at, command in enumerate(("b", "a", "c")):
            await journal.claim(command, "boiler", NOW_MS + at, NOT_KNOWN)
        await finish(rig, journal, "a")
        assert await journal.unfinished() == [("b", "boiler", NOT_KNOWN), ("c", "boiler", NOT_KNOWN)]


async def test_what_is_too_old_is_forgotten_but_not_what_is_under_way(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PRUNE_EVERY", 2)
    async with opened(path) as rig:
        journal = Journal(rig.outbox.store, 60.0, 10**9)
        await journal.claim("old", "boiler", NOW_MS, NOT_KNOWN)
        await finish(rig, journal, "old")
        await journal.claim("under way", "boiler", NOW_MS, NOT_KNOWN)
        await journal.claim("edge", "boiler", NOW_MS + 60_000, NOT_KNOWN)
        assert await journal.find("old") is not None, "just young enough"
        await finish(rig, journal, "edge")
        await journal.claim("new", "boiler", NOW_MS + 60_001, NOT_KNOWN)
        await journal.claim("newer", "boiler", NOW_MS + 60_001, NOT_KNOWN)
        assert await journal.find("old") is None
        assert await journal.find("edge") is not None
        assert await journal.find("under way") == ("boiler", None)


@pytest.mark.parametrize("years", [10, -10])
async def test_a_clock_that_is_wrong_after_a_restart_makes_it_forget_nothing(path: Path, years: int) -> None:
    year_ms = 365 * 86_400_000
    async with opened(path) as rig:
        before = Journal(rig.outbox.store, 60.0, 10**9)
        await before.claim("old", "boiler", NOW_MS, NOT_KNOWN)
        await finish(rig, before, "old")
        after = Journal(rig.outbox.store, 60.0, 10**9)
        assert await after.find("new") is None
        await after.claim("new", "boiler", NOW_MS + years * year_ms, NOT_KNOWN)
        await finish(rig, after, "new", NOW_MS + years * year_ms)
        again = Journal(rig.outbox.store, 60.0, 10**9)
        assert await again.find("newest") is None
        await again.claim("newest", "boiler", NOW_MS, NOT_KNOWN)
        assert [await again.find(command) for command in ("old", "new")] == [("boiler", DONE)] * 2


async def test_ages_go_on_after_a_restart(path: Path) -> None:
    async with opened(path) as rig:
        before = Journal(rig.outbox.store, 60.0, 10**9)
        await before.claim("old", "boiler", NOW_MS, NOT_KNOWN)
        await finish(rig, before, "old", NOW_MS + 50_000)
        after = Journal(rig.outbox.store, 60.0, 10**9)
        assert await after.unfinished() == []
        await after.finish("nothing", DONE, NOW_MS + 90_000, None)
        await after.claim("new", "boiler", NOW_MS + 101_000, NOT_KNOWN)
        assert await after.find("old") is None


async def test_of_too_many_the_oldest_are_forgotten(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PRUNE_EVERY", 2)
    async with opened(path) as rig:
        journal = Journal(rig.outbox.store, 1e9, 2000)
        for number in range(40):
            await journal.claim(f"c-{number:03}", "boiler", NOW_MS + number, NOT_KNOWN)
            await finish(rig, journal, f"c-{number:03}")
        await journal.claim("last", "boiler", NOW_MS + 100, NOT_KNOWN)
        rows = rig.query(
            "SELECT id, length(result) + length(id) + length(asked) + 64 FROM journal WHERE result IS NOT NULL"
        )
        kept = sorted(name for name, _ in rows)
        assert kept == [f"c-{number:03}" for number in range(40 - len(kept), 40)]
        assert 2000 - 200 <= sum(size for _, size in rows) <= 2000


async def test_limits_that_can_not_be_held_now_do_not_undo_a_claim(path: Path) -> None:
    async with opened(path) as rig:
        journal = Journal(rig.outbox.store, 60.0, 10**9)
        rig.query("CREATE TRIGGER refuse BEFORE DELETE ON journal BEGIN SELECT RAISE(ABORT, 'refused'); END")
        rig.query("INSERT INTO journal VALUES ('old', 'boiler', 0, 0, x'7b7d', NULL)")
        await journal.claim("c", "boiler", NOW_MS, NOT_KNOWN)
        assert await journal.find("c") == ("boiler", None)
        rig.query("DROP TRIGGER refuse")
