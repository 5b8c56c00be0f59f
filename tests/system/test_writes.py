"""What commands become on the wire, through the whole daemon: few requests, settled values, untouched dead devices."""

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from typing import Any

import pytest

from tests.support.daemon import Daemon
from tests.support.device import Device, hang
from tests.support.envelopes import has_state, is_reading, is_result
from tests.support.modbus import ModbusServer
from tests.support.mosquitto import Mosquitto
from tests.support.site import device, endpoint, link, site
from tests.support.subscriber import Subscriber

MakeDaemon = Callable[..., Daemon]

POINTS: dict[str, Any] = {
    "low": {"address": 10, "type": "uint16", "writable": True},
    "high": {"address": 11, "type": "uint16", "writable": {"max": 500}, "verify": True},
    "mode": {"address": 20, "type": "uint16", "bits": "3..5", "enum": {0: "off", 5: "auto"}, "writable": True},
    "alarm": {"address": 20, "type": "bool", "bits": 15, "writable": True},
    "damper": {"address": 40, "type": "uint16", "writable": True, "verify": {"settle": "3s"}},
    "valve": {"address": 30, "type": "uint16", "writable": True, "verify": {"tolerance": 2, "settle": "300ms"}},
}


@pytest.fixture
def daemon(
    make_daemon: MakeDaemon, mosquitto: Mosquitto, subscriber: Subscriber, modbus_server: ModbusServer
) -> Daemon:
    """At work, with its device read once."""
    modbus_server.set("holding", 20, [0xAAAA])
    devices = {name: device(POINTS) for name in ("boiler", "other")}
    daemon = make_daemon(site(endpoint(mosquitto.url), {"plc": link(modbus_server.port)}, devices))
    daemon.start()
    subscriber.wait_for(is_reading)
    return daemon


def send(subscriber: Subscriber, name: str, values: dict[str, Any], to: str = "boiler") -> None:
    subscriber.publish(f"fieldgate/gw/{to}/command", {"id": name, "write": values})


def result(subscriber: Subscriber, name: str) -> dict[str, Any]:
    body: dict[str, Any] = subscriber.wait_for(lambda m: is_result(m, name)).json
    return body


def written(daemon: Daemon, name: str) -> list[str]:
    """What the audit says went over the wire for a command, without transaction numbers."""
    with closing(sqlite3.connect(daemon.state_dir / "local.db")) as local:
        records = [json.loads(body) for (body,) in local.execute("SELECT record FROM audit ORDER BY number")]
    return [frame[4:] for record in records if record["command"] == name for frame in record.get("wire", ())]


def test_neighbours_are_one_request_and_fields_keep_what_is_beside_them(
    daemon: Daemon, subscriber: Subscriber, modbus_server: ModbusServer
) -> None:
    send(subscriber, "w-1", {"high": 7, "low": 6, "alarm": False, "mode": "auto"})
    told = result(subscriber, "w-1")
    assert (told["status"], told["values"]) == ("done", {"high": 7, "low": 6, "alarm": False, "mode": "auto"})
    assert modbus_server.get("holding", 10, 2) == [6, 7]
    assert modbus_server.get("holding", 20) == [0x2AAA]
    assert written(daemon, "w-1") == ["0000000b0110000a00020400060007", "00000006010600142aaa"]


def test_a_limit_forbids_all_of_a_command(daemon: Daemon, subscriber: Subscriber, modbus_server: ModbusServer) -> None:
    send(subscriber, "w-2", {"low": 6, "high": 501})
    told = result(subscriber, "w-2")
    assert (told["status"], told["reason"]) == ("rejected", "out-of-range")
    assert modbus_server.writes() == []


def test_while_a_value_settles_other_devices_on_the_link_are_written_to(
    daemon: Daemon, subscriber: Subscriber, modbus_server: ModbusServer
) -> None:
    send(subscriber, "slow", {"valve": 50})
    send(subscriber, "quick", {"low": 1}, to="other")
    told = result(subscriber, "slow")
    assert (told["status"], told["values"]) == ("done", {"valve": 50})
    order = [m.json["command"] for m in subscriber.on("/result")]
    assert order == ["quick", "slow"]


def test_a_value_that_settles_elsewhere_has_failed(
    daemon: Daemon, subscriber: Subscriber, modbus_server: ModbusServer
) -> None:
    send(subscriber, "w-3", {"damper": 50})
    subscriber.wait_for(lambda m: is_reading(m, "boiler") and m.json["values"]["damper"] == 50)
    modbus_server.set("holding", 40, [53])
    told = result(subscriber, "w-3")
    assert (told["status"], told["reason"], told["values"]) == ("failed", "read-back-differs", {"damper": 53})


def test_a_dead_device_is_asked_and_not_touched(
    make_daemon: MakeDaemon, mosquitto: Mosquitto, subscriber: Subscriber
) -> None:
    with Device() as peer:
        daemon = make_daemon(site(endpoint(mosquitto.url), {"plc": link(peer.port)}, {"boiler": device(POINTS)}))
        daemon.start()
        subscriber.wait_for(is_reading)
        peer.react = hang
        subscriber.wait_for(lambda m: has_state(m, "offline", "boiler"))
        send(subscriber, "w-4", {"low": 6})
        told = result(subscriber, "w-4")
        assert (told["status"], told["reason"]) == ("unreachable", "timeout")
        assert "nothing was written" in told["detail"]
        assert peer.writes == []
