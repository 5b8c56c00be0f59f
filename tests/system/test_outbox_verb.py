"""`fieldgate outbox` beside a daemon at work."""

import json
import subprocess
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.support.daemon import Daemon
from tests.support.device import Device
from tests.support.envelopes import (
    Envelope,
    assert_all_arrived,
    catch_up,
    counts,
    envelopes_in,
    identity,
    numbered,
    stop_and_collect,
)
from tests.support.line import Line
from tests.support.patience import HANG_S
from tests.support.site import counting
from tests.support.subscriber import Received, Subscriber
from tests.support.verb import verb

MakeDaemon = Callable[..., Daemon]

WANTED = 10
"""Readings that have got on disk before anybody looks."""


def outbox(daemon: Daemon, *arguments: str) -> subprocess.CompletedProcess[str]:
    return verb("outbox", *arguments, "--state-dir", daemon.state_dir, cwd=daemon.state_dir.parent)


def standing(daemon: Daemon) -> dict[str, Any]:
    [found] = json.loads(outbox(daemon, "--json", "--no-rates").stdout)["outboxes"]
    return dict(found)


def wait_for_backlog(daemon: Daemon, meter: Device, limit_s: float = HANG_S) -> dict[str, Any]:
    """What is told once enough readings are on disk, as they are soon after they were read."""
    meter.wait_for_polls(2 * WANTED)
    end_s = time.monotonic() + limit_s
    while (told := standing(daemon)).get("readings", 0) < WANTED:
        assert time.monotonic() < end_s, told
    return told


def exported(daemon: Daemon) -> list[Envelope]:
    return [json.loads(line) for line in outbox(daemon, "export", "cloud").stdout.splitlines()]


@pytest.fixture
def cut_off(make_daemon: MakeDaemon, meter: Device, line: Line) -> Daemon:
    """A daemon that reads and can't send."""
    line.stop()
    daemon = make_daemon(counting(line.url, meter.port, outbox={"commit_interval": "100ms", "max_size": "8MiB"}))
    daemon.start()
    return daemon


def test_what_is_shown_and_exported_during_an_outage_is_what_arrives_after_it(
    cut_off: Daemon, meter: Device, line: Line, subscriber: Subscriber
) -> None:
    told = wait_for_backlog(cut_off, meter)
    kept = exported(cut_off)

    line.start()
    catch_up(subscriber, meter)
    messages = stop_and_collect(cut_off, subscriber)

    assert told["max_bytes"] == 8 * 1024**2
    assert told["in_configuration"] is True
    arrived = {identity(envelope): envelope for envelope in numbered(messages)}
    assert len([envelope for envelope in kept if envelope["kind"] == "reading"]) >= WANTED
    assert all(arrived[identity(envelope)] == envelope for envelope in kept if envelope["kind"] == "reading")
    assert_all_arrived(counts(messages))
    assert not [event for event in cut_off.log if event.get("level") == "error"]


def test_a_purge_waits_for_the_daemon_to_be_stopped_and_is_told_at_the_next_start(
    cut_off: Daemon, meter: Device, line: Line, subscriber: Subscriber
) -> None:
    wait_for_backlog(cut_off, meter)
    refused = outbox(cut_off, "purge", "cloud", "--yes")
    cut_off.terminate()
    told = standing(cut_off)

    done = outbox(cut_off, "purge", "cloud", "--yes", "--json")
    left = standing(cut_off)
    line.start()
    cut_off.start()

    assert (refused.returncode, done.returncode) == (8, 0)
    assert "stop the service first" in refused.stderr
    assert json.loads(done.stdout)["envelopes"] == told["readings"]
    assert (left["readings"], left["lost"], left["untold"]) == (
        0,
        {"purged": told["readings"]},
        {"purged": told["readings"]},
    )
    gap = subscriber.wait_for(_is_gap).json
    assert (gap["reason"], gap["count"]) == ("purged", told["readings"])


def test_a_daemon_says_at_its_start_that_its_outbox_may_outgrow_the_disk(
    make_daemon: MakeDaemon, meter: Device
) -> None:
    daemon = make_daemon(counting("mqtt://127.0.0.1:1", meter.port, outbox={"max_size": "99999999GiB"}))
    daemon.start()

    told = daemon.wait_for("disk too small")

    assert (told["code"], told["level"]) == ("W206", "warning")
    assert "lower max_size or make room" in told["reason"]
    assert "gateway.yaml:" in told["at"]


def _is_gap(message: Received) -> bool:
    return any(envelope.get("kind") == "gap" for envelope in envelopes_in(message))
