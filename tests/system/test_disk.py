"""The disk under the outbox is full."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.support.daemon import Daemon
from tests.support.device import Device
from tests.support.disk import small_disk
from tests.support.envelopes import (
    assert_all_arrived,
    catch_up,
    counts,
    has_state,
    is_result,
    says,
    stop_and_collect,
    wait_for_counts,
)
from tests.support.line import Line
from tests.support.site import counting
from tests.support.subscriber import Subscriber

MakeDaemon = Callable[..., Daemon]

pytestmark = pytest.mark.root


class Disk:
    """A small file system that can be filled to the last byte."""

    def __init__(self, folder: Path) -> None:
        self._filler = folder / "filler"

    def fill(self) -> None:
        with self._filler.open("ab", buffering=0) as filler, suppress(OSError):
            while True:
                filler.write(bytes(4096))

    def free(self) -> None:
        self._filler.unlink()


@pytest.fixture
def size() -> str:
    return "1m"


@pytest.fixture
def disk(tmp_path: Path, size: str) -> Iterator[Disk]:
    """Mounted where the daemon keeps its state."""
    with small_disk(tmp_path / "state", size) as state:
        yield Disk(state)


def test_what_the_disk_does_not_take_waits_in_memory_and_arrives(
    disk: Disk, make_daemon: MakeDaemon, meter: Device, line: Line, subscriber: Subscriber
) -> None:
    daemon = make_daemon(counting(line.url, meter.port, outbox={"commit_interval": "200ms"}))
    daemon.start()
    subscriber.wait_for(says(2))
    line.stop()
    meter.wait_for_polls(5)
    disk.fill()
    fault = daemon.wait_for(lambda event: "can't use its file" in event.get("event", ""))
    meter.wait_for_polls(10)

    line.start()
    catch_up(subscriber, meter)
    status = subscriber.wait_for(lambda m: has_state(m, "online") and m.json["outbox"]["fault"]).json
    subscriber.publish("fieldgate/gw/meter/command", {"id": "c", "read": ["count"]})
    refused = subscriber.wait_for(lambda m: is_result(m, "c")).json
    disk.free()
    daemon.wait_for("outbox writes again", timeout_s=35)

    assert "full" in fault["error"]
    assert "full" in status["outbox"]["fault"]
    assert (refused["status"], refused["reason"]) == ("rejected", "storage")
    assert_all_arrived(counts(stop_and_collect(daemon, subscriber)))


def test_what_waited_in_memory_is_on_disk_again_once_there_is_room(
    disk: Disk, make_daemon: MakeDaemon, meter: Device, line: Line, subscriber: Subscriber
) -> None:
    line.stop()
    daemon = make_daemon(counting(line.url, meter.port, outbox={"commit_interval": "200ms"}))
    daemon.start()
    meter.wait_for_polls(3)
    disk.fill()
    daemon.wait_for(lambda event: "can't use its file" in event.get("event", ""))
    meter.wait_for_polls(3)
    disk.free()
    daemon.wait_for("outbox writes again", timeout_s=35)
    kept = len(meter.queries) - 1
    meter.wait_for_polls(10)
    daemon.kill()

    line.start()
    daemon.start()
    wait_for_counts(subscriber, range(1, kept + 1))


@pytest.mark.parametrize("size", ["16m"])
def test_on_a_disk_that_is_full_at_the_start_readings_arrive_and_wait_in_memory(
    disk: Disk, make_daemon: MakeDaemon, meter: Device, line: Line, subscriber: Subscriber
) -> None:
    daemon = make_daemon(counting(line.url, meter.port, outbox={"commit_interval": "200ms"}))
    daemon.start()
    subscriber.wait_for(says(2))
    assert daemon.terminate() == 0
    unread = meter.unread()
    disk.fill()
    daemon.start()
    daemon.wait_for("ready")
    subscriber.wait_for(says(unread + 2))
    disk.fill()
    line.stop()
    meter.wait_for_polls(10)
    daemon.wait_for(lambda event: "can't use its file" in event.get("event", ""), timeout_s=30)
    line.start()
    catch_up(subscriber, meter, {unread})
    disk.free()
    assert_all_arrived({*counts(stop_and_collect(daemon, subscriber)), unread})
