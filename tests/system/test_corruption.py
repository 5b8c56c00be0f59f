"""The outbox's file is damaged, while the daemon is down or at work."""

import os
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from gateway.outbox.disk.opening import SCHEMA_VERSION
from gateway.outbox.format.pages import envelopes
from tests.support.daemon import Daemon
from tests.support.device import Device
from tests.support.envelopes import counts, has_state, is_result, numbered, once, says, wait_for_counts
from tests.support.line import Line
from tests.support.mosquitto import Mosquitto
from tests.support.patience import HANG_S
from tests.support.site import device, endpoint, link
from tests.support.site import site as site_of
from tests.support.subscriber import Subscriber

MakeDaemon = Callable[..., Daemon]

PAGE = 4096

SLOW = {"commit_interval": "200ms", "backlog_rate": "2000/s"}
"""Rows get on disk soon."""


class Site:
    """A daemon that has filled its outbox with nobody to take it, and was killed."""

    def __init__(self, daemon: Daemon, meter: Device, line: Line, subscriber: Subscriber) -> None:
        self.daemon = daemon
        self.meter = meter
        self.line = line
        self.subscriber = subscriber
        self.path = daemon.state_dir / "outbox-cloud.db"
        self.log = daemon.state_dir / "outbox-cloud.db-wal"
        self.kept = 0

    def fill(self, polls: int = 60) -> None:
        self.line.stop()
        self.daemon.start()
        self.meter.wait_for_polls(polls)
        self.daemon.kill()
        self.kept = self.readings()

    def readings(self) -> int:
        """The highest count that is on disk, seen on a copy: looking leaves traces."""
        copy = self.path.with_name("copy.db")
        copy.write_bytes(self.path.read_bytes())
        log = copy.with_name("copy.db-wal")
        log.write_bytes(self.log.read_bytes())
        with closing(sqlite3.connect(copy)) as db:
            (count,) = db.execute("SELECT count(*) FROM envelope WHERE kind = 'reading'").fetchone()
        for file in (copy, log, copy.with_name("copy.db-shm")):
            file.unlink(missing_ok=True)
        return int(count)

    def written_back(self) -> None:
        """Everything is in the file, nothing in its log."""
        with closing(sqlite3.connect(self.path)) as db:
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def start(self) -> None:
        """The daemon is ready at once, and the uplink is there."""
        self.line.start()
        self.daemon.start()
        self.daemon.wait_for("ready")

    def leaves(self) -> list[int]:
        """Offsets of pages with rows."""
        data = self.path.read_bytes()
        pages = range(0, len(data), PAGE)
        return [at for at in pages if envelopes(data[at : at + PAGE], lambda _: None).entries]


@pytest.fixture
def site(make_daemon: MakeDaemon, meter: Device, line: Line, mosquitto: Mosquitto, subscriber: Subscriber) -> Site:
    meter_config = device({"count": {"address": 0, "type": "uint16", "writable": True}}, every="20ms")
    config = site_of(endpoint(line.url), {"plc": link(meter.port)}, {"meter": meter_config}, outbox=SLOW)
    return Site(make_daemon(config), meter, line, subscriber)


def overwrite(file: Path, at: int, data: bytes) -> None:
    with file.open("r+b") as opened:
        opened.seek(at)
        opened.write(data)


def truncated(site: Site) -> None:
    os.truncate(site.path, site.leaves()[-3] + 1000)


def without_header(site: Site) -> None:
    overwrite(site.path, 0, bytes(100))


def zeroed_in_the_middle(site: Site) -> None:
    at = site.leaves()[2]
    overwrite(site.path, at, bytes(PAGE))


def interior_page_flipped(site: Site) -> None:
    data = site.path.read_bytes()
    at = next(at for at in range(PAGE, len(data), PAGE) if data[at] == 5)
    overwrite(site.path, at, bytes([data[at] ^ 0x40]))


def leaves_hidden(site: Site) -> None:
    """SQLite notices nothing: the page above them says that it has fewer below it."""
    data = site.path.read_bytes()
    at = next(at for at in range(PAGE, len(data), PAGE) if data[at] == 5)
    cells = int.from_bytes(data[at + 3 : at + 5], "big")
    overwrite(site.path, at + 3, (cells - 2).to_bytes(2, "big"))


def newer(site: Site) -> None:
    with closing(sqlite3.connect(site.path, isolation_level=None)) as db:
        db.execute(f"PRAGMA user_version={SCHEMA_VERSION + 1}")


def torn_log(site: Site) -> None:
    data = site.log.read_bytes()
    overwrite(site.log, len(data) // 2, bytes([data[len(data) // 2] ^ 1]))


def lost_by(site: Site) -> int | None:
    """How many rows could not be rescued, as the log, the gap and the status say."""
    ended = site.daemon.wait_for("outbox file rescued", timeout_s=20)
    lost = ended["lost"] if ended["lost"] != "unknown" else None
    assert lost is None or isinstance(lost, int)
    if lost != 0:
        gap = site.subscriber.wait_for(lambda m: m.topic.endswith("/gap") and m.json["reason"] == "corrupt").json
        assert gap["count"] == lost
    return lost


def wait_for_what_was_kept(site: Site, lost: int, timeout_s: float = HANG_S) -> None:
    """All readings that were on disk arrive, but for so many, and maybe more than once; none says two things."""
    old, deadline_s = {*range(1, site.kept + 1)}, time.monotonic() + timeout_s
    while len(missing := old - {*counts(messages := site.subscriber.messages)}) > lost:
        assert time.monotonic() < deadline_s, f"{sorted(missing)} are missing"
        site.subscriber.wait_for_more(len(messages), deadline_s - time.monotonic())
    once(numbered(site.subscriber.messages))


RARE = [
    pytest.param(damage, marks=pytest.mark.slow)
    for damage in (leaves_hidden, newer, without_header, interior_page_flipped, truncated)
]
"""One kind is enough here at a commit: tests/outbox opens files with any damage, and such of a newer version."""


@pytest.mark.parametrize("damage", [zeroed_in_the_middle, *RARE])
def test_a_damaged_file_costs_no_more_than_what_is_damaged(site: Site, damage: Callable[[Site], None]) -> None:
    site.fill(200)
    site.written_back()
    damage(site)
    site.start()
    lost = lost_by(site)
    assert lost is not None
    assert lost < (150 if damage in (zeroed_in_the_middle, truncated) else 10)
    wait_for_what_was_kept(site, lost)
    site.subscriber.wait_for(says(len(site.meter.queries) + 2))


def test_a_torn_log_costs_no_more_than_what_is_damaged(site: Site) -> None:
    site.fill(200)
    torn_log(site)
    site.start()
    lost = lost_by(site)
    assert lost is not None
    assert lost < 40
    wait_for_what_was_kept(site, lost)


def test_a_reading_whose_bytes_have_changed_is_not_sent(site: Site) -> None:
    site.fill(60)
    site.written_back()
    data = site.path.read_bytes()
    at = data.index(b'"count":30}')
    overwrite(site.path, at, b'"count":99}')
    site.start()
    site.subscriber.wait_for(
        lambda m: m.topic.endswith("/gap") and m.json["reason"] == "corrupt" and m.json["count"] == 1
    )
    wait_for_counts(site.subscriber, {*range(1, site.kept + 1)} - {30})
    assert 30 not in counts(site.subscriber.messages)


@pytest.mark.slow
def test_a_file_deleted_at_work_costs_nothing(site: Site) -> None:
    site.line.stop()
    site.daemon.start()
    site.meter.wait_for_polls(30)
    site.path.unlink()
    site.daemon.wait_for("outbox file is not in its place any more; it is put back")
    site.meter.wait_for_polls(30)
    site.daemon.kill()
    site.kept = site.readings()
    site.start()
    wait_for_counts(site.subscriber, range(1, site.kept + 1))


@pytest.mark.slow
def test_damage_at_work_costs_no_more_than_what_is_damaged(site: Site) -> None:
    site.fill(200)
    site.written_back()
    site.daemon.start()
    site.daemon.wait_for("ready")
    zeroed_in_the_middle(site)
    site.line.start()
    lost = lost_by(site)
    assert lost is not None
    assert lost < 40
    wait_for_what_was_kept(site, lost)


def test_a_file_that_holds_nothing_readable_is_told_and_holds_commands_back(site: Site) -> None:
    site.fill(30)
    site.log.unlink()
    os.truncate(site.path, 0)
    site.start()
    assert lost_by(site) is None
    site.subscriber.publish("fieldgate/gw/command", {"id": "b", "invoke": "republish-birth"})
    status = site.subscriber.wait_for(lambda m: has_state(m, "online") and m.json["outbox"]["rescue"]).json
    assert status["outbox"]["rescue"]["lost"] is None
    site.subscriber.publish("fieldgate/gw/meter/command", {"id": "w", "write": {"count": 5}})
    site.subscriber.publish("fieldgate/gw/meter/command", {"id": "r", "read": ["count"]})
    site.subscriber.publish("fieldgate/gw/command", {"id": "p", "invoke": "ping"})
    refused = site.subscriber.wait_for(lambda m: is_result(m, "w")).json
    assert (refused["status"], refused["reason"]) == ("rejected", "journal-lost")
    assert site.subscriber.wait_for(lambda m: is_result(m, "r")).json["status"] == "done"
    assert site.subscriber.wait_for(lambda m: is_result(m, "p")).json["status"] == "done"
    assert not site.meter.writes


def test_an_endpoint_with_another_name_goes_on_with_what_it_had(site: Site) -> None:
    site.fill(30)
    site.daemon.configure(site.daemon.config_path.read_text().replace("  cloud:", "  hub:\n    was: cloud"))
    site.start()
    wait_for_counts(site.subscriber, range(1, site.kept + 1))
    assert not site.path.exists()


def test_an_outbox_that_nobody_has_any_more_is_named(site: Site) -> None:
    site.fill(10)
    site.daemon.configure(site.daemon.config_path.read_text().replace("  cloud:", "  hub:"))
    site.start()
    assert site.daemon.wait_for("outboxes of endpoints that are not configured")["endpoints"] == ["cloud"]
