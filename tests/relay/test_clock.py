"""What was stamped while the clock was wrong is published with its right time, on whatever way it goes."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from gateway.clock import WallClock
from gateway.endpoints.payload import Encoder
from gateway.outbox.entry import Entry
from tests.outbox.setup import until
from tests.relay.setup import RelayRig, relaying

WRONG_MS, MOVED_MS = 35_000, 3_600_000
UNSYNCED = ("1970-01-01T00:00:35.000Z", "unsynced")
CORRECTED = ("1970-01-01T01:00:35.000Z", "corrected")


class Late(WallClock):
    """A clock that is right an hour later, when the test says so."""

    def __init__(self, mark: Path) -> None:
        super().__init__(str(mark), boot=4711)
        self._mark = mark

    def begin_to_be_right(self) -> None:
        self._mark.touch()
        assert self.look()


@asynccontextmanager
async def unsynced(folder: Path) -> AsyncIterator[tuple[RelayRig, Late]]:
    clock = Late(folder / "right")
    async with relaying(folder / "outbox.db", wall=clock) as relays:
        yield relays, clock


def reading(relays: RelayRig, clock: WallClock) -> Entry:
    outbox = relays.rig.outbox
    encoder = Encoder("gw", "cloud", outbox.session, synced=clock.is_synced)
    return relays.reading(encoder.reading(outbox.next_seq, "d", WRONG_MS, {}, {}))


def moved(entry: Entry, clock: Late) -> None:
    """Let the clock have been set by an hour, to the millisecond."""
    clock.begin_to_be_right()
    assert entry.ahead_ms is not None
    clock.ahead_ms = entry.ahead_ms + MOVED_MS


def told(payloads: list[bytes]) -> list[tuple[str, str | None]]:
    return [(body["time"], body.get("clock")) for body in map(json.loads, payloads)]


async def test_since_when_a_connection_stands_is_said_by_the_clock_that_is_right(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with unsynced(tmp_path) as (relays, _):
        monkeypatch.setattr("gateway.relay.now_ms", lambda: WRONG_MS)
        monkeypatch.setattr("gateway.relay.boot_ms", lambda: 30_000)
        await relays.connect()
        assert relays.relay.connection == {"to": None, "since": UNSYNCED[0]}
        monkeypatch.setattr("gateway.relay.now_ms", lambda: WRONG_MS + MOVED_MS + 5_000)
        monkeypatch.setattr("gateway.relay.boot_ms", lambda: 35_000)
        relays.relay.clock_is_right(MOVED_MS)
        assert relays.relay.connection == {"to": None, "since": CORRECTED[0]}


async def test_as_long_as_the_clock_is_wrong_what_is_published_says_so(tmp_path: Path) -> None:
    async with unsynced(tmp_path) as (relays, clock):
        end = await relays.connect()
        reading(relays, clock)
        assert told(end.payloads) == [UNSYNCED]


@pytest.mark.parametrize("on_disk", [False, True])
async def test_what_waited_is_published_with_its_right_time(tmp_path: Path, *, on_disk: bool) -> None:
    async with unsynced(tmp_path) as (relays, clock):
        entry = reading(relays, clock)
        if on_disk:
            await relays.rig.commit()
        moved(entry, clock)
        await relays.connect()
        assert told(await relays.sent(1)) == [CORRECTED]


async def test_what_is_sent_again_carries_its_right_time_under_its_first_identity(tmp_path: Path) -> None:
    async with unsynced(tmp_path) as (relays, clock):
        first = await relays.connect()
        entry = reading(relays, clock)
        await relays.disconnect()
        moved(entry, clock)
        await relays.connect()
        again = await relays.sent(1)
        assert (told(first.payloads), told(again)) == ([UNSYNCED], [CORRECTED])
        assert json.loads(first.payloads[0])["seq"] == json.loads(again[0])["seq"]


async def test_what_is_too_large_with_its_right_time_is_set_aside(tmp_path: Path) -> None:
    async with unsynced(tmp_path) as (relays, clock):
        entry = reading(relays, clock)
        moved(entry, clock)
        await relays.connect(max_bytes=len(entry.payload))
        await until(lambda: entry.done)
        assert len(relays.rig.query("SELECT 1 FROM dead")) == 1
