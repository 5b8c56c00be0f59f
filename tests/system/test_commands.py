"""Commands down to a register, and their results up."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import pytest
from pymodbus.constants import ExcCodes

from tests.support.daemon import Daemon
from tests.support.envelopes import has_state, is_reading, is_result
from tests.support.modbus import ModbusServer
from tests.support.mosquitto import Mosquitto
from tests.support.site import device, endpoint, link, site
from tests.support.subscriber import Received, Subscriber

COMMAND = "fieldgate/gw/boiler/command"

POINTS: dict[str, Any] = {
    "temp": {"address": 0, "type": "uint16"},
    "setpoint": {
        "address": 10,
        "type": "int16",
        "scale": 0.1,
        "unit": "°C",
        "writable": {"min": 20, "max": 80},
        "verify": True,
    },
    "mode": {"address": 12, "type": "uint16", "enum": {0: "off", 1: "on"}, "writable": True},
    "pump": {"address": 8, "table": "coil", "type": "bool", "writable": True},
    "locked": {"address": 50, "type": "uint16", "writable": True},
}


class Plant(NamedTuple):
    """One daemon between one device and one broker."""

    daemon: Daemon
    server: ModbusServer
    subscriber: Subscriber

    def command(self, body: Any, topic: str = COMMAND, **properties: Any) -> None:
        self.subscriber.publish(topic, body, **properties)

    def result(self, command: str) -> dict[str, Any]:
        body: dict[str, Any] = self.subscriber.wait_for(lambda m: is_result(m, command)).json
        return body

    def done(self, body: dict[str, Any]) -> dict[str, Any]:
        """Send it and wait for its result."""
        self.command(body)
        return self.result(body["id"])

    def answers(self, body: Any, topic: str = COMMAND) -> list[Received]:
        """Every result until the answer to a ping that was sent after it."""
        self.subscriber.clear()
        self.command(body, topic)
        self.command({"id": "fence", "invoke": "ping"}, "fieldgate/gw/command")
        self.subscriber.wait_for(lambda m: is_result(m, "fence"))
        return [m for m in self.subscriber.on("/result") if not is_result(m, "fence")]

    def defects(self) -> list[str]:
        """Lines of the log that no outsider should be able to cause."""
        return [line for line in self.daemon.lines if '"defect"' in line or "Traceback" in line or line[:1] != "{"]


def config(url: str, port: int, **cloud: Any) -> str:
    return site(endpoint(url, **cloud), {"plc": link(port)}, {"boiler": device(POINTS)})


@pytest.fixture(scope="module")
def plant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plant]:
    folder = tmp_path_factory.mktemp("plant")
    broker = Mosquitto(folder)
    broker.start()
    try:
        with ModbusServer() as server, Subscriber(broker.port) as subscriber:
            server.set("holding", 0, [21])
            server.failures[1, 50] = ExcCodes.DEVICE_FAILURE
            daemon = Daemon(folder, config(broker.url, server.port))
            daemon.start()
            try:
                subscriber.wait_for(is_reading)
                yield Plant(daemon, server, subscriber)
            finally:
                daemon.kill()
    finally:
        broker.kill()


def test_a_write_changes_the_register_and_its_result_arrives_once(plant: Plant) -> None:
    result = plant.done({"id": "w-1", "write": {"setpoint": 55.5}})
    plant.done({"id": "w-1-after", "read": ["temp"]})

    assert plant.server.get("holding", 10) == [555]
    assert (result["status"], result["values"]) == ("done", {"setpoint": 55.5})
    assert (result["kind"], result["device"], result["gateway"]) == ("result", "boiler", "gw")
    assert len([m for m in plant.subscriber.on("/result") if is_result(m, "w-1")]) == 1
    plant.subscriber.wait_for(lambda m: is_reading(m) and m.json["values"].get("setpoint") == 55.5)


def test_the_same_id_again_gets_the_stored_result_and_writes_nothing(plant: Plant) -> None:
    first = plant.done({"id": "w-2", "write": {"setpoint": 44}})
    plant.server.set("holding", 10, [300])
    writes = len(plant.server.writes())
    plant.subscriber.clear()

    again = plant.done({"id": "w-2", "write": {"setpoint": 66}})

    assert {name: again[name] for name in ("status", "values")} == {name: first[name] for name in ("status", "values")}
    assert again["seq"] > first["seq"]
    assert len(plant.server.writes()) == writes
    assert plant.server.get("holding", 10) == [300]


def test_several_points_of_several_kinds_are_written_at_once(plant: Plant) -> None:
    result = plant.done({"id": "w-3", "write": {"mode": "on", "pump": True}})

    assert (result["status"], result["values"]) == ("done", {"mode": "on", "pump": True})
    assert plant.server.get("holding", 12) == [1]
    assert plant.server.get("coil", 8) == [1]


def test_a_read_answers_with_what_the_device_holds_now(plant: Plant) -> None:
    result = plant.done({"id": "r-1", "read": ["temp", "locked"]})

    assert result["values"] == {"temp": 21}
    assert result["bad"] == {"locked": {"reason": "device-error", "code": 4}}


def test_what_the_device_refuses_has_failed(plant: Plant) -> None:
    result = plant.done({"id": "w-4", "write": {"locked": 1}})

    assert (result["status"], result["reason"]) == ("failed", "device-error")
    assert result["detail"]


def test_a_result_is_copied_to_where_the_sender_asked_for_it(plant: Plant) -> None:
    plant.command({"id": "r-2", "read": ["temp"]}, ResponseTopic="fieldgate/answers/me", CorrelationData=b"42")

    copy = plant.subscriber.wait_for(lambda m: m.topic == "fieldgate/answers/me")

    assert copy.json == plant.result("r-2")
    assert copy.properties.CorrelationData == b"42"


def test_the_gateway_answers_a_ping_of_its_own(plant: Plant) -> None:
    plant.command({"id": "p-1", "invoke": "ping"}, "fieldgate/gw/command")

    assert plant.result("p-1")["status"] == "done"


def test_births_are_told_again_when_asked_for(plant: Plant) -> None:
    plant.subscriber.clear()

    plant.command({"id": "b-1", "invoke": "republish-birth"}, "fieldgate/gw/command")

    plant.subscriber.wait_for(lambda m: m.topic == "fieldgate/gw/boiler/birth")
    plant.subscriber.wait_for(lambda m: m.topic == "fieldgate/gw/birth")


PAST = (datetime.now(UTC) - timedelta(minutes=1)).isoformat()

REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "unknown point": ({"write": {"setpint": 50}}, "unknown-point"),
    "unknown point to read": ({"read": ["temp", "tmp"]}, "unknown-point"),
    "not writable": ({"write": {"temp": 1}}, "not-writable"),
    "below the limit": ({"write": {"setpoint": 19.9}}, "out-of-range"),
    "above the limit": ({"write": {"setpoint": 80.1}}, "out-of-range"),
    "between two steps": ({"write": {"mode": 1.3}}, ""),
    "no such label": ({"write": {"mode": "auto"}}, ""),
    "a text for a number": ({"write": {"setpoint": "50"}}, ""),
    "a truth for a number": ({"write": {"setpoint": True}}, ""),
    "a number for a truth": ({"write": {"pump": 2}}, ""),
    "more than a float holds": ({"write": {"setpoint": 1e308}}, "out-of-range"),
    "more than any register holds": ({"write": {"locked": 2**63}}, "out-of-range"),
    "one bad among good ones": ({"write": {"pump": False, "setpoint": 99}}, "out-of-range"),
    "no command of that name": ({"invoke": "tare"}, "unknown-command"),
    "both write and read": ({"write": {"setpoint": 50}, "read": ["temp"]}, "malformed"),
    "nothing to do": ({}, "malformed"),
    "an empty write": ({"write": {}}, "malformed"),
    "an empty read": ({"read": []}, "malformed"),
    "a read that is no list": ({"read": "temp"}, "malformed"),
    "a write that is no object": ({"write": ["setpoint", 50]}, "malformed"),
    "a value that is null": ({"write": {"setpoint": None}}, "malformed"),
    "a value that is an object": ({"write": {"setpoint": {"value": 50}}}, "malformed"),
    "an unknown member": ({"write": {"setpoint": 50}, "force": True}, "malformed"),
    "an expiry that is no time": ({"write": {"setpoint": 50}, "expires": "soon"}, "malformed"),
    "an expiry without a zone": ({"write": {"setpoint": 50}, "expires": "2999-01-01T00:00:00"}, "malformed"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_command_is_refused_for(plant: Plant, case: str) -> None:
    body, reason = REFUSED[case]
    writes = len(plant.server.writes())

    result = plant.done({"id": f"refused: {case}", **body})

    assert result["status"] == "rejected"
    assert result["reason"] == (reason or result["reason"])
    assert result["detail"]
    assert len(plant.server.writes()) == writes
    assert plant.defects() == []


@pytest.mark.parametrize("expires", [PAST, "0001-01-01T00:00:00+12:00"])
def test_a_command_that_comes_too_late_is_expired(plant: Plant, expires: str) -> None:
    writes = len(plant.server.writes())

    result = plant.done({"id": f"late {expires}", "write": {"setpoint": 50}, "expires": expires})

    assert result["status"] == "expired"
    assert len(plant.server.writes()) == writes
    assert plant.defects() == []


def test_an_expiry_at_the_end_of_all_time_is_no_trouble(plant: Plant) -> None:
    result = plant.done({"id": "for ever", "write": {"setpoint": 50}, "expires": "9999-12-31T23:59:59-12:00"})

    assert result["status"] == "done"
    assert plant.defects() == []


@pytest.mark.parametrize("command", ["\0", "ß€𝄞", '"\\', " ", "x" * 128])
def test_any_text_of_reasonable_length_is_an_id(plant: Plant, command: str) -> None:
    assert plant.done({"id": command, "read": ["temp"]})["status"] == "done"
    assert plant.defects() == []


def nested(depth: int) -> bytes:
    return b'{"id":"deep","write":' + b'{"a":' * depth + b"1" + b"}" * depth + b"}"


UNREADABLE: dict[str, bytes] = {
    "nothing": b"",
    "text": b"open the valve",
    "another JSON value": b"null",
    "half a command": b'{"id":"half","write":{"setpoint":5',
    "invalid UTF-8": b"\xff\xfe\x00\xc3\x28",
    "invalid UTF-8 in its id": b'{"id":"\xff","read":["temp"]}',
    "half a surrogate pair as id": b'{"id":"\\ud800","read":["temp"]}',
    "no id": b'{"write":{"setpoint":50}}',
    "an empty id": b'{"id":"","write":{"setpoint":50}}',
    "a number as id": b'{"id":7,"write":{"setpoint":50}}',
    "an id that is too long": b'{"id":"%s","read":["temp"]}' % (b"x" * 129),
    "not a number": b'{"id":"nan","write":{"setpoint":NaN}}',
    "infinity": b'{"id":"inf","write":{"setpoint":Infinity}}',
    "an exponent without end": b'{"id":"exp","write":{"setpoint":1e999}}',
    "a number of 5000 digits": b'{"id":"digits","write":{"setpoint":%s}}' % (b"9" * 5000),
    "60000 brackets": b"[" * 60_000,
    "members nested 10000 deep": nested(10_000),
    "100 KB": b'{"id":"big","read":["%s"]}' % (b"x" * 100_000),
}


def test_what_is_larger_than_any_command_stays_with_the_broker(plant: Plant) -> None:
    assert plant.answers(b'{"id":"huge","read":["%s"]}' % (b"x" * 10 * 1024**2)) == []
    assert not [line for line in plant.daemon.lines if '"down"' in line]


@pytest.mark.parametrize("case", UNREADABLE)
def test_what_is_no_command_is_answered_and_harms_nothing(plant: Plant, case: str) -> None:
    writes = len(plant.server.writes())

    answers = [m.json for m in plant.answers(UNREADABLE[case])]

    assert [(answer["device"], answer["status"]) for answer in answers] == [("boiler", "rejected")]
    assert answers[0]["reason"] in {"malformed", "out-of-range"}
    assert len(answers[0]["detail"]) < 500
    assert len(plant.server.writes()) == writes
    plant.subscriber.clear()
    plant.subscriber.wait_for(is_reading)
    assert plant.defects() == []


def test_a_command_to_an_unknown_device_is_answered_on_its_topic(plant: Plant) -> None:
    answers = plant.answers({"id": "u-1", "read": ["temp"]}, "fieldgate/gw/boilr/command")

    assert [(m.topic, m.json["reason"]) for m in answers] == [("fieldgate/gw/boilr/result", "unknown-device")]


def test_what_is_no_command_to_an_unknown_device_is_not_answered(plant: Plant) -> None:
    assert plant.answers(b"?", "fieldgate/gw/boilr/command") == []


@pytest.mark.parametrize("protocol", [5, "3.1.1"])
def test_a_retained_command_is_refused_when_the_daemon_connects(
    mosquitto: Mosquitto,
    subscriber: Subscriber,
    modbus_server: ModbusServer,
    make_daemon: Callable[..., Daemon],
    protocol: Any,
) -> None:
    subscriber.publish(COMMAND, {"id": "old", "write": {"setpoint": 50}}, retain=True)
    make_daemon(config(mosquitto.url, modbus_server.port, protocol=protocol)).start()

    result = subscriber.wait_for(lambda m: is_result(m, "old")).json

    assert (result["status"], result["reason"]) == ("rejected", "retained")
    assert modbus_server.writes() == []


def test_a_live_command_with_the_retain_flag_is_refused_too(plant: Plant) -> None:
    writes = len(plant.server.writes())

    plant.command({"id": "flagged", "write": {"setpoint": 50}}, retain=True)
    result = plant.result("flagged")
    plant.command(b"", retain=True)

    assert (result["status"], result["reason"]) == ("rejected", "retained")
    assert len(plant.server.writes()) == writes


def test_an_endpoint_without_commands_takes_none(
    mosquitto: Mosquitto, subscriber: Subscriber, modbus_server: ModbusServer, make_daemon: Callable[..., Daemon]
) -> None:
    daemon = make_daemon(config(mosquitto.url, modbus_server.port, commands=False))
    daemon.start()
    subscriber.wait_for(is_reading)

    subscriber.publish(COMMAND, json.dumps({"id": "no", "write": {"setpoint": 50}}))
    daemon.terminate()

    subscriber.wait_for(lambda m: has_state(m, "offline"))
    assert subscriber.on("/result") == []
    assert modbus_server.writes() == []
