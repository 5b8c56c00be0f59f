"""What can be read of a damaged file comes back as it was; what is lost is told."""

import asyncio
import os
import random
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from gateway.model import Gap, GapReason
from gateway.outbox.disk.aside import DONE, Kind, asides, log_of, set_aside
from gateway.outbox.disk.rows import INSERT, row_of
from gateway.outbox.disk.wreck import Wreck
from gateway.outbox.entry import Entry
from gateway.outbox.format.pages import envelopes
from gateway.outbox.rescue import rescue as rescue_module
from gateway.outbox.rescue.adoption import take_over
from gateway.outbox.rescue.rescue import Rescue
from tests.outbox.setup import WALL_S, Rig, opened, query
from tests.outbox.wrecks import (
    PAGE,
    SESSION,
    as_rows,
    build,
    entry,
    eventually,
    flip,
    flip_all,
    in_time,
    is_over,
    meta,
    overwrite,
    own,
    rescued,
    rescuing,
    some,
)
from tests.support.examples import examples

HEAD = 32 + 24
"""Of a log: its header and that of its first frame, without which nobody can tell which of its frames count."""

KINDS = ("reading", "reading", "reading", "status", "result")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "outbox-cloud.db"


def no_header(path: Path) -> None:
    overwrite(path, 0, bytes(100))


@pytest.mark.parametrize("log", [True, False])
@pytest.mark.parametrize("payload_bytes", [50, 3000, 20_000])
async def test_rows_behind_a_broken_header_come_back_as_they_were(path: Path, log: bool, payload_bytes: int) -> None:
    written = some(600, payload_bytes, KINDS)
    build(path, written, log=log)
    no_header(path)
    flip(log_of(path), 20) if log else None
    assert await rescued(path) == as_rows(written)


async def test_nothing_is_said_to_be_lost_where_nothing_is(path: Path) -> None:
    build(path, some(200), log=False)
    no_header(path)
    async with rescuing(path) as (rig, rescue):
        await is_over(path)
        await rig.settle()
        assert rig.gaps == []
        assert rig.outbox.depth()["lost"] == {}
    assert rescue.state is not None
    assert {"rescued": 200, "lost": 0, "ended": True}.items() <= rescue.state.items()
    assert rescue.state["done"] == rescue.state["pages"] > 5


def leaves(path: Path) -> list[int]:
    """Offsets of pages with rows."""
    data = path.read_bytes()
    pages = range(0, len(data), PAGE)
    return [at for at in pages if envelopes(data[at : at + PAGE], lambda _: None).entries]


async def test_what_is_not_found_is_a_gap_that_says_how_many_and_when(path: Path) -> None:
    written = some(600)
    build(path, written, log=False)
    no_header(path)
    gone = leaves(path)[3:7]
    for at in gone:
        overwrite(path, at, os.urandom(PAGE))
    with capture_logs() as logs:
        async with rescuing(path) as (rig, _):
            await is_over(path)
            await rig.settle()
            back = own(path)
            (gap,) = rig.gaps
    lost = 600 - len(back)
    assert 4 * 10 < lost < 4 * 40
    assert set(back) <= set(as_rows(written))
    assert (gap.reason, gap.count, gap.first_seq, gap.last_seq, gap.device) == ("corrupt", lost, None, None, None)
    assert gap.lost_session == SESSION
    assert gap.first_ms == written[0].time_ms
    assert gap.last_ms >= written[-1].time_ms
    (event,) = [event for event in logs if event["event"] == "outbox file rescued"]
    assert (event["rescued"], event["lost"]) == (len(back), lost)


async def test_how_many_are_lost_is_not_made_up(path: Path) -> None:
    build(path, some(100), log=False)
    os.truncate(path, 0)
    async with rescuing(path) as (rig, rescue):
        await is_over(path)
        await rig.settle()
        (gap,) = rig.gaps
        assert gap.count is None
        assert rescue.state is not None
        assert rescue.state["lost"] is None


async def test_a_rescue_goes_on_where_the_last_process_ended_and_brings_nothing_back_that_was_acknowledged(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rescue_module, "ROWS_AT_ONCE", 40)
    monkeypatch.setattr(rescue_module, "PAGES_AT_ONCE", 2)
    written = some(600)
    build(path, written, log=False)
    no_header(path)
    async with rescuing(path) as (_, _):
        await eventually(lambda: len(own(path)) > 100)
    async with opened(path) as rig:
        acknowledged = await rig.outbox.waiting(readings=True, after=0, before=1 << 60, limit=100)
        for one in acknowledged:
            rig.outbox.acknowledged(one)
        await rig.commit(1)
    assert 100 < len(own(path)) + len(acknowledged) < 600
    assert await rescued(path) == as_rows(written[100:])


async def test_who_reads_the_outbox_is_told(path: Path) -> None:
    build(path, some(600), log=False)
    no_header(path)
    found = asyncio.Event()
    async with opened(path) as rig:
        rig.outbox.on_found = found.set
        task = asyncio.create_task(Rescue(rig.outbox).run())
        async with asyncio.timeout(10):
            await found.wait()
        await is_over(path)
        assert len(await rig.waiting(limit=1000)) == 600
        task.cancel()


@pytest.mark.parametrize("when_full", ["drop-oldest", "drop-newest"])
async def test_what_has_no_room_is_counted_and_results_have(path: Path, when_full: str) -> None:
    written = some(2500, 5000, KINDS)
    build(path, written, log=False)
    no_header(path)
    async with rescuing(path, max_size="4MiB", when_full=when_full) as (rig, _):
        await is_over(path)
        await rig.settle()
        total = rig.outbox.depth()["lost"]
        assert set(total) == {"full"}
        back = own(path)
        assert len(back) + total["full"] == 2500
        assert {row for row in as_rows(written) if row[3] == "result"} <= set(back)


async def test_rows_of_a_damaged_log_come_back(path: Path) -> None:
    written = some(500, 100)
    build(path, written)
    data = log_of(path).read_bytes()
    flip(log_of(path), len(data) // 2)
    async with rescuing(path) as (rig, _):
        before = len(own(path))
        await is_over(path)
        await rig.settle()
        back = own(path)
        assert before < 300
        assert set(back) <= set(as_rows(written))
        assert len(back) >= 470, "what the damaged page itself holds may be lost"
        assert sum(gap.count or 0 for gap in rig.gaps) == 500 - len(back)


async def test_damage_that_shows_at_work_costs_only_what_is_damaged(path: Path) -> None:
    written = some(2000)
    build(path, written, log=False)
    at = leaves(path)[5]
    overwrite(path, at, b"\xff" * PAGE)
    async with rescuing(path) as (rig, _):
        staged = [rig.stage(payload=b"%d" % n) for n in range(10)]
        await rig.commit()
        first = await rig.outbox.waiting(readings=True, after=0, before=1 << 60, limit=10)
        assert [one.id for one in first] != []
        reading = asyncio.create_task(rig.waiting(limit=3000))
        await eventually(lambda: rig.outbox.store.file.number)
        await is_over(path)
        await reading
        rig.stage()
        await in_time(rig, lambda: rig.outbox.depth()["fault"] is None)
        await in_time(rig, lambda: rig.gaps)
        await in_time(rig, lambda: not rig.outbox._staged)
        await eventually(lambda: rig.is_quiet)
        back = own(path)
        lost = 2000 - len(back)
        assert 0 < lost < 40
        assert set(back) <= set(as_rows(written))
        assert {one.id for one in staged} <= set(rig.ids())
        assert [(gap.reason, gap.count, gap.lost_session) for gap in rig.gaps] == [("corrupt", lost, None)]
        rig.assert_counted()


async def test_only_the_newest_files_are_kept_once_they_are_rescued(path: Path) -> None:
    build(path, [entry(1)], log=False)
    for number in range(4):
        no_header(path)
        assert len(await rescued(path, wall_s=WALL_S + number)) == 1
    async with rescuing(path):
        await eventually(lambda: len(asides(path)) == 2)
    keys = [key for key in meta(path) if key.startswith(("rescue-", "missing-"))]
    assert len(keys) <= 4


async def test_a_file_that_was_rescued_is_not_looked_at_again(path: Path) -> None:
    build(path, some(10), log=False)
    no_header(path)
    await rescued(path)
    (aside,) = asides(path)
    assert meta(path)[aside.next_key] == DONE
    query(path, "DELETE FROM envelope")
    assert await rescued(path) == []


def remove(path: Path) -> None:
    for file in (path, log_of(path)):
        file.unlink(missing_ok=True)


def deliver(path: Path) -> None:
    """As if everything had been acknowledged."""
    query(path, "DELETE FROM envelope")
    query(path, "UPDATE meta SET value = 0 WHERE key IN ('rows', 'bytes')")


async def test_a_file_that_was_rescued_before_it_could_be_seen_by_its_name_is_known(path: Path) -> None:
    build(path, some(10), log=False)
    no_header(path)
    await rescued(path)
    (aside,) = asides(path)
    aside.path.rename(path.with_name(aside.path.name.removesuffix(".rescued")))
    deliver(path)
    assert await rescued(path) == []
    assert asides(path) == [aside]


async def all_back(path: Path) -> Rig:
    """One session that takes over and rescues what there is."""
    async with opened(path) as rig:
        await take_over(rig.outbox)
    async with rescuing(path) as (rig, _):
        await is_over(path)
    return rig


@pytest.mark.parametrize("kind", ["corrupt", "memory"])
@pytest.mark.parametrize("is_gone", [True, False])
async def test_what_was_rescued_does_not_come_back_once_the_file_has_lost_all_word_of_it(
    path: Path, kind: Kind, is_gone: bool
) -> None:
    build(path, some(10), log=False)
    query(path, "INSERT INTO loss VALUES ('full', 7, NULL, 3, 1, 3, 5, 6)")
    query(path, "INSERT INTO lost VALUES ('full', 3)")
    set_aside(path, kind, WALL_S - 100)
    rig = await all_back(path)
    assert len(own(path)) == 10
    assert rig.outbox.depth()["lost"]["full"] == 3
    deliver(path)
    query(path, "DELETE FROM lost")
    query(path, "DELETE FROM meta WHERE key LIKE 'rescue-%'")
    if is_gone:
        remove(path)
    rig = await all_back(path)
    assert own(path) == []
    assert "full" not in rig.outbox.depth()["lost"]


async def test_dead_letters_stay_in_the_file(path: Path) -> None:
    build(path, some(10), log=False)
    columns = "id, session, seq, kind, device, time_ms, payload, crc"
    query(path, f"INSERT INTO dead SELECT {columns}, 153, 'no', ahead_ms FROM envelope")
    query(path, "DELETE FROM envelope WHERE id % 2 = 0")
    query(path, "UPDATE meta SET value = 5 WHERE key = 'rows'")
    no_header(path)
    async with rescuing(path) as (rig, _):
        await is_over(path)
        await rig.settle()
        assert rig.gaps == []
        assert len(own(path)) == 5


def flips(rng: random.Random, file: Path) -> None:
    size = file.stat().st_size
    flip_all(file, [(rng.randrange(size), 1 << rng.randrange(8)) for _ in range(rng.choice([1, 3, 30]))])


def zeros(rng: random.Random, file: Path) -> None:
    at = rng.randrange(file.stat().st_size)
    overwrite(file, at, bytes(min(rng.choice([16, 512, PAGE, 5 * PAGE]), file.stat().st_size - at)))


def cuts(rng: random.Random, file: Path) -> None:
    os.truncate(file, rng.randrange(file.stat().st_size))


def noise(rng: random.Random, file: Path) -> None:
    at = rng.randrange(file.stat().st_size) // 512 * 512
    overwrite(file, at, rng.randbytes(min(512, file.stat().st_size - at)))


Damage = Callable[[random.Random, Path], None]


@settings(max_examples=examples(40))
@example(142, flips, False, False).via("a key that is now another row's")
@example(330, zeros, False, False).via("a row without a payload")
@example(1218, flips, False, False).via("a column of another name")
@example(5000193, zeros, True, True).via("a log that lacks frames after its newest counters")
@example(99, noise, False, False).via("a row that says it is larger than SQLite can read")
@example(200002982, zeros, False, False).via("a row without a payload whose seal is zeros")
@given(st.integers(0, 2**32), st.sampled_from([flips, zeros, cuts, noise]), st.booleans(), st.booleans())
def test_whatever_happens_to_the_bytes_it_opens_and_brings_back_what_is_whole(
    seed: int, damage: Damage, in_log: bool, has_log: bool
) -> None:
    asyncio.run(_fuzz(seed, damage, in_log=in_log and has_log, has_log=has_log))


async def _fuzz(seed: int, damage: Damage, *, in_log: bool, has_log: bool) -> None:
    rng = random.Random(seed)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "outbox-cloud.db"
        written = some(rng.randrange(1, 400), rng.choice([30, 500, 9000]), KINDS)
        build(path, written, log=has_log, each=rng.choice([5, 50, 400]))
        needs = needed(path)
        whole = {file: file.read_bytes() for file in (path, log_of(path))}
        damage(rng, log_of(path) if in_log else path)
        changed = differences(whole)
        async with rescuing(path) as (rig, _):
            known = None
            while known != asides(path):
                known = asides(path)
                await is_over(path)
                back = await everything(rig)
            await rig.settle()
            lost = rig.outbox.depth()["lost"]
        assert {row_of(one) for one in back} <= {row_of(one) for one in written}, "no wrong row, ever"
        if not changed & {"log head", "log end"}:
            sure = {row_id for row_id, places in needs.items() if not places & changed}
            assert sure <= {one.id for one in back}
            assert len(back) == len(written) or lost


async def everything(rig: Rig) -> list[Entry]:
    """As who sends it: until nothing is hidden."""
    found = dict[int, Entry]()

    async def read() -> None:
        for readings in (True, False):
            some = await rig.outbox.waiting(readings=readings, after=0, before=1 << 60, limit=10**6)
            found.update({one.id: one for one in some})

    async with asyncio.timeout(20):
        await read()
        audit = rig.outbox.audit(lambda: set(found))
        while not await audit.is_passed(1 << 60, 1 << 60):
            await read()
    return [one for one in found.values() if one.session == SESSION]


def needed(path: Path) -> dict[int, set[object]]:
    """By row, the places of all pages that its page's rows lie on."""
    needs = dict[int, set[object]]()
    with Wreck(path) as wreck:

        def place(number: int) -> object:
            frames = wreck._versions.get(number)
            return ("frame", frames[-1]) if frames else ("page", number)

        for number in wreck.numbers:
            places = {place(number)}

            def read(of: int, places: set[object] = places) -> bytes | None:
                places.add(place(of))
                return wreck.page(of)

            page = wreck.page(number)
            assert page is not None
            if not wreck.is_free(number):
                needs |= {one.id: places for one in envelopes(page, read).entries}
    return needs


def differences(whole: dict[Path, bytes]) -> set[object]:
    """Which places are not as they were.

    A log whose end is damaged is as that of a process that was killed before its last transaction ended.
    """
    (file, before), (log, log_before) = whole.items()
    changed = set[object]()
    now, log_now = file.read_bytes(), log.read_bytes()
    for at in range(0, len(before), PAGE):
        if before[at : at + PAGE] != now[at : at + PAGE]:
            changed.add(("page", at // PAGE + 1))
    if log_before[:HEAD] != log_now[:HEAD]:
        changed.add("log head")
    for number, at in enumerate(range(32, len(log_before), PAGE + 24), 1):
        if log_before[at : at + PAGE + 24] != log_now[at : at + PAGE + 24]:
            changed.add(("frame", number))
            if at + PAGE + 24 >= len(log_before):
                changed.add("log end")
    return changed


@pytest.mark.parametrize("told_before", [True, False])
async def test_a_rescue_that_is_done_has_left_word_of_what_is_lost_on_disk(path: Path, told_before: bool) -> None:
    build(path, some(600), log=False)
    no_header(path)
    overwrite(path, leaves(path)[3], bytes(PAGE))
    async with opened(path) as rig:
        if told_before:
            await rig.outbox.lost([Gap(GapReason.CORRUPT, 1, 1, 1, 1, 1)])
        task = asyncio.create_task(Rescue(rig.outbox).run())
        await is_over(path)
        lost = 600 - len(own(path))
        untold = query(path, "SELECT coalesce(sum(count), 0) FROM loss")[0][0]
        words = query(path, "SELECT count(*) FROM envelope WHERE kind = 'gap'")[0][0]
        assert lost > 0
        assert (untold, words) == ((lost, 1) if told_before else (0, 1))
        task.cancel()


async def test_what_had_no_room_is_missing_until_it_is_told(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    build(path, some(2500, 5000), log=False)
    no_header(path)
    async with opened(path, max_size="4MiB") as rig:
        told = asyncio.Event()

        async def cut(_: object) -> None:
            told.set()
            await asyncio.Event().wait()

        monkeypatch.setattr(rig.outbox, "lost", cut)
        task = asyncio.create_task(Rescue(rig.outbox).run())
        async with asyncio.timeout(20):
            await told.wait()
        (aside,) = asides(path)
        assert meta(path)[aside.missing_key] == 2500 - len(own(path))
        task.cancel()


async def test_an_id_that_is_there_already_keeps_no_commit_from_being_made(path: Path) -> None:
    async with rescuing(path) as (rig, _):
        row = (rig.outbox.next_id, *row_of(entry(1))[1:])
        query(path, INSERT, *row)
        query(path, "UPDATE meta SET value = value + 1 WHERE key = 'rows'")
        staged = rig.stage(payload=b"mine")
        await in_time(rig, lambda: not rig.outbox._staged)
        await is_over(path)
        await in_time(rig, lambda: rig.gaps)
        assert query(path, "SELECT payload FROM envelope WHERE id = ?", staged.id) == [(b"mine",)]
        assert [(gap.reason, gap.count) for gap in rig.gaps] == [("corrupt", 1)]
