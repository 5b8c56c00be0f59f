import asyncio
from pathlib import Path

from gateway.config.models import OutboxSection
from gateway.outbox.disk.store import Store
from gateway.outbox.outbox import Outbox
from scripts.bench.counter import Readings
from scripts.bench.prefill import POLLS, prefill
from scripts.bench.signals import frame_of


def test_an_outbox_finds_every_row_in_order_and_the_counter_knows_each(tmp_path: Path) -> None:
    rows = POLLS + 5
    prefill(tmp_path / "outbox.db", rows)

    async def found() -> list[bytes]:
        outbox = Outbox("cloud", Store(tmp_path / "outbox.db"), OutboxSection())
        await outbox.open()
        assert outbox.depth()["waiting"] == rows
        entries = await outbox.waiting(readings=True, after=0, before=outbox.next_id, limit=2 * rows)
        await outbox.close()
        return [entry.payload for entry in entries]

    readings = Readings(frame_of("uint16"))
    for payload in asyncio.run(found()):
        readings.take(b"bench/bench/d1000/reading", payload, 0)

    polls = list(readings.columns["poll"])
    assert polls == [number // POLLS << 16 | number % POLLS for number in range(rows)]
    assert (readings.wrong, readings.malformed) == (0, 0)
