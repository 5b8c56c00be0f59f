"""`max_size` is what the files take: pages in use and log, whatever the envelopes look like."""

import random
from pathlib import Path

import pytest

from tests.outbox.setup import Rig, opened

MIB = 1024**2


def on_disk(path: Path) -> int:
    """Bytes of the file and its log, as `ls` shows them."""
    return sum(Path(f"{path}{suffix}").stat().st_size for suffix in ("", "-wal"))


async def outage(rig: Rig, size: int, total: int) -> list[int]:
    """So many bytes of readings, in commits of all sizes; the size on disk after each."""
    seen, rng = [], random.Random(size)
    sent = 0
    while sent < total:
        for _ in range(rng.choice((1, 10, 100, 1000))):
            sent += len(rig.stage(payload=rng.randbytes(rng.randint(size // 2, size))).payload)
        await rig.commit(1.0)
        seen.append(on_disk(rig.path))
    return seen


QUICK = [(60, "drop-newest"), (400, "drop-oldest"), (4_200, "drop-oldest"), (20_000, "drop-newest")]
ROWS = [(size, policy) for size in (60, 400, 2_800, 4_200, 20_000) for policy in ("drop-oldest", "drop-newest")]


@pytest.mark.parametrize(
    ("size", "policy"), [row if row in QUICK else pytest.param(*row, marks=pytest.mark.slow) for row in ROWS]
)
async def test_the_files_hold_what_they_may_and_no_more(tmp_path: Path, size: int, policy: str) -> None:
    limit = 4 * MIB
    async with opened(tmp_path / "outbox.db", max_size="4MiB", when_full=policy) as rig:
        seen = await outage(rig, size, limit * 3 // 2)
        assert max(seen) <= limit * 1.05
        assert seen[-1] >= limit * 0.95
        rig.assert_counted()


async def test_a_smaller_limit_than_before_is_reached_in_steps(tmp_path: Path) -> None:
    async with opened(tmp_path / "outbox.db") as rig:
        await outage(rig, 400, 16 * MIB)
    async with opened(tmp_path / "outbox.db", max_size="4MiB") as rig:
        while on_disk(rig.path) > 4 * MIB * 1.05:
            rig.stage()
            await rig.commit(1.0)
        rig.assert_counted()


async def test_dead_letters_take_no_more_than_their_part(tmp_path: Path) -> None:
    async with opened(tmp_path / "outbox.db", max_size="4MiB") as rig:
        for _ in range(600):
            entry = rig.stage(payload=bytes(5000))
            await rig.outbox.set_aside(entry, 0x99, "refused")
        for _ in range(20):
            for _ in range(30):
                rig.stage(payload=bytes(5000))
            await rig.commit(1.0)
        assert rig.query("SELECT sum(length(payload)) FROM dead")[0][0] <= 4 * MIB // 8
        assert on_disk(rig.path) <= 4 * MIB * 1.05
        assert len(await rig.waiting(limit=10_000)) > 300


async def test_handing_room_back_takes_no_more_than_the_size(tmp_path: Path) -> None:
    async with opened(tmp_path / "outbox.db", max_size="12MiB") as rig:
        await outage(rig, 2_000, 14 * MIB)
        peak = 0
        while batch := await rig.outbox.waiting(readings=True, after=0, before=1 << 62, limit=200):
            for entry in batch:
                rig.outbox.acknowledged(entry)
            await rig.commit(1.0)
            peak = max(peak, on_disk(rig.path))
        rig.stage()
        await rig.commit(1.0)
        assert peak <= 12 * MIB * 1.05
        assert on_disk(rig.path) < 2 * MIB
