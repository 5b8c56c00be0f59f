"""The disk under the outbox answers with errors: nothing is lost, and it recovers by itself."""

from collections.abc import Callable

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
from tests.support.site import counting
from tests.support.subscriber import Subscriber

MakeDaemon = Callable[..., Daemon]

ERRORS = {"EIO": "disk I/O error", "EROFS": "disk I/O error", "ENOSPC": "full"}
"""And what SQLite calls them."""
ONE = ["ENOSPC", *(pytest.param(error, marks=pytest.mark.slow) for error in ("EIO", "EROFS"))]


def refuses(event: dict[str, object]) -> bool:
    return "can't use its file" in str(event.get("event"))


@pytest.mark.parametrize("error", ["EIO", "ENOSPC", pytest.param("EROFS", marks=pytest.mark.slow)])
def test_a_disk_that_refuses_in_an_outage_costs_no_reading(
    *,
    faulty_folder: FaultyFolder,
    make_daemon: MakeDaemon,
    meter: Device,
    line: Line,
    subscriber: Subscriber,
    error: str,
) -> None:
    daemon = make_daemon(counting(line.url, meter.port, outbox={"commit_interval": "200ms"}))
    daemon.start()
    subscriber.wait_for(says(2))
    line.stop()
    meter.wait_for_polls(5)

    faulty_folder.refuse(error)
    fault = daemon.wait_for(refuses)
    meter.wait_for_polls(10)
    line.start()
    catch_up(subscriber, meter)
    status = subscriber.wait_for(lambda m: has_state(m, "online") and m.json["outbox"]["fault"]).json
    subscriber.publish("fieldgate/gw/meter/command", {"id": "c", "read": ["count"]})
    refused = subscriber.wait_for(lambda m: is_result(m, "c")).json
    faulty_folder.accept()
    daemon.wait_for("outbox writes again", timeout_s=35)
    subscriber.publish("fieldgate/gw/meter/command", {"id": "d", "read": ["count"]})
    done = subscriber.wait_for(lambda m: is_result(m, "d")).json

    assert ERRORS[error] in fault["error"]
    assert ERRORS[error] in status["outbox"]["fault"]
    assert (refused["status"], refused["reason"]) == ("rejected", "storage")
    assert done["status"] == "done"
    assert_all_arrived([done["values"]["count"], *counts(stop_and_collect(daemon, subscriber))])


@pytest.mark.parametrize("error", ONE)
def test_what_a_disk_refused_is_on_it_once_it_takes_writes_again(
    *,
    faulty_folder: FaultyFolder,
    make_daemon: MakeDaemon,
    meter: Device,
    line: Line,
    subscriber: Subscriber,
    error: str,
) -> None:
    line.stop()
    daemon = make_daemon(counting(line.url, meter.port, outbox={"commit_interval": "200ms"}))
    daemon.start()
    meter.wait_for_polls(3)
    faulty_folder.refuse(error)
    daemon.wait_for(refuses)
    meter.wait_for_polls(5)
    faulty_folder.accept()
    daemon.wait_for("outbox writes again", timeout_s=35)
    kept = len(meter.queries) - 1
    meter.wait_for_polls(10)
    daemon.kill()

    line.start()
    daemon.start()
    catch_up(subscriber, meter, range(kept + 1, kept + 15))


@pytest.mark.parametrize("error", ONE)
def test_a_disk_that_refuses_is_no_reason_to_stop_badly(
    *,
    faulty_folder: FaultyFolder,
    make_daemon: MakeDaemon,
    meter: Device,
    line: Line,
    subscriber: Subscriber,
    error: str,
) -> None:
    daemon = make_daemon(counting(line.url, meter.port, outbox={"commit_interval": "200ms"}))
    daemon.start()
    subscriber.wait_for(says(2))
    faulty_folder.refuse(error)
    line.stop()
    daemon.wait_for(refuses)
    line.start()
    catch_up(subscriber, meter)

    assert_all_arrived(counts(stop_and_collect(daemon, subscriber)))
