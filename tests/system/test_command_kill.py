"""kill -9 at every step of a command's life: carried out at most once, answered truly, and written down."""

import json
import random
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from threading import Event
from typing import Any, NamedTuple

import pytest

from tests.support.daemon import Daemon
from tests.support.device import Device, Query
from tests.support.envelopes import is_result
from tests.support.faketime import FakeTime
from tests.support.mosquitto import Mosquitto
from tests.support.site import GATEWAY, device, endpoint, link, site
from tests.support.subscriber import Subscriber

MakeDaemon = Callable[..., Daemon]

COMMAND = "fieldgate/gw/valve/command"

LONGEST_S = 0.03
"""From the publish of a command until its result has left takes a few milliseconds."""


TEN_YEARS, LONG_AGO = "+3650d", "-20000d"
UNSYNCED = "/nonexistent/synchronized"
"""As long as there is no such file, nobody believes the clock."""

REST = [
    (UNSYNCED, LONG_AGO, True),
    ("trusted", TEN_YEARS, True),
    ("trusted", LONG_AGO, False),
    ("trusted", LONG_AGO, True),
    (UNSYNCED, TEN_YEARS, False),
    (UNSYNCED, TEN_YEARS, True),
    (UNSYNCED, LONG_AGO, False),
]


class Step(NamedTuple):
    """Where the process dies, what is told of the command then, and how often it can have been written."""

    place: tuple[str, str]
    status: str
    writes: set[int]


STEPS = {
    "it has arrived": Step(("gateway.commands.router:Router.offer", "before"), "done", {1}),
    "it is known to be new": Step(("gateway.commands.journal:Journal.find", "after"), "done", {1}),
    "it is claimed": Step(("gateway.commands.journal:Journal.claim", "after"), "unknown", {0}),
    "it is queued": Step(("gateway.link:FieldLink.submit", "after"), "unknown", {0}),
    "it is acknowledged": Step(("gateway.commands.router:Router._accept", "after"), "unknown", {0, 1}),
    "its turn has come": Step(("gateway.link:FieldLink._execute", "before"), "unknown", {0}),
    "the device has answered": Step(("gateway.link:FieldLink._execute", "after"), "unknown", {1}),
    "its end begins": Step(("gateway.commands.answers:Answers.finish", "before"), "unknown", {1}),
    "it is in the audit": Step(("gateway.commands.audit:Audit.write", "after"), "unknown", {1}),
    "its end is on disk": Step(("gateway.commands.journal:Journal.finish", "after"), "done", {1}),
    "its result is published": Step(("gateway.commands.voice:OutboxVoice.adopt", "after"), "done", {1}),
}

FIRST = ["it has arrived", "it is claimed", "the device has answered", "its end is on disk"]
"""One of each end that there can be; the steps between them wait for the night."""


def valve(broker: str, port: int, **gateway: Any) -> str:
    """One register to write."""
    points = {"position": {"address": 0, "type": "uint16", "writable": True}}
    config = {"id": GATEWAY, "clock": "trusted", **gateway}
    return site(endpoint(broker), {"plc": link(port)}, {"valve": device(points)}, gateway=config)


def body(number: int) -> dict[str, Any]:
    """Each writes a value of its own."""
    return {"id": f"c-{number}", "write": {"position": number}}


def begin(daemon: Daemon, dies_at: tuple[str, ...] = ()) -> None:
    """Return once it reads, and listens for commands."""
    daemon.start(dies_at)
    daemon.wait_for(lambda event: is_up(event, "link plc"))
    daemon.wait_for(lambda event: is_up(event, "endpoint cloud"))


def is_up(event: dict[str, Any], name: str) -> bool:
    return (event.get("event"), event.get("name")) == ("up", name)


def statuses(subscriber: Subscriber, number: int) -> list[str]:
    """All that was said of a command, as far as a ping that is sent now is answered after it."""
    fence = f"fence-{number}"
    subscriber.publish("fieldgate/gw/command", {"id": fence, "invoke": "ping"})
    subscriber.wait_for(lambda m: is_result(m, fence))
    return [m.json["status"] for m in subscriber.messages if is_result(m, f"c-{number}")]


def answer(subscriber: Subscriber, number: int) -> str:
    """The first that is said of a command."""
    return str(subscriber.wait_for(lambda m: is_result(m, f"c-{number}")).json["status"])


def writes(plc: Device, number: int) -> int:
    return sum(query.size == number for query in plc.writes)


def records(state: Path, number: int) -> list[dict[str, Any]]:
    """What the audit says of a command, oldest first; nobody may be at work."""
    with closing(sqlite3.connect(state / "local.db")) as db:
        rows = [json.loads(row) for (row,) in db.execute("SELECT record FROM audit ORDER BY number")]
    return [row for row in rows if row.get("command") == f"c-{number}"]


@pytest.mark.parametrize(("step", "count"), [
    *((step, 1) for step in FIRST),
    *(pytest.param(step, 1, marks=pytest.mark.slow) for step in STEPS if step not in FIRST),
    *(pytest.param(step, 2, marks=pytest.mark.slow) for step in STEPS),
])  # fmt: skip
def test_killed_when(
    make_daemon: MakeDaemon, mosquitto: Mosquitto, subscriber: Subscriber, step: str, count: int
) -> None:
    place, status, possible = STEPS[step]
    with Device() as plc:
        daemon = make_daemon(valve(mosquitto.url, plc.port))
        begin(daemon, (*place, str(count)))
        for number in range(1, count + 1):
            subscriber.publish(COMMAND, body(number))
            if number < count:
                answer(subscriber, number)
        assert daemon.process.wait() == -9

        begin(daemon)
        subscriber.publish(COMMAND, body(count))
        answer(subscriber, count)
        told = statuses(subscriber, count)
        assert daemon.terminate() == 0

    assert set(told) == {status}
    assert writes(plc, count) in possible
    assert [record["status"] for record in records(daemon.state_dir, count)][-1:] == [status]


def test_killed_while_the_device_carries_it_out(
    make_daemon: MakeDaemon, mosquitto: Mosquitto, subscriber: Subscriber
) -> None:
    daemon: Daemon

    def react(query: Query) -> bytes:
        if query.function == 6:
            daemon.kill()
        return query.well()

    with Device(react) as plc:
        daemon = make_daemon(valve(mosquitto.url, plc.port))
        begin(daemon)
        subscriber.publish(COMMAND, body(1))
        assert daemon.process.wait() == -9
        begin(daemon)
        subscriber.publish(COMMAND, body(1))
        told = statuses(subscriber, 1)
        assert daemon.terminate() == 0

    assert set(told) == {"unknown"}
    assert writes(plc, 1) == 1
    assert [record["status"] for record in records(daemon.state_dir, 1)] == ["unknown"]


@pytest.mark.parametrize(
    ("seed", "rounds"), [(5, 3), pytest.param(6, 150, marks=[pytest.mark.slow, pytest.mark.timeout(900)])]
)
def test_killed_at_any_moment(
    make_daemon: MakeDaemon, mosquitto: Mosquitto, subscriber: Subscriber, seed: int, rounds: int
) -> None:
    chance = random.Random(seed)
    with Device() as plc:
        daemon = make_daemon(valve(mosquitto.url, plc.port))
        for number in range(1, rounds + 1):
            begin(daemon)
            if number > 1:
                subscriber.publish(COMMAND, body(number - 1))
            subscriber.publish(COMMAND, body(number))
            Event().wait(chance.uniform(0, LONGEST_S))
            daemon.kill()
        begin(daemon)
        for number in range(1, rounds + 1):
            subscriber.publish(COMMAND, body(number))
            answer(subscriber, number)
        told = {number: statuses(subscriber, number) for number in range(1, rounds + 1)}
        assert daemon.terminate() == 0

    for number, said in told.items():
        done = writes(plc, number)
        assert done <= 1, f"c-{number} was carried out {done} times"
        assert "rejected" not in said
        assert "done" not in said or done == 1
        assert not done or records(daemon.state_dir, number), f"nothing says that c-{number} was carried out"


@pytest.mark.parametrize(
    ("clock", "shift", "begins_wrong"),
    [
        ("trusted", TEN_YEARS, False),
        *(pytest.param(*each, marks=pytest.mark.slow) for each in REST),
    ],
)
def test_whatever_the_clock_says_a_finished_command_is_not_carried_out_again(
    tmp_path: Path,
    make_daemon: MakeDaemon,
    mosquitto: Mosquitto,
    subscriber: Subscriber,
    *,
    clock: str,
    shift: str,
    begins_wrong: bool,
) -> None:
    wrong = FakeTime(tmp_path, shift if begins_wrong else "+0d")
    with Device() as plc:
        daemon = make_daemon(valve(mosquitto.url, plc.port, clock=clock), env=wrong.env)
        begin(daemon)
        subscriber.publish(COMMAND, body(1))
        assert answer(subscriber, 1) == "done"
        daemon.kill()
        wrong.jump("+0d" if begins_wrong else shift)
        begin(daemon)
        for number in (2, 1):
            subscriber.publish(COMMAND, body(number))
        assert answer(subscriber, 2) == "done"
        assert set(statuses(subscriber, 1)) == {"done"}
        daemon.kill()

    assert (writes(plc, 1), writes(plc, 2)) == (1, 1)
