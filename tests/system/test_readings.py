"""Readings, statuses and births on their way from a register to a subscriber."""

import struct
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from pymodbus.constants import ExcCodes

from tests.support.daemon import Daemon
from tests.support.device import Counter, Device
from tests.support.envelopes import has_state, is_reading, moment, numbered, once
from tests.support.modbus import ModbusServer
from tests.support.mosquitto import Mosquitto
from tests.support.site import counting, device, endpoint, link, site
from tests.support.subscriber import Subscriber

MakeDaemon = Callable[..., Daemon]

POINTS: dict[str, Any] = {
    "temp": {"address": 0, "type": "int16", "scale": 0.1, "unit": "°C"},
    "flow": {"address": 2, "type": "float32", "order": "CDAB"},
    "pulses": {"address": 4, "type": "uint32"},
    "total": {"address": 6, "type": "uint64"},
    "mode": {"address": 10, "type": "uint16", "enum": {0: "off", 1: "on", 2: "auto"}, "writable": True},
    "pump": {"address": 8, "table": "coil", "type": "bool"},
    "door": {"address": 3, "table": "discrete", "type": "bool"},
    "level": {"address": 20, "table": "input", "type": "uint16", "range": [0, 100]},
    "odd": {"address": 11, "type": "uint16", "enum": {0: "closed"}},
    "nan": {"address": 12, "type": "float32"},
    "serial": {"address": 30, "type": "string", "length": 4, "order": "BADC"},
    "mac": {"address": 34, "type": "bytes", "length": 3},
    "alarms": {"address": 37, "type": "uint16", "bits": "3..5"},
    "fault": {"address": 37, "type": "bool", "bits": 15},
    "fan": {"address": 37, "type": "uint8", "byte": "high", "bits": "0..1", "enum": {2: "fast"}},
    "meter": {"address": 38, "type": "bcd32", "scale": 0.01},
    "power": {"address": 40, "type": "int16", "scale_from": 41},
    "spare": {"address": 42, "type": "int16", "invalid": -32768},
    "energy": {"address": 43, "type": "uint32", "scale_from": 45},
    "half": {"address": 46, "type": "float16"},
    "broken": {"address": 47, "type": "string", "length": 1},
    "absent": {"address": 300, "type": "uint16"},
}


def words(layout: str, value: float) -> list[int]:
    data = struct.pack(layout, value)
    return list(struct.unpack(f">{len(data) // 2}H", data))


def fill(server: ModbusServer) -> None:
    server.set("holding", 0, [65536 - 55])
    server.set("holding", 2, words(">f", 71.3)[::-1])
    server.set("holding", 4, words(">I", 4_000_000_001))
    server.set("holding", 6, words(">Q", 2**63 + 1))
    server.set("holding", 10, [2, 7, *words(">f", float("nan"))])
    server.set("holding", 30, [0x4E53, 0x3720, 0, 0])
    server.set("holding", 34, [0x00A0, 0xB1C2, 0xD3FF, 0x8228, 0x0012, 0x3456])
    server.set("holding", 40, [2305, 65535, 0x8000, 0, 7, 0x8000, *words(">e", 21.7), 0xFFFF])
    server.set("coil", 8, [1])
    server.set("input", 20, [151])
    server.failures[1, 300] = ExcCodes.ILLEGAL_ADDRESS


@pytest.fixture
def boiler(mosquitto: Mosquitto, modbus_server: ModbusServer, make_daemon: MakeDaemon) -> Daemon:
    fill(modbus_server)
    config = site(
        endpoint(mosquitto.url),
        {"plc": link(modbus_server.port)},
        {"boiler": device(POINTS, labels={"room": "1"})},
        gateway={"id": "gw", "description": "Mill", "labels": {"site": "mill"}},
    )
    return make_daemon(config)


def test_every_kind_of_value_arrives_as_the_register_holds_it(boiler: Daemon, subscriber: Subscriber) -> None:
    boiler.start()

    reading = subscriber.wait_for(lambda m: is_reading(m) and "temp" in m.json["values"]).json

    assert reading["values"] == {
        "temp": -5.5,
        "flow": 71.3,
        "pulses": 4_000_000_001,
        "total": 2**63 + 1,
        "mode": "auto",
        "pump": True,
        "door": False,
        "serial": "SN 7",
        "mac": "00a0b1c2d3ff",
        "alarms": 5,
        "fault": True,
        "fan": "fast",
        "meter": 1234.56,
        "power": 230.5,
        "half": 21.7,
    }
    assert reading["bad"]["level"] == {"reason": "out-of-range", "value": 151}
    assert reading["bad"]["odd"]["reason"] == "invalid"
    assert {reading["bad"][name]["reason"] for name in ("nan", "spare", "energy")} == {"invalid"}
    assert reading["bad"]["broken"] == {"reason": "decode-error"}
    assert reading["bad"]["absent"] == {"reason": "device-error", "code": 2}
    assert (reading["v"], reading["kind"], reading["gateway"], reading["stream"]) == (1, "reading", "gw", "cloud")


def test_topics_qos_and_retained_flags_are_those_of_the_interface(
    boiler: Daemon, subscriber: Subscriber, mosquitto: Mosquitto
) -> None:
    boiler.start()
    subscriber.wait_for(is_reading)
    subscriber.wait_for(lambda m: has_state(m, "degraded", "boiler"))
    subscriber.publish("fieldgate/gw/command", {"id": "p", "invoke": "ping"})
    subscriber.wait_for(lambda m: m.topic == "fieldgate/gw/result")

    with Subscriber(mosquitto.port, "fieldgate/#") as late:
        late.wait_for(lambda m: is_reading(m) and not m.retained)
        kept = {m.topic for m in late.messages if m.retained}

    assert kept == {
        "fieldgate/gw/status",
        "fieldgate/gw/birth",
        "fieldgate/gw/boiler/status",
        "fieldgate/gw/boiler/birth",
    }
    assert {m.topic for m in subscriber.messages} == {
        *kept,
        "fieldgate/gw/boiler/reading",
        "fieldgate/gw/command",
        "fieldgate/gw/result",
    }
    assert {m.qos for m in subscriber.messages} == {1}


def test_births_say_what_there_is(boiler: Daemon, subscriber: Subscriber, modbus_server: ModbusServer) -> None:
    boiler.start()

    gateway = subscriber.wait_for(lambda m: m.topic == "fieldgate/gw/birth").json
    birth = subscriber.wait_for(lambda m: m.topic == "fieldgate/gw/boiler/birth").json

    assert gateway["devices"] == ["boiler"]
    assert (gateway["description"], gateway["labels"]) == ("Mill", {"site": "mill"})
    assert gateway["version"]
    assert gateway["config"]
    assert (birth["link"], birth["labels"], birth["every"]) == ("plc", {"room": "1"}, "100ms")
    assert str(modbus_server.port) in birth["address"]
    assert set(birth["points"]) == set(POINTS)
    assert birth["points"]["temp"]["unit"] == "°C"
    assert birth["points"]["mode"]["enum"] == {"0": "off", "1": "on", "2": "auto"}
    assert birth["points"]["mode"]["writable"] is True
    assert birth["points"]["level"]["range"] == [0, 100]


def test_statuses_tell_the_gateway_and_the_trouble_of_its_devices(boiler: Daemon, subscriber: Subscriber) -> None:
    boiler.start()

    gateway = subscriber.wait_for(lambda m: has_state(m, "online")).json
    status = subscriber.wait_for(lambda m: has_state(m, "degraded", "boiler")).json

    assert gateway["version"]
    assert gateway["outbox"]["depth"] >= 0
    assert "oldest_age_s" in gateway["outbox"]
    assert set(gateway["trouble"]) == {"links", "devices"}
    assert status["reason"]
    assert status["since"].endswith("Z")


def test_seq_begins_at_one_and_leaves_nothing_out(
    make_daemon: MakeDaemon, mosquitto: Mosquitto, subscriber: Subscriber
) -> None:
    with Device(Counter()) as meter:
        daemon = make_daemon(counting(mosquitto.url, meter.port))
        daemon.start()
        subscriber.wait_for_many(is_reading, 10)
        assert daemon.terminate() == 0

    subscriber.wait_for(lambda m: has_state(m, "offline"))
    envelopes = once(numbered(subscriber.messages))
    assert len({envelope["session"] for envelope in envelopes}) == 1
    assert sorted(envelope["seq"] for envelope in envelopes) == list(range(1, len(envelopes) + 1))


def test_a_birth_says_how_the_session_before_ended(
    make_daemon: MakeDaemon, mosquitto: Mosquitto, subscriber: Subscriber
) -> None:
    births = []
    with Device() as meter:
        daemon = make_daemon(counting(mosquitto.url, meter.port))
        for end in (daemon.terminate, daemon.kill, daemon.kill):
            daemon.start()
            births.append(subscriber.wait_for(lambda m: m.topic == "fieldgate/gw/birth").json)
            end()
            subscriber.wait_for(lambda m: has_state(m, "offline"))
            subscriber.clear()

    first, second, third = births
    assert first["previous"] == {"session": 0, "clean": True}
    assert second["previous"] == {"session": first["session"], "clean": True}
    assert third["previous"] == {"session": second["session"], "clean": False}
    assert first["session"] < second["session"] < third["session"]


def test_on_change_sends_a_change_at_once_and_else_only_the_heartbeat(
    mosquitto: Mosquitto, subscriber: Subscriber, modbus_server: ModbusServer, make_daemon: MakeDaemon
) -> None:
    daemon = make_daemon(
        counting(mosquitto.url, modbus_server.port, report={"on_change": True, "deadband": 5, "heartbeat": "1s"})
    )
    daemon.start()
    subscriber.wait_for(is_reading)
    modbus_server.set("holding", 0, [10])
    changed = subscriber.wait_for(lambda m: is_reading(m) and m.json["values"]["count"] == 10).json
    modbus_server.set("holding", 0, [12])

    after = [m.json for m in subscriber.wait_for_many(lambda m: is_reading(m) and m.json["seq"] >= changed["seq"], 3)]

    assert [reading["values"]["count"] for reading in after] == [10, 12, 12]
    assert all(0.85 < moment(later) - moment(earlier) < 1.35 for earlier, later in pairwise(after))


def test_a_device_that_left_the_configuration_leaves_no_retained_topic_behind(
    make_daemon: MakeDaemon, meter: Device, mosquitto: Mosquitto, subscriber: Subscriber
) -> None:
    points = {"count": {"address": 0, "type": "uint16"}}
    both = {name: device(points, unit_id=unit) for unit, name in enumerate(("stays", "leaves"), 1)}
    daemon = make_daemon(site(endpoint(mosquitto.url), {"plc": link(meter.port)}, both))
    daemon.start()
    subscriber.wait_for(lambda m: has_state(m, "online", "leaves"))
    assert daemon.terminate() == 0

    del both["leaves"]
    daemon.configure(site(endpoint(mosquitto.url), {"plc": link(meter.port)}, both))
    daemon.start()
    for kind in ("birth", "status"):
        subscriber.wait_for(lambda m, kind=kind: m.topic == f"fieldgate/gw/leaves/{kind}" and not m.payload)  # type: ignore[misc]

    with Subscriber(mosquitto.port) as late:
        late.wait_for(lambda m: is_reading(m, "stays"))
        assert {m.topic for m in late.messages if m.retained} == {
            f"fieldgate/gw{device}/{kind}" for device in ("", "/stays") for kind in ("birth", "status")
        }
