"""Rows read from a file's bytes are those that SQLite reads."""

import random
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from zlib import crc32

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.outbox.disk import opening
from gateway.outbox.disk.opening import make
from gateway.outbox.disk.rows import INSERT, row_of
from gateway.outbox.disk.wreck import Wreck, committed
from gateway.outbox.entry import Entry
from gateway.outbox.format import wal
from gateway.outbox.format.pages import (
    MAGIC,
    MAP_ENTRY_BYTES,
    MAX_OVERFLOW_PAGES,
    PAGE_BYTES,
    ReadPage,
    envelopes,
    free_list,
    is_map,
    map_of,
)
from gateway.outbox.format.pages import settings as settings_in
from tests.support.examples import examples

KINDS = ("reading", "reading", "reading", "status", "birth", "gap", "result")


@contextmanager
def database(*, vacuum: bool = True) -> Iterator[tuple[Path, sqlite3.Connection]]:
    """An outbox file with its log, open; `vacuum`: its empty pages can be handed back one by one."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "outbox.db"
        make(path, {})
        with closing(sqlite3.connect(path, isolation_level=None)) as db:
            db.execute(f"PRAGMA auto_vacuum={'INCREMENTAL' if vacuum else 'NONE'}")
            db.execute("VACUUM")
            db.execute("PRAGMA journal_mode=WAL")
            db.execute("PRAGMA synchronous=OFF")
            yield path, db


def entry(number: int, payload: bytes = b"{}", kind: str = "reading", ahead_ms: int | None = None) -> Entry:
    return Entry(number, 7, number, kind, "d-é", 1_763_888_462_000 + number, payload, ahead_ms=ahead_ms)


def put(db: sqlite3.Connection, entries: list[Entry]) -> None:
    db.executemany(INSERT, [row_of(each) for each in entries])


def contents(entries: list[Entry]) -> set[tuple[object, ...]]:
    return {row_of(each) for each in entries}


def as_sqlite_sees(db: sqlite3.Connection) -> set[tuple[object, ...]]:
    columns = "id, session, seq, kind, device, time_ms, payload, crc, ahead_ms"
    return set(db.execute(f"SELECT {columns} FROM envelope"))


def as_bytes_say(path: Path) -> set[tuple[object, ...]]:
    with Wreck(path) as wreck:
        return contents([each for number in wreck.numbers for each in wreck.envelopes(number).entries])


def build(db: sqlite3.Connection, rng: random.Random, rounds: int, largest: int) -> None:
    """Rows come and go."""
    number = rng.choice([0, 2**31, 2**53])
    for _ in range(rounds):
        count = rng.randrange(1, 80)
        sizes = [int(largest * rng.random() ** 3) for _ in range(count)]
        ahead = [rng.choice([None, 0, 1, -5, 2**40]) for _ in range(count)]
        put(
            db,
            [
                entry(number + n, rng.randbytes(size), rng.choice(KINDS), ahead[n - 1])
                for n, size in enumerate(sizes, 1)
            ],
        )
        number += count
        (lowest,) = db.execute("SELECT min(id) FROM envelope").fetchone()
        gone = rng.choice(
            ["id % 3 = 0", f"id < {lowest + count // 2}", "0", "kind <> 'reading'", "length(payload) > 9000"]
        )
        db.execute(f"DELETE FROM envelope WHERE {gone}")
        if rng.random() < 0.2:
            db.execute("PRAGMA incremental_vacuum(50)").fetchall()
        if rng.random() < 0.2:
            db.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()


@settings(max_examples=examples(60))
@given(st.integers(0, 2**32), st.integers(1, 12), st.sampled_from([50, 500, 5000, 20_000]), st.booleans())
def test_what_the_bytes_say_is_what_sqlite_sees(seed: int, rounds: int, largest: int, vacuum: bool) -> None:
    with database(vacuum=vacuum) as (path, db):
        build(db, random.Random(seed), rounds, largest)
        assert as_bytes_say(path) == as_sqlite_sees(db)
        with Wreck(path) as wreck:
            assert not any(wreck.envelopes(number).damaged for number in wreck.numbers)


@settings(max_examples=examples(40))
@given(st.integers(0, 2**32), st.booleans())
def test_pages_not_in_use_are_those_that_sqlite_counts(seed: int, vacuum: bool) -> None:
    with database(vacuum=vacuum) as (path, db):
        build(db, random.Random(seed), 8, 5000)
        (free,) = db.execute("PRAGMA freelist_count").fetchone()
        (pages,) = db.execute("PRAGMA page_count").fetchone()
        with Wreck(path) as wreck:
            assert list(wreck.numbers) == list(range(1, pages + 1))
            maps = {number for number in wreck.numbers if vacuum and is_map(number)}
            assert sum(1 for number in wreck.numbers if number not in maps and wreck.is_free(number)) == free


@pytest.mark.parametrize(("number", "expected"), [(2, 2), (3, 2), (821, 2), (822, 822), (823, 822), (1642, 1642)])
def test_a_map_is_where_sqlite_puts_it(number: int, expected: int) -> None:
    assert PAGE_BYTES // MAP_ENTRY_BYTES == 819
    assert map_of(number) == expected


def test_a_transaction_under_way_is_not_there_yet() -> None:
    with database() as (path, db):
        put(db, [entry(1)])
        db.execute("PRAGMA cache_size=2")
        db.execute("BEGIN")
        put(db, [entry(number, bytes(3000)) for number in range(2, 60)])
        assert len(path.with_name("outbox.db-wal").read_bytes()) > 20 * PAGE_BYTES
        assert {row[0] for row in as_bytes_say(path)} == {1}
        db.execute("ROLLBACK")


def test_rows_of_the_first_schema_have_a_column_less() -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "outbox.db"
        with closing(sqlite3.connect(path, isolation_level=None)) as db:
            db.execute("PRAGMA auto_vacuum=INCREMENTAL")
            db.executescript((Path(opening.__file__).parent / "schema" / "001.sql").read_text())
            old = entry(5, b"payload")
            row = (*row_of(old)[:7], crc32(b"payload"))
            db.execute("INSERT INTO envelope VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
            db.execute("INSERT INTO dead VALUES (?, ?, ?, ?, ?, ?, ?, ?, 153, 'refused')", row)
        assert as_bytes_say(path) == contents([old])


def test_dead_letters_do_not_wait() -> None:
    with database() as (path, db):
        db.execute(f"INSERT INTO dead VALUES ({', '.join('?' * 11)})", (*row_of(entry(1))[:8], 153, "refused", None))
        put(db, [entry(2)])
        assert {row[0] for row in as_bytes_say(path)} == {2}
        with Wreck(path) as wreck:
            assert not any(wreck.envelopes(number).damaged for number in wreck.numbers)


def test_the_settings_are_found_without_the_schema() -> None:
    with database() as (path, db):
        db.execute("UPDATE meta SET value = 123456789012 WHERE key = 'bytes'")
        with Wreck(path) as wreck:
            assert wreck.meta() == dict(db.execute("SELECT key, value FROM meta"))


@given(st.binary(max_size=PAGE_BYTES), st.integers(0, 2**32))
def test_garbage_holds_nothing_and_raises_nothing(data: bytes, seed: int) -> None:
    page = (b"\x0d" + data).ljust(PAGE_BYTES, b"\0")[:PAGE_BYTES]
    assert envelopes(page, lambda _: page).entries == []
    assert envelopes(b"\x0d" + random.Random(seed).randbytes(PAGE_BYTES - 1), lambda _: page).entries == []
    settings_in(b"\x0a" + page[1:], lambda _: page)


@settings(max_examples=examples(60))
@given(st.integers(0, 2**32))
def test_what_is_read_from_a_damaged_page_is_never_wrong(seed: int) -> None:
    rng = random.Random(seed)
    with database() as (path, db):
        put(db, [entry(number, rng.randbytes(rng.choice([10, 300, 6000]))) for number in range(1, 60)])
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        written = as_sqlite_sees(db)
        data = bytearray(path.read_bytes())
        for _ in range(rng.choice([1, 10, 1000])):
            data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        other = path.with_name("damaged.db")
        other.write_bytes(data)
        assert as_bytes_say(other) <= written


def test_the_log_says_which_of_its_frames_count() -> None:
    with database() as (path, db):
        put(db, [entry(1, bytes(30_000))])
        first = committed(path)
        assert first[-1].pages > 0
        db.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
        put(db, [entry(2, bytes(9000))])
        assert len(committed(path)) < len(first), "frames of the log before are still there, with other salts"
        with path.with_name("outbox.db-wal").open("rb") as log_file:
            data = log_file.read()

    def read(at: int, size: int) -> bytes:
        return data[at : at + size]

    log = wal.read_log(read, PAGE_BYTES)
    assert log is not None
    assert log.is_whole
    assert all(wal.is_whole(read, log, frame.number) for frame in wal.frames(read, log))
    at = wal.data_offset(log, 1) + 100
    data = data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
    assert not wal.is_whole(read, log, 1)
    assert wal.is_whole(read, log, 2), "each frame is judged by itself"


LEAST_LOCAL_BYTES = 489
"""Of a row with overflow pages (section 1.6)."""


def hostile_leaf(offsets: list[int]) -> bytes:
    """Every cell says that it is a row of almost 64 MiB, which goes on in page 2."""
    page = bytearray(PAGE_BYTES)
    page[0], page[3:5] = 0x0D, len(offsets).to_bytes(2, "big")
    page[8 : 8 + 2 * len(offsets)] = b"".join(at.to_bytes(2, "big") for at in offsets)
    size = LEAST_LOCAL_BYTES + (PAGE_BYTES - 4) * 16_000
    head = bytes([size >> 21 | 0x80, size >> 14 & 0x7F | 0x80, size >> 7 & 0x7F | 0x80, size & 0x7F, 1])
    for at in offsets:
        page[at : at + len(head) + 1] = head + b"\x09"
        pointer = at + len(head) + LEAST_LOCAL_BYTES
        page[pointer : pointer + 4] = b"\0\0\0\2"
    return bytes(page)


def chain(reads: list[int]) -> ReadPage:
    """Overflow pages without an end."""

    def read(number: int) -> bytes:
        reads.append(number)
        return (number + 1).to_bytes(4, "big") + bytes(PAGE_BYTES - 4)

    return read


@pytest.mark.parametrize("offsets", [[1200] * 500, list(range(1200, 1600, 16))])
def test_cells_that_all_point_to_the_same_pages_are_read_only_so_often(offsets: list[int]) -> None:
    reads: list[int] = []
    assert envelopes(hostile_leaf(offsets), chain(reads)).entries == []
    assert 0 < len(reads) <= MAX_OVERFLOW_PAGES


def test_a_free_list_longer_than_its_file_is_not_read() -> None:
    reads: list[int] = []
    header = bytearray(PAGE_BYTES)
    header[:16], header[32:40] = MAGIC, b"\x00\x00\x00\x02\x10\x00\x00\x00"

    def read(number: int) -> bytes:
        reads.append(number)
        return bytes(header) if number == 1 else (number + 1).to_bytes(4, "big") + bytes(PAGE_BYTES - 4)

    assert free_list(read, 1000) == set()
    assert reads == [1]
