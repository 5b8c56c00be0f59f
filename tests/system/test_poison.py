"""A message that the far end cuts for, and a topic that it denies: all else goes on, and nothing else is given up."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from gateway.cli.control.client import Client, address
from gateway.cli.control.finding import SOCKET
from tests.support.daemon import Daemon
from tests.support.device import Device
from tests.support.envelopes import assert_all_arrived, counts, envelopes_in, is_reading, says
from tests.support.fakebroker import CUT, FakeBroker
from tests.support.mosquitto import Mosquitto
from tests.support.site import counting
from tests.support.subscriber import Received, Subscriber

MakeDaemon = Callable[..., Daemon]

POISON = 20


def dead(daemon: Daemon) -> int:
    with closing(sqlite3.connect(daemon.state_dir / "outbox-cloud.db")) as outbox:
        return int(outbox.execute("SELECT count(*) FROM dead").fetchone()[0])


def is_poison(message: Received) -> bool:
    return is_reading(message) and message.json["values"].get("count") == POISON


def test_a_reading_that_it_cuts_for_is_set_aside_and_all_others_arrive(make_daemon: MakeDaemon, meter: Device) -> None:
    with FakeBroker(lambda message: CUT if is_poison(message) else 0) as broker:
        daemon = make_daemon(counting(broker.url, meter.port))
        daemon.start()
        told = daemon.wait_for("envelope refused for good, set aside")
        assert told["reason"].startswith("the far end closed the connection 3 times when nothing else was on the way")

        wanted = len(meter.queries) + 3
        broker.wait_until(lambda: any(says(wanted)(message) for message in broker.messages if is_reading(message)))
        broker.wait_until(lambda: any(message.topic.endswith("/gap") for message in broker.messages))
        broker.wait_until(lambda: {*range(1, wanted)} <= {*counts(broker.messages)})
        assert daemon.terminate() == 0
        (gap,) = {message.payload for message in broker.messages if message.topic.endswith("/gap")}
        (refused,) = {envelopes_in(m)[0]["seq"] for m in broker.messages if is_poison(m)}
        assert b'"reason":"refused"' in gap
        assert f'"from":{refused},"to":{refused}'.encode() in gap
        assert dead(daemon) == 1
        assert broker.connections <= 10


def test_a_far_end_that_cuts_before_it_takes_anything_gets_everything_once_it_is_well(
    make_daemon: MakeDaemon, meter: Device
) -> None:
    """As a hub does whose messages of the day are spent."""
    with FakeBroker(lambda _: CUT) as broker:
        daemon = make_daemon(counting(broker.url, meter.port))
        daemon.start()
        broker.wait_until(lambda: broker.connections >= 8)
        broker.judge = lambda _: 0
        before = len(broker.messages)
        wanted = len(meter.queries) + 3
        broker.wait_until(lambda: any(says(wanted)(message) for message in broker.messages if is_reading(message)))
        broker.wait_until(lambda: {*range(1, wanted)} <= {*counts(broker.messages[before:])})
        assert daemon.terminate() == 0
        assert dead(daemon) == 0


ACL = """\
user gw
topic write fieldgate/gw/+/reading
topic write fieldgate/gw/status
topic read fieldgate/gw/#
user reader
topic read #
"""


def test_topics_that_an_access_list_denies_keep_none_of_the_others(
    make_daemon: MakeDaemon, make_mosquitto: Callable[..., Mosquitto], meter: Device, tmp_path: Path
) -> None:
    (tmp_path / "acl").write_text(ACL)
    broker = make_mosquitto((f"acl_file {tmp_path / 'acl'}",), users={"gw": "secret-1", "reader": "secret-2"})
    (tmp_path / "secrets.yaml").touch(mode=0o600)
    (tmp_path / "secrets.yaml").write_text("cloud: secret-1\n")
    daemon = make_daemon(counting(broker.url, meter.port, {"username": "gw", "password": "${secret:cloud}"}))
    with Subscriber(broker.port, user=("reader", "secret-2")) as subscriber:
        daemon.start()
        subscriber.wait_for(says(20))
        status: dict[str, Any] = Client(daemon.state_dir / SOCKET).get(address("status"))["endpoints"]["cloud"]
        assert status["state"] == "up"
        assert sorted(note.partition(" wait: ")[0] for note in status["notes"]) == [
            "those of kind birth of the gateway, meter",
            "those of kind status of meter",
        ]
        assert "0x87 Not authorized" in status["notes"][0]
        assert daemon.terminate() == 0
        assert_all_arrived(counts(subscriber.messages))
    with closing(sqlite3.connect(daemon.state_dir / "outbox-cloud.db")) as outbox:
        kinds = {kind for (kind,) in outbox.execute("SELECT kind FROM envelope")}
    assert kinds == {"birth", "status"}
    assert dead(daemon) == 0
