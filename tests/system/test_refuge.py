"""The state directory's disk refuses when the daemon starts: it works in memory until that is mended."""

import json
import socket
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from gateway.outbox.disk.aside import asides
from tests.support import disk
from tests.support.daemon import Daemon
from tests.support.device import READS, Counter, Device
from tests.support.disk import FaultyFolder
from tests.support.envelopes import Envelope, has_state, identity, is_result, numbered, once, says, wait_for_counts
from tests.support.line import Line
from tests.support.mosquitto import Mosquitto
from tests.support.patience import HANG_S
from tests.support.site import counting, device, endpoint, link
from tests.support.site import site as site_of
from tests.support.subscriber import Subscriber
from tests.support.verb import verb

MakeDaemon = Callable[..., Daemon]

SOON = {"commit_interval": "200ms", "backlog_rate": "2000/s"}

MENDED = "the state directory takes writes again"

MENDED_WITHIN_S = 25.0


class Site:
    """A daemon whose disk refuses before it is started."""

    def __init__(self, daemon: Daemon, disk: FaultyFolder, meter: Device, line: Line, subscriber: Subscriber) -> None:
        self.daemon = daemon
        self.disk = disk
        self.meter = meter
        self.line = line
        self.subscriber = subscriber
        self.path = daemon.state_dir / "outbox-cloud.db"

    def start_refused(self, error: str = "EROFS") -> None:
        self.disk.refuse(error)
        self.daemon.start()
        self.daemon.wait_for("the state directory can't be used")
        self.daemon.wait_for("ready")

    def mend(self) -> None:
        """Return once the daemon works on the disk."""
        self.disk.accept()
        self.daemon.wait_for(MENDED, MENDED_WITHIN_S)
        self.daemon.wait_for("stopped")
        self.daemon.process.wait_for_line(lambda line: '"ready"' in line, start=self.lines_until(MENDED))

    def lines_until(self, event: str) -> int:
        return next(number for number, line in enumerate(self.daemon.lines) if event in line)

    def command(self, name: str) -> str | None:
        """Write to the device; returns why that is refused."""
        self.subscriber.publish("fieldgate/gw/meter/command", {"id": name, "write": {"level": 1}})
        reason: str | None = self.subscriber.wait_for(lambda m: is_result(m, name)).json.get("reason")
        return reason

    def readings(self) -> list[Envelope]:
        return [envelope for envelope in once(numbered(self.subscriber.messages)) if envelope["kind"] == "reading"]

    def catch_up(self, timeout_s: float = HANG_S) -> None:
        """Return once new readings arrive and all before have, but for the one that a change of place may interrupt."""
        self.subscriber.wait_for(says(len(self.meter.queries) + 2), timeout_s)
        read, deadline_s = set(range(1, len(self.meter.queries) + 1)), time.monotonic() + timeout_s
        while len(missing := read - set(told(self.readings()))) > 1:
            assert time.monotonic() < deadline_s, missing
            self.subscriber.wait_for_more(len(self.subscriber.messages), 1)

    def stop(self) -> None:
        assert self.daemon.terminate() == 0
        assert not [line for line in self.daemon.lines if "defect" in line or "Traceback" in line]


@pytest.fixture
def meter() -> Iterator[Device]:
    """Its register counts how often it was read; writes succeed, and are no reads."""
    counter = Counter()
    with Device(lambda query: counter(query) if query.function in READS else query.well()) as device:
        yield device


@pytest.fixture
def site(
    *,
    faulty_folder: FaultyFolder,
    make_daemon: MakeDaemon,
    meter: Device,
    line: Line,
    subscriber: Subscriber,
    runtime: Path,
) -> Site:
    points = {"count": {"address": 0, "type": "uint16"}, "level": {"address": 9, "type": "uint16", "writable": True}}
    meter_config = device(points, every="50ms")
    config = site_of(endpoint(line.url), {"plc": link(meter.port)}, {"meter": meter_config}, outbox=SOON)
    daemon = make_daemon(config, {"RUNTIME_DIRECTORY": str(runtime)})
    return Site(daemon, faulty_folder, meter, line, subscriber)


@pytest.fixture
def runtime(tmp_path: Path) -> Path:
    """As systemd makes it."""
    folder = tmp_path / "run"
    folder.mkdir()
    return folder


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Mounted as the state directory."""
    with disk.small_disk(tmp_path / "state", "64m") as folder:
        yield folder


def told_by(listener: socket.socket) -> Iterator[str]:
    """What has come so far."""
    with suppress(BlockingIOError):
        while True:
            yield listener.recv(4096).decode()


def in_memory(runtime: Path) -> list[Path]:
    return [path for path in runtime.rglob("outbox-*") if path.is_file()]


def told(readings: Iterable[Envelope]) -> list[int]:
    return [reading["values"]["count"] for reading in readings]


def assert_in_order(readings: list[Envelope], sessions: int) -> None:
    """Sessions follow each other; in each, nothing is missing; between two, only what its end has interrupted."""
    readings = sorted(readings, key=identity)
    numbers = sorted({reading["session"] for reading in readings})
    assert len(numbers) == sessions
    counts = told(readings)
    assert counts == sorted(counts)
    seams = {max(told(r for r in readings if r["session"] == number)) + 1 for number in numbers}
    assert set(range(1, counts[-1] + 1)) - set(counts) <= seams


@pytest.mark.parametrize(
    "error", ["EROFS", *(pytest.param(each, marks=pytest.mark.slow) for each in ("EIO", "ENOSPC"))]
)
def test_a_disk_that_refuses_at_the_start_keeps_nothing_from_arriving(site: Site, runtime: Path, error: str) -> None:
    site.start_refused(error)
    status = site.subscriber.wait_for(lambda m: has_state(m, "online")).json
    assert "kept in memory" in status["outbox"]["fault"]
    site.subscriber.wait_for(says(5))
    assert site.command("c") == "journal-lost"

    site.mend()
    after = site.subscriber.wait_for(
        lambda m: has_state(m, "online") and m.json["session"] > status["session"], 20
    ).json
    site.catch_up()
    assert after["outbox"]["fault"] is None
    assert in_memory(runtime) == []
    assert site.path.exists()
    assert site.command("d") is None
    site.stop()
    assert_in_order(site.readings(), 2)


def test_what_was_read_in_memory_while_the_broker_was_away_arrives_from_the_disk(site: Site) -> None:
    site.line.stop()
    site.start_refused()
    site.meter.wait_for_polls(20)
    site.mend()
    site.meter.wait_for_polls(5)
    site.line.start()

    site.catch_up()
    site.stop()
    readings = site.readings()
    assert_in_order(readings, 2)
    first = min(reading["session"] for reading in readings)
    in_order = told(reading for reading in readings if reading["session"] == first)
    assert in_order == sorted(in_order)


@pytest.mark.parametrize("again", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_what_was_in_memory_at_a_kill_arrives_after_the_next_start(site: Site, again: bool) -> None:
    site.line.stop()
    site.start_refused()
    site.meter.wait_for_polls(20)
    safe = len(site.meter.queries) - 1
    site.meter.wait_for_polls(10)
    site.daemon.kill()
    site.disk.accept()
    if again:
        site.start_refused()
        site.mend()
    else:
        site.daemon.start()
    site.line.start()

    wait_for_counts(site.subscriber, range(1, safe + 1), 20)
    site.subscriber.wait_for(says(len(site.meter.queries) + 2))
    site.stop()
    readings = site.readings()
    assert len({reading["session"] for reading in readings}) == (3 if again else 2)
    assert len(told(readings)) == len(set(told(readings)))


def test_in_memory_too_there_is_one_daemon_at_a_time(site: Site, make_daemon: MakeDaemon) -> None:
    site.start_refused()
    second = make_daemon(site.daemon.config_path.read_text(), site.daemon._env)
    second.start()
    assert second.process.wait() == 2
    site.disk.accept()
    third = make_daemon(site.daemon.config_path.read_text(), site.daemon._env)
    third.start()
    assert third.process.wait() == 2
    site.stop()


def test_a_stop_in_memory_is_a_stop_and_leaves_all_for_the_next_start(site: Site) -> None:
    site.line.stop()
    site.start_refused()
    site.meter.wait_for_polls(10)
    site.stop()
    read = len(site.meter.queries)
    site.disk.accept()
    site.line.start()
    site.daemon.start()

    wait_for_counts(site.subscriber, range(1, read), 20)
    site.catch_up()
    site.stop()
    assert_in_order(site.readings(), 2)
    assert [aside.kind for aside in asides(site.path)] == ["memory"]


def test_no_second_daemon_works_beside_one_whose_disk_begins_to_refuse(site: Site, make_daemon: MakeDaemon) -> None:
    site.daemon.start()
    site.daemon.wait_for("ready")
    site.disk.refuse("EROFS")
    second = make_daemon(site.daemon.config_path.read_text(), site.daemon._env)
    second.start()
    assert second.process.wait() == 2


def test_systemd_hears_of_no_stop_when_the_daemon_goes_back_to_the_disk(site: Site, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(tmp_path / "notify"))
        listener.setblocking(False)
        site.daemon._env |= {"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "3000000"}
        site.start_refused()
        site.mend()
        heard = list(told_by(listener))
        site.stop()
        assert "STOPPING=1" in list(told_by(listener))
    assert [fields for fields in heard if "READY" in fields] == ["READY=1\nSTATUS=1 devices on 1 links"] * 2
    assert heard.count("WATCHDOG=1") > 2
    assert "STOPPING=1" not in heard


class ReadOnly:
    """As after a failed check of the file system."""

    def __init__(self, disk: Path) -> None:
        self.disk = disk
        subprocess.run(["mount", "-o", "remount,ro", disk], check=True)

    def mend(self) -> None:
        subprocess.run(["mount", "-o", "remount,rw", self.disk], check=True)


class Full:
    """Not even the ballast is left."""

    def __init__(self, disk: Path) -> None:
        self.filler = disk / "filler"
        (disk / "ballast").unlink()
        with suppress(OSError), self.filler.open("wb", buffering=0) as file:
            while file.write(bytes(4096)):
                pass

    def mend(self) -> None:
        self.filler.unlink()


@pytest.mark.root
@pytest.mark.parametrize("trouble", [pytest.param(ReadOnly, marks=pytest.mark.slow), Full])
def test_a_real_disk_is_used_again_once_it_is_mended(
    *,
    small_disk: Path,
    make_daemon: MakeDaemon,
    meter: Device,
    mosquitto: Mosquitto,
    subscriber: Subscriber,
    runtime: Path,
    trouble: type[ReadOnly | Full],
) -> None:
    daemon = make_daemon(counting(mosquitto.url, meter.port), {"RUNTIME_DIRECTORY": str(runtime)})
    daemon.start()
    before = subscriber.wait_for(says(3)).json["session"]
    assert daemon.terminate() == 0  # what a kill leaves of a log would be room enough to begin
    broken = trouble(small_disk)
    daemon.start()
    daemon.wait_for("the state directory can't be used")
    in_memory = subscriber.wait_for(says(len(meter.queries) + 3)).json["session"]
    broken.mend()
    daemon.wait_for("outbox file rescued", MENDED_WITHIN_S)
    after = subscriber.wait_for(says(len(meter.queries) + 3)).json["session"]
    assert before < in_memory < after
    assert daemon.terminate() == 0


def test_what_was_commanded_in_memory_is_in_the_audit_at_home(site: Site) -> None:
    site.start_refused()
    site.catch_up()
    assert site.command("in memory") == "journal-lost"
    site.mend()
    site.catch_up()
    site.subscriber.publish("fieldgate/gw/meter/command", {"id": "at home", "read": ["level"]})
    site.subscriber.wait_for(lambda m: is_result(m, "at home"))
    site.stop()

    shown = verb("audit", "--json", "--state-dir", site.daemon.state_dir, cwd=site.daemon.state_dir)
    assert shown.returncode == 0

    records = json.loads(shown.stdout)["records"]
    assert {(record["command"], record["status"]) for record in records} >= {
        ("in memory", "rejected"),
        ("at home", "done"),
    }
