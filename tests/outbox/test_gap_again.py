"""A gap that has to go itself, before it was ever on disk."""

from pathlib import Path

import pytest

from gateway.endpoints.payload import Encoder
from gateway.model import Gap, GapReason
from gateway.outbox import staging
from tests.outbox.setup import opened


async def test_a_gap_that_has_to_go_from_memory_is_told_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(staging, "STAGING_ENVELOPES", 3)
    async with opened(tmp_path / "outbox.db", commit_interval="60s") as rig:
        outbox, encoder = rig.outbox, Encoder("gw", "cloud", rig.outbox.session)
        for _ in range(5):
            rig.stage()

        def tell(gap: Gap) -> None:
            outbox.stage("gap", "", encoder.gap(outbox.next_seq, 0, gap))

        outbox.on_gap = tell
        outbox.tell_losses()
        for _ in range(3):
            rig.stage("result")

        outbox.on_gap = rig.told
        outbox.tell_losses()

    told = {(gap.reason, gap.count, gap.first_seq) for gap in rig.gaps}
    assert told == {(GapReason.OVERFLOW, 6, 1)}, "all five readings, and the gap itself"
