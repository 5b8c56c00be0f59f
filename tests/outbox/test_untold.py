"""A loss that was counted is told, whatever happens before that."""

import asyncio
import shutil
from pathlib import Path

import pytest

from gateway.endpoints.payload import Encoder
from gateway.model import Gap, GapReason
from gateway.outbox.losses import GAP_PERIOD_S
from tests.outbox.setup import Rig, opened


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "outbox.db"


def pulled(rig: Rig) -> Path:
    """The files as a crash at this moment would leave them."""
    copy = rig.path.with_name("after-the-crash.db")
    for suffix in ("", "-wal"):
        shutil.copy(f"{rig.path}{suffix}", f"{copy}{suffix}")
    return copy


def say_gaps(rig: Rig) -> None:
    """As the intake does, with real envelopes."""
    encoder = Encoder("gw", "cloud", rig.outbox.session)

    def tell(gap: Gap) -> None:
        rig.gaps.append(gap)
        rig.stage("gap", encoder.gap(rig.outbox.next_seq, 0, gap))

    rig.outbox.on_gap = tell


async def fill(rig: Rig, count: int) -> None:
    for _ in range(count):
        for _ in range(100):
            rig.stage(payload=bytes(1000))
        await rig.commit(1.0)


async def test_what_a_crash_leaves_untold_the_next_session_tells(path: Path) -> None:
    async with opened(path, max_size="4MiB") as rig:
        await fill(rig, 50)
        told = sum(gap.count or 0 for gap in rig.gaps)
        lost = rig.outbox.depth()["lost"]["full"]
        assert 0 < told < lost
        crashed, session = pulled(rig), rig.outbox.session
    async with opened(crashed, max_size="4MiB") as rig:
        await rig.commit(0)
        first = rig.gaps[0]
        assert (first.reason, first.count, first.lost_session) == ("full", lost - told, session)
        assert rig.outbox.depth()["lost"]["full"] >= lost


async def test_a_loss_is_forgotten_by_the_commit_that_holds_its_word(path: Path) -> None:
    async with opened(path, max_size="4MiB") as rig:
        await fill(rig, 50)
        rig.clock.advance(GAP_PERIOD_S)
        await rig.settle()
        (row,) = rig.query("SELECT count(*) FROM loss")
        words = rig.query("SELECT count(*) FROM envelope WHERE kind = 'gap'")
        assert row[0] == 0
        assert words[0][0] == len(rig.gaps)


async def test_what_is_dropped_at_the_door_survives_a_crash_too(path: Path) -> None:
    async with opened(path, max_size="4MiB", when_full="drop-newest") as rig:
        await fill(rig, 50)
        lost = rig.outbox.depth()["lost"]["full"]
        assert rig.query("SELECT count FROM lost WHERE reason = 'full'") == [(lost,)]
        assert sum(gap.count or 0 for gap in rig.gaps) + rig.query("SELECT count FROM loss")[0][0] == lost


async def test_a_word_that_has_to_go_itself_is_said_again(path: Path) -> None:
    async with opened(path, max_size="4MiB") as rig:
        say_gaps(rig)
        rig.outbox._cycle.lost([Gap(GapReason.OVERFLOW, 7, 3, 9, 1000, 2000, None, 5)])
        await rig.commit(1.0)
        for _ in range(60):
            for _ in range(100):
                rig.stage("result", bytes(1000))
            await rig.commit(1.0)
        assert rig.outbox.depth()["lost"]["overflow"] == 7, "counted once"
        rig.outbox.tell_losses()
        await rig.commit(0)
        again = [gap for gap in rig.gaps if gap.reason is GapReason.OVERFLOW]
        assert again[0] == again[-1]
        assert len(again) > 1


async def test_a_healthy_uplink_writes_nothing(path: Path) -> None:
    async with opened(path) as rig:
        rig.outbox.acknowledged(rig.stage())
        rig.stage("status")
        await rig.commit(61)
        before = rig.files()
        for _ in range(600):
            rig.outbox.acknowledged(rig.stage())
            rig.clock.advance(1.0)
            await asyncio.sleep(0)
        await rig.outbox.store.rows("SELECT 1")
        assert rig.files() == before
