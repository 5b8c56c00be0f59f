"""The cloud is away for long: each device gets the values that are safe then, and the cloud hears of it later."""

import json
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from typing import Any

import pytest
import yaml

from tests.support.daemon import Daemon
from tests.support.envelopes import has_state, is_reading
from tests.support.line import Line
from tests.support.modbus import ModbusServer
from tests.support.mosquitto import Mosquitto
from tests.support.patience import HANG_S
from tests.support.site import device, endpoint, link, site
from tests.support.subscriber import Received, Subscriber

MakeDaemon = Callable[..., Daemon]

POINTS: dict[str, Any] = {
    "temp": {"address": 0, "type": "uint16"},
    "setpoint": {"address": 10, "type": "uint16", "writable": {"min": 20, "max": 80, "confirm": True}},
}
AFTER_S = 2.0
"""Longer than a daemon takes to connect."""
LOST: dict[str, Any] = {"after": f"{AFTER_S:g}s", "write": {"setpoint": 40}}


def config(url: str, port: int, lost: dict[str, Any] = LOST, **more: Any) -> str:
    return site(endpoint(url), {"plc": link(port)}, {"boiler": device(POINTS, unit_id=1, on_uplink_lost=lost)}, **more)


def wait_for_writes(server: ModbusServer, count: int, timeout_s: float = HANG_S) -> None:
    end_s = time.monotonic() + timeout_s
    while len(server.writes()) < count:
        assert time.monotonic() < end_s, f"{len(server.writes())} of {count} writes"
        time.sleep(0.01)


def is_fail_safe(message: Received, device: str = "boiler") -> bool:
    return message.topic.endswith(f"{device}/result") and message.json["command"].startswith("uplink-lost-")


def audit(daemon: Daemon) -> list[dict[str, Any]]:
    with closing(sqlite3.connect(daemon.state_dir / "local.db")) as local:
        return [json.loads(body) for (body,) in local.execute("SELECT record FROM audit ORDER BY number")]


def test_a_cloud_that_is_away_for_long_brings_the_safe_values_once_and_is_told_when_it_is_back(
    make_daemon: MakeDaemon, mosquitto: Mosquitto, line: Line, subscriber: Subscriber, modbus_server: ModbusServer
) -> None:
    daemon = make_daemon(config(line.url, modbus_server.port))
    daemon.start()
    subscriber.wait_for(is_reading)
    assert modbus_server.writes() == []

    line.stop()
    wait_for_writes(modbus_server, 1)
    line.start()

    result = subscriber.wait_for(is_fail_safe).json
    assert (result["status"], result["values"]) == ("done", {"setpoint": 40})
    assert modbus_server.get("holding", 10) == [40]
    assert daemon.terminate() == 0
    assert len(modbus_server.writes()) == 1
    (record,) = audit(daemon)
    assert (record["origin"], record["kind"], record["status"]) == ("uplink-lost", "write", "done")
    assert (record["asked"], record["command"]) == ({"setpoint": 40}, result["command"])
    assert record["wire"]


def test_every_device_gets_its_own(
    make_daemon: MakeDaemon, mosquitto: Mosquitto, line: Line, subscriber: Subscriber
) -> None:
    with ModbusServer(units=(1, 2)) as server:
        pump = device(POINTS, unit_id=2, on_uplink_lost={**LOST, "write": {"setpoint": 30}})
        boiler = device(POINTS, unit_id=1, on_uplink_lost=LOST)
        both = {"boiler": boiler, "pump": pump}
        daemon = make_daemon(site(endpoint(line.url), {"plc": link(server.port)}, both))
        daemon.start()
        subscriber.wait_for(is_reading)

        line.stop()
        wait_for_writes(server, 2)
        line.start()

        of_boiler = subscriber.wait_for(is_fail_safe).json
        of_pump = subscriber.wait_for(lambda m: is_fail_safe(m, "pump")).json
        assert (of_boiler["values"], of_pump["values"]) == ({"setpoint": 40}, {"setpoint": 30})
        assert (server.get("holding", 10), server.get("holding", 10, unit=2)) == ([40], [30])


def test_a_cloud_that_comes_back_in_time_changes_nothing(
    make_daemon: MakeDaemon, mosquitto: Mosquitto, line: Line, subscriber: Subscriber, modbus_server: ModbusServer
) -> None:
    daemon = make_daemon(config(line.url, modbus_server.port))
    daemon.start()
    subscriber.wait_for(is_reading)

    line.stop()
    subscriber.wait_for(lambda m: has_state(m, "offline"))
    line.start()
    subscriber.clear()
    subscriber.wait_for(is_reading)
    subscriber.wait_for_more(10**6, AFTER_S)

    assert daemon.terminate() == 0
    assert modbus_server.writes() == []


@pytest.mark.slow  # the second attempt comes 10 s after the first
def test_a_device_that_is_away_with_the_cloud_gets_them_when_it_is_back(
    make_daemon: MakeDaemon, mosquitto: Mosquitto, line: Line, subscriber: Subscriber, modbus_server: ModbusServer
) -> None:
    daemon = make_daemon(config(line.url, modbus_server.port))
    daemon.start()
    subscriber.wait_for(is_reading)

    modbus_server.stop()
    line.stop()
    daemon.wait_for(lambda e: e["event"] == "command" and e["status"] == "unreachable", 15)
    modbus_server.start()
    wait_for_writes(modbus_server, 1, 20)
    line.start()

    subscriber.wait_for(lambda m: is_fail_safe(m) and m.json["status"] == "unreachable")
    subscriber.wait_for(lambda m: is_fail_safe(m) and m.json["status"] == "done")


def test_a_daemon_that_starts_anew_while_the_cloud_is_away_writes_them_anew(
    make_daemon: MakeDaemon, mosquitto: Mosquitto, line: Line, subscriber: Subscriber, modbus_server: ModbusServer
) -> None:
    line.stop()
    daemon = make_daemon(config(line.url, modbus_server.port))
    daemon.start()
    wait_for_writes(modbus_server, 1)
    assert daemon.terminate() == 0
    daemon.start()
    wait_for_writes(modbus_server, 2)

    line.start()

    told = subscriber.wait_for_many(lambda m: is_fail_safe(m) and m.json["status"] == "done", 2)
    assert len({message.json["command"] for message in told}) == 2


def test_the_loss_of_one_named_endpoint_is_enough(
    make_daemon: MakeDaemon,
    make_mosquitto: Callable[..., Mosquitto],
    mosquitto: Mosquitto,
    line: Line,
    modbus_server: ModbusServer,
) -> None:
    other = make_mosquitto()
    body = yaml.safe_load(config(line.url, modbus_server.port, {**LOST, "endpoint": "cloud"}))
    body["endpoints"]["other"] = endpoint(other.url)
    daemon = make_daemon(yaml.safe_dump(body))
    with Subscriber(mosquitto.port) as near, Subscriber(other.port) as far:
        daemon.start()
        near.wait_for(is_reading)
        far.wait_for(is_reading)

        line.stop()

        result = far.wait_for(is_fail_safe, 15).json
        assert result["status"] == "done"
        assert modbus_server.get("holding", 10) == [40]
