"""An outbox file with many rows, written quickly: readings of 100 values as the fleet would have served them.

Every row has a poll number of its own, so that each that arrives can be checked and counted.
"""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path

from gateway.endpoints.payload import Encoder, Format, encoder_for
from gateway.outbox.disk.rows import insert_statements
from gateway.outbox.disk.store import Store
from gateway.outbox.entry import READING, Entry
from scripts.bench.signals import Frame, frame_of

OLD_DEVICE = 1000
"""Above every device of the fleet."""
POLLS = 1000
"""Windows of the table that are used: rows differ in the upper half of their poll number."""
AGE_S = 3600
"""How long ago the first of them was read."""
IDS_PER_SESSION = 1_000_000
CHUNK = 20_000


def prefill(path: Path, rows: int, form: Format = "fieldgate") -> None:
    """Make the file, with so many readings in it."""
    asyncio.run(_create(path))
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("PRAGMA synchronous=OFF")
        entries = readings(rows, form)
        while chunk := list(islice(entries, CHUNK)):
            db.execute("BEGIN")
            for sql, parameters in insert_statements(chunk):
                db.executemany(sql, parameters)
            db.execute("COMMIT")
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")


async def _create(path: Path) -> None:
    store = Store(path)
    await store.open(time.time() - 2 * AGE_S)
    await store.close(clean=True)


def readings(rows: int, form: Format = "fieldgate") -> Iterator[Entry]:
    """So many, oldest first."""
    began_s = int(time.time()) - AGE_S
    device, first_id = f"d{OLD_DEVICE}", began_s * IDS_PER_SESSION
    frame = frame_of("uint16")
    templates = [_template(frame, encoder_for(form, "bench", "cloud", began_s), poll) for poll in range(POLLS)]
    for number in range(rows):
        high, low = divmod(number, POLLS)
        payload = templates[low] % {b"seq": number + 1, b"high": high}
        time_ms = began_s * 1000 + number * AGE_S * 1000 // rows
        yield Entry(first_id + number + 1, began_s, number + 1, READING, device, time_ms, payload)


def _template(frame: Frame, encoder: Encoder, poll: int) -> bytes:
    """With places for the number, in an event's id too, and for the upper half of the poll."""
    payload = sample(frame, encoder, 0, OLD_DEVICE, poll)
    places = {b'-0","source":': b'-%(seq)d","source":', b'"seq":0,': b'"seq":%(seq)d,', b'"r0":0,': b'"r0":%(high)d,'}
    for empty, place in places.items():
        payload = payload.replace(empty, place)
    return payload


def sample(frame: Frame, encoder: Encoder, seq: int, device: int, poll: int) -> bytes:
    """What one poll of one device gives."""
    time_us = time.monotonic_ns() // 1000
    start = frame.start(device, poll)
    words = memoryview(frame.pack(poll, time_us))
    marks = [int.from_bytes(words[at : at + 2]) for at in range(0, len(words), 2)]
    values = [*marks, *frame.expected[start : start + frame.values]]
    names = (f"r{number}" for number in range(len(values)))
    return encoder.reading(seq, f"d{device}", int(time.time() * 1000), dict(zip(names, values, strict=True)), {})
