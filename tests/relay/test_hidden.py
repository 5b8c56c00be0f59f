"""Damage that SQLite does not notice hides rows: what waits is sent all the same, or its loss is told."""

import asyncio
import random
import sqlite3
import struct
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from gateway import backlog
from gateway.outbox.disk.aside import asides
from gateway.outbox.entry import Entry
from gateway.outbox.format.pages import envelopes
from gateway.outbox.rescue.rescue import Rescue
from tests.outbox.setup import query
from tests.outbox.wrecks import PAGE, build, entry, eventually, is_over, overwrite
from tests.relay.setup import RelayRig, relaying

INNER_TABLE = 5

CELLS = 3
"""Where a page's header says how many there are (sqlite.org/fileformat2.html, section 1.6)."""

KINDS = ("reading", "reading", "reading", "status", "result")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "outbox-cloud.db"


def written() -> list[Entry]:
    return [entry(number, b"%d" % number * 20, KINDS[number % len(KINDS)]) for number in range(1, 1001)]


def root_of(path: Path, name: str) -> int:
    with closing(sqlite3.connect(path)) as db:
        (number,) = db.execute("SELECT rootpage FROM sqlite_schema WHERE name = ?", (name,)).fetchone()
        return (int(number) - 1) * PAGE


def leaves(path: Path) -> list[int]:
    data = path.read_bytes()
    return [at for at in range(0, len(data), PAGE) if envelopes(data[at : at + PAGE], lambda _: None).entries]


def fewer_cells(path: Path, at: int, by: int) -> None:
    data = path.read_bytes()
    (cells,) = struct.unpack_from(">H", data, at + CELLS)
    overwrite(path, at + CELLS, struct.pack(">H", cells - by))


def a_leaf_says_it_has_fewer(path: Path) -> None:
    fewer_cells(path, leaves(path)[3], 5)


def an_inner_page_skips_leaves(path: Path) -> None:
    at = root_of(path, "envelope")
    assert path.read_bytes()[at] == INNER_TABLE
    fewer_cells(path, at, 3)


def the_index_knows_of_fewer(path: Path) -> None:
    at = root_of(path, "envelope_first")
    fewer_cells(path, at, 1)


def an_inner_page_has_wrong_keys(path: Path) -> None:
    """Whoever seeks a row goes astray, whoever reads them one after the other does not."""
    at = root_of(path, "envelope")
    data = path.read_bytes()
    pointers = struct.unpack_from(">4H", data, at + 12)
    for pointer in pointers[1:3]:
        key = at + pointer + 4 + 6
        overwrite(path, key, bytes([data[key] ^ 0x40]))


def kinds_are_not_what_they_were(path: Path) -> None:
    data = path.read_bytes()
    for at in leaves(path)[2:4]:
        found = data.index(b"reading", at)
        overwrite(path, found, b"s")


Damage = Callable[[Path], None]


@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize(
    "damage",
    [
        a_leaf_says_it_has_fewer,
        an_inner_page_skips_leaves,
        the_index_knows_of_fewer,
        an_inner_page_has_wrong_keys,
        kinds_are_not_what_they_were,
    ],
)
async def test_what_damage_hides_is_sent_or_told(path: Path, damage: Damage, strict: bool) -> None:
    build(path, written(), log=False)
    damage(path)
    async with relaying(path, strict=strict) as relays:
        rescue = asyncio.create_task(Rescue(relays.rig.outbox).run())
        await relays.connect()
        await drained(relays, path)
        rescue.cancel()
        lost = relays.rig.outbox.depth()["lost"].get("corrupt", 0)
    sent = {message.token for message in relays.end.sent} & {one.id for one in written()}
    assert len(sent) == sum(message.token in sent for message in relays.end.sent), "nothing comes twice"
    hidden = 1000 - len(sent)
    assert hidden <= lost <= 2 * hidden <= 10, "what shows before the file is set aside is counted again by its rescue"


async def drained(relays: RelayRig, path: Path) -> None:
    """Acknowledge until nothing waits anywhere, and whatever was set aside is rescued."""
    depth = relays.rig.outbox.depth
    async with asyncio.timeout(30):
        while depth()["waiting"] or not relays.flow.backlog._is_read or relays.end.unanswered:
            relays.end.ack()
            relays.rig.clock.advance(1)
            await relays.quiet()
            await is_over(path)


async def test_a_file_from_which_everything_is_hidden_at_the_start_is_set_aside(path: Path) -> None:
    build(path, [entry(number) for number in range(1, 11)], log=False)
    fewer_cells(path, root_of(path, "envelope"), 10)
    async with relaying(path) as relays:
        rescue = asyncio.create_task(Rescue(relays.rig.outbox).run())
        await is_over(path)
        await relays.rig.settle()
        rescue.cancel()
    (aside,) = asides(path)
    assert aside.kind == "corrupt"
    assert [(gap.reason, gap.count) for gap in relays.rig.gaps] == [("corrupt", 10)]


async def test_a_file_that_hides_nothing_stays(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backlog, "AUDIT_EACH_S", 0.0)
    build(path, written(), log=False)
    rng = random.Random(7)
    async with relaying(path, commit_interval="100ms") as relays:
        for _ in range(4):
            await relays.connect(window=rng.randrange(1, 200))
            for number in range(200):
                relays.rig.stage(rng.choice(KINDS), b"%d" % number)
                if rng.random() < 0.3:
                    relays.end.ack(relays.end.unanswered[: rng.randrange(20)])
                if rng.random() < 0.1:
                    relays.rig.clock.advance(0.1)
                    await relays.quiet()
            await relays.disconnect()
        await relays.connect()
        await drained(relays, path)
        await eventually(lambda: query(path, "SELECT count(*) FROM envelope") == [(0,)])
    assert asides(path) == []
