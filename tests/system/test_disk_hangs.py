"""The disk under the state directory answers nothing any more: polls, live readings and the exit do not wait for it."""

import time
from collections.abc import Callable
from functools import partial
from itertools import count

import pytest

from tests.support.daemon import Daemon
from tests.support.device import Device
from tests.support.disk import FaultyFolder
from tests.support.envelopes import (
    assert_all_arrived,
    catch_up,
    counts,
    has_state,
    is_result,
    says,
    stop_and_collect,
)
from tests.support.line import Line
from tests.support.patience import HANG_S
from tests.support.site import counting
from tests.support.subscriber import Received, Subscriber

MakeDaemon = Callable[..., Daemon]

CLAIM_S = 5.0
"""How long a command may wait for its claim."""

MARGIN_S = 2.0
"""What a busy machine may take on top of any bound."""

DRAIN_S = 1
CUT_S = DRAIN_S + 1.5
"""When a stop that hangs is cut."""

CUT_SHORT = 1
"""The exit code of a stop that was cut (README: exit codes, internal)."""

COMMAND = "fieldgate/gw/meter/command"


@pytest.fixture
def daemon(faulty_folder: FaultyFolder, make_daemon: MakeDaemon, meter: Device, line: Line) -> Daemon:
    """Commits twice a second at least."""
    daemon = make_daemon(counting(line.url, meter.port, outbox={"commit_interval": "400ms"}))
    daemon.configure(daemon.config_path.read_text().replace("id: gw", f"id: gw\n  drain: {DRAIN_S}s"))
    return daemon


def says_that_it_hangs(message: Received) -> bool:
    return has_state(message, "online") and "does not answer" in (message.json["outbox"]["fault"] or "")


def hang_in_a_commit(disk: FaultyFolder, meter: Device, line: Line) -> None:
    """What waits for the uplink has to go to a disk that hangs."""
    line.stop()
    meter.wait_for_polls(20)
    disk.hang()
    meter.wait_for_polls(20)


def test_the_field_is_read_and_live_readings_arrive_while_the_disk_hangs(
    faulty_folder: FaultyFolder, daemon: Daemon, meter: Device, line: Line, subscriber: Subscriber
) -> None:
    daemon.start()
    subscriber.wait_for(says(3))
    hang_in_a_commit(faulty_folder, meter, line)

    line.start()
    subscriber.wait_for(says(len(meter.queries) + 1))
    began_s, read = time.monotonic(), len(meter.queries)
    subscriber.wait_for(says(read + 60))
    took_s = time.monotonic() - began_s

    assert took_s < 60 * 0.05 + MARGIN_S
    assert_no_poll_was_missed(counts(subscriber.messages), since=read)


def assert_no_poll_was_missed(values: list[int], since: int) -> None:
    live = [value for value in values if value > since]
    assert live == list(range(live[0], live[0] + len(live)))


@pytest.mark.slow
def test_a_hang_while_nothing_waits_is_not_even_felt(
    faulty_folder: FaultyFolder, daemon: Daemon, meter: Device, subscriber: Subscriber
) -> None:
    daemon.start()
    subscriber.wait_for(says(3))
    faulty_folder.hang()
    subscriber.wait_for(says(len(meter.queries) + 40))
    faulty_folder.release()

    assert_all_arrived(counts(stop_and_collect(daemon, subscriber)))


def test_a_command_is_refused_in_time_while_the_disk_hangs_and_done_afterwards(
    faulty_folder: FaultyFolder, daemon: Daemon, subscriber: Subscriber
) -> None:
    daemon.start()
    subscriber.wait_for(says(3))
    faulty_folder.hang()

    began_s = time.monotonic()
    subscriber.publish(COMMAND, {"id": "c", "read": ["count"]})
    refused = subscriber.wait_for(lambda m: is_result(m, "c"), timeout_s=CLAIM_S + MARGIN_S + 5).json
    took_s = time.monotonic() - began_s
    faulty_folder.release()

    assert (refused["status"], refused["reason"]) == ("rejected", "storage")
    assert took_s < CLAIM_S + MARGIN_S
    ask_until_done(subscriber)


def ask_until_done(subscriber: Subscriber, timeout_s: float = HANG_S) -> None:
    """Send one command after the other until the daemon has seen that the disk answers."""
    deadline_s = time.monotonic() + timeout_s
    for number in count():
        command = f"again-{number}"
        subscriber.publish(COMMAND, {"id": command, "read": ["count"]})
        result = subscriber.wait_for(partial(is_result, command=command)).json
        if result["status"] == "done":
            return
        assert time.monotonic() < deadline_s, result


@pytest.mark.slow
def test_the_status_says_that_the_disk_does_not_answer(
    faulty_folder: FaultyFolder, daemon: Daemon, meter: Device, line: Line, subscriber: Subscriber
) -> None:
    daemon.start()
    subscriber.wait_for(says(3))
    hang_in_a_commit(faulty_folder, meter, line)
    meter.wait_for_polls(150)

    line.start()

    subscriber.wait_for(says_that_it_hangs, timeout_s=5)


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_the_status_says_within_a_minute_that_the_disk_does_not_answer(
    faulty_folder: FaultyFolder, daemon: Daemon, meter: Device, line: Line, subscriber: Subscriber
) -> None:
    daemon.start()
    subscriber.wait_for(says(3))
    hang_in_a_commit(faulty_folder, meter, line)
    line.start()

    subscriber.wait_for(says_that_it_hangs, timeout_s=65)


def test_everything_arrives_when_the_disk_comes_back(
    faulty_folder: FaultyFolder, daemon: Daemon, meter: Device, line: Line, subscriber: Subscriber
) -> None:
    daemon.start()
    subscriber.wait_for(says(3))
    hang_in_a_commit(faulty_folder, meter, line)
    line.start()
    subscriber.wait_for(says(len(meter.queries) + 1))
    line.stop()
    meter.wait_for_polls(20)
    line.start()

    faulty_folder.release()
    catch_up(subscriber, meter)

    assert_all_arrived(counts(stop_and_collect(daemon, subscriber)))


@pytest.mark.slow
def test_what_was_read_during_a_hang_is_on_the_disk_after_it(
    faulty_folder: FaultyFolder, daemon: Daemon, meter: Device, line: Line, subscriber: Subscriber
) -> None:
    line.stop()
    daemon.start()
    hang_in_a_commit(faulty_folder, meter, line)
    kept = len(meter.queries) - 1
    faulty_folder.release()
    meter.wait_for_polls(40)  # 2 s: a commit that had to wait, and one more
    daemon.kill()

    line.start()
    daemon.start()
    catch_up(subscriber, meter, range(kept + 1, kept + 45))


@pytest.mark.parametrize("uplink", ["up", pytest.param("down", marks=pytest.mark.slow)])
def test_a_stop_is_cut_while_the_disk_hangs(
    *, faulty_folder: FaultyFolder, daemon: Daemon, meter: Device, line: Line, subscriber: Subscriber, uplink: str
) -> None:
    daemon.start()
    subscriber.wait_for(says(3))
    hang_in_a_commit(faulty_folder, meter, line)
    if uplink == "up":
        line.start()
        subscriber.wait_for(says(len(meter.queries) + 1))

    began_s = time.monotonic()
    code = daemon.terminate(timeout_s=CUT_S + 10)
    took_s = time.monotonic() - began_s

    assert code == CUT_SHORT
    assert took_s < CUT_S + MARGIN_S
    assert [text for text in daemon.lines if "cut short" in text]
