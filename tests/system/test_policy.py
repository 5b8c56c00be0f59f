"""What guards a machine, over a real broker and down to the register."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.daemon import Daemon
from tests.support.envelopes import is_reading, is_result
from tests.support.modbus import ModbusServer
from tests.support.mosquitto import Mosquitto
from tests.support.site import device, endpoint, link, site
from tests.support.subscriber import Subscriber
from tests.system.test_commands import Plant

OURS = "fieldgate/gw/command"
TANK = "fieldgate/gw/tank/command"

NOW = datetime.now(UTC)
SHUT = f"{NOW + timedelta(hours=6):%H:00}-{NOW + timedelta(hours=7):%H:00}".replace("-00:00", "-24:00")
"""Hours that this test does not run in."""

POINTS: dict[str, Any] = {
    "temp": {"address": 0, "type": "uint16"},
    "pump": {"address": 8, "table": "coil", "type": "bool", "writable": True},
    "seldom": {"address": 11, "type": "uint16", "writable": {"max_rate": "2/h"}},
    "careful": {"address": 12, "type": "uint16", "writable": {"confirm": True}},
    "daily": {"address": 13, "type": "uint16", "writable": {"hours": SHUT}},
    "valve": {"address": 14, "type": "uint16", "writable": {"interlock": {"pump": False}}},
    "narrow": {"address": 15, "type": "uint16", "writable": {"min": 1, "max": 5}},
}
COMMANDS = {
    "rinse": {"steps": [{"write": {"pump": False}}, {"pause": "200ms"}, {"write": {"valve": 7}}]},
    "flush": {"steps": [{"write": {"pump": True}}, {"write": {"valve": 9}}]},
}


def boiler_and_tank() -> dict[str, Any]:
    level = {"level": {"address": 0, "type": "uint16", "writable": True}}
    return {
        "boiler": device(POINTS, commands=COMMANDS),
        "tank": device(level, unit_id=2, commands=False),
    }


@pytest.fixture(scope="module")
def plant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plant]:
    folder = tmp_path_factory.mktemp("plant")
    broker = Mosquitto(folder)
    broker.start()
    try:
        with ModbusServer(units=(1, 2)) as server, Subscriber(broker.port) as subscriber:
            daemon = Daemon(folder, site(endpoint(broker.url), {"plc": link(server.port)}, boiler_and_tank()))
            daemon.start()
            try:
                subscriber.wait_for(is_reading)
                yield Plant(daemon, server, subscriber)
            finally:
                daemon.kill()
    finally:
        broker.kill()


def rule_of(plant: Plant, result: dict[str, Any]) -> Any:
    """What stands in the file where a refusal says."""
    assert (result["status"], result["reason"]) == ("rejected", "policy"), result
    found = yaml.safe_load(plant.daemon.config_path.read_text())
    for name in result["rule"].split("."):
        found = found[name]
    return found


def test_a_rate_holds(plant: Plant) -> None:
    ends = [plant.done({"id": f"rate-{number}", "write": {"seldom": number}}) for number in range(4)]
    assert [end["status"] for end in ends] == ["done", "done", "rejected", "rejected"]
    assert rule_of(plant, ends[2]) == "2/h"
    assert plant.server.get("holding", 11) == [1]


def test_what_must_be_confirmed_is_done_with_the_token_and_once(plant: Plant) -> None:
    first = plant.done({"id": "confirm-1", "write": {"careful": 5}})
    assert rule_of(plant, first) is True
    assert plant.server.get("holding", 12) == [0]

    other = plant.done({"id": "confirm-2", "write": {"careful": 6}, "confirm": first["confirm"]})
    assert other["status"] == "rejected"
    done = plant.done({"id": "confirm-3", "write": {"careful": 5}, "confirm": first["confirm"]})
    assert done["status"] == "done"
    again = plant.done({"id": "confirm-4", "write": {"careful": 5}, "confirm": first["confirm"]})
    assert again["status"] == "rejected"
    assert plant.server.get("holding", 12) == [5]


def test_the_hours_hold(plant: Plant) -> None:
    assert rule_of(plant, plant.done({"id": "hours", "write": {"daily": 5}})) == SHUT
    assert plant.server.get("holding", 13) == [0]


def test_what_must_hold_is_read_between_two_writes(plant: Plant) -> None:
    plant.done({"id": "lock-1", "write": {"pump": True}})
    refused = plant.done({"id": "lock-2", "write": {"valve": 5}})
    assert rule_of(plant, refused) == {"pump": False}
    assert plant.server.get("holding", 14) == [0]

    plant.server.set("coil", 8, [0])
    asked = len(plant.server.requests)
    assert plant.done({"id": "lock-3", "write": {"valve": 5}})["status"] == "done"
    requests = plant.server.requests[asked:]
    write = next(place for place, each in enumerate(requests) if each.values and each.address == 14)
    before = [(each.function, each.address) for each in requests[max(0, write - 2) : write]]
    assert (1, 8) in before, "just before it, but for a poll whose turn had come"


def test_several_points_are_weighed_before_the_first_is_touched(plant: Plant) -> None:
    plant.server.set("coil", 8, [0])
    writes = len(plant.server.writes())
    for name, body in {
        "all-1": {"pump": True, "narrow": 9},
        "all-2": {"pump": True, "temp": 1},
        "all-3": {"pump": True, "daily": 1},
        "all-4": {"pump": True, "narrow": "3"},
        "all-5": {"pump": True, "valve": 70_000},
    }.items():
        assert plant.done({"id": name, "write": body})["status"] == "rejected"
    assert len(plant.server.writes()) == writes


def test_a_command_of_several_steps_is_done_in_their_order(plant: Plant) -> None:
    plant.server.set("coil", 8, [1])
    writes = len(plant.server.writes())
    result = plant.done({"id": "rinse", "invoke": "rinse"})
    assert (result["status"], result["values"]) == ("done", {"pump": False, "valve": 7})
    assert [each.address for each in plant.server.writes()[writes:]] == [8, 14]


def test_a_step_is_held_to_what_guards_its_point(plant: Plant) -> None:
    plant.server.set("holding", 14, [0])
    result = plant.done({"id": "flush", "invoke": "flush"})
    assert (result["status"], result["values"]) == ("failed", {"pump": True})
    assert result["rule"] == "devices.boiler.points.valve.writable.interlock"
    assert plant.server.get("holding", 14) == [0]


def test_a_device_that_takes_no_commands_is_read_all_the_same(plant: Plant) -> None:
    plant.server.set("holding", 0, [42], unit=2)
    plant.command({"id": "tank-1", "write": {"level": 1}}, TANK)
    assert rule_of(plant, plant.result("tank-1")) is False
    plant.command({"id": "tank-2", "read": ["level"]}, TANK)
    assert plant.result("tank-2")["values"] == {"level": 42}


def test_a_scan_goes_by_the_gateways_own_topic(plant: Plant) -> None:
    body = {"id": "scan-1", "invoke": "scan", "args": {"link": "plc", "options": {"units": "1-4"}}}
    plant.command(body, OURS)
    result = plant.subscriber.wait_for(lambda m: is_result(m, "scan-1"), 30).json
    assert result["status"] == "done"
    assert [each.get("device") for each in result["found"]][:2] == ["boiler", "tank"]


def test_a_message_that_has_expired_on_its_way_is_not_carried_out(plant: Plant) -> None:
    writes = len(plant.server.writes())
    plant.command({"id": "late", "write": {"pump": True}, "expires": _soon(-1)}, MessageExpiryInterval=60)
    assert plant.result("late")["status"] == "expired"
    assert len(plant.server.writes()) == writes


def _soon(seconds: float) -> str:
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat()


def test_what_expires_behind_a_slow_device_is_never_sent(tmp_path: Path, mosquitto: Mosquitto) -> None:
    with ModbusServer() as server, Subscriber(mosquitto.port) as subscriber:
        slow = device({"a": POINTS["pump"]}, commands={"wait": {"steps": [{"pause": "3s"}, {"write": {"a": True}}]}})
        daemon = Daemon(tmp_path, site(endpoint(mosquitto.url), {"plc": link(server.port)}, {"boiler": slow}))
        daemon.start()
        try:
            subscriber.wait_for(is_reading)
            subscriber.publish("fieldgate/gw/boiler/command", {"id": "wait", "invoke": "wait"})
            body = {"id": "behind", "write": {"a": False}}
            subscriber.publish("fieldgate/gw/boiler/command", body, MessageExpiryInterval=1)
            assert subscriber.wait_for(lambda m: is_result(m, "behind")).json["status"] == "expired"
            assert subscriber.wait_for(lambda m: is_result(m, "wait")).json["status"] == "done"
            assert len(server.writes()) == 1
        finally:
            daemon.kill()


def test_where_nobody_may_write_pings_and_reads_go_on(tmp_path: Path, mosquitto: Mosquitto) -> None:
    with ModbusServer() as server, Subscriber(mosquitto.port) as subscriber:
        boiler = {"boiler": device(POINTS)}
        text = site(endpoint(mosquitto.url), {"plc": link(server.port)}, boiler, commands=False)
        daemon = Daemon(tmp_path, text)
        daemon.start()
        try:
            subscriber.wait_for(is_reading)
            plant = Plant(daemon, server, subscriber)
            assert rule_of(plant, plant.done({"id": "w", "write": {"pump": True}})) is False
            assert plant.done({"id": "r", "read": ["temp"]})["status"] == "done"
            plant.command({"id": "p", "invoke": "ping"}, OURS)
            assert plant.result("p")["status"] == "done"
            plant.command({"id": "l", "invoke": "reload"}, OURS)
            assert rule_of(plant, plant.result("l")) is False
            assert server.writes() == []
        finally:
            daemon.kill()


def test_a_flood_is_refused_at_once_and_polls_go_on(tmp_path: Path, mosquitto: Mosquitto) -> None:
    with ModbusServer() as server, Subscriber(mosquitto.port) as subscriber:
        few = {"max_queue": 5}
        text = site(endpoint(mosquitto.url), {"plc": link(server.port)}, {"boiler": device(POINTS)}, commands=few)
        daemon = Daemon(tmp_path, text)
        daemon.start()
        try:
            subscriber.wait_for(is_reading)
            for number in range(300):
                subscriber.publish("fieldgate/gw/boiler/command", {"id": f"f-{number}", "read": ["temp"]})
            end_s = time.monotonic() + 20
            for number in range(300):
                wanted = f"f-{number}"
                result = subscriber.wait_for(lambda m, w=wanted: is_result(m, w), end_s - time.monotonic()).json  # type: ignore[misc]
                assert (result["status"], result.get("reason")) in {("done", None), ("rejected", "queue-full")}
            subscriber.clear()
            subscriber.wait_for_many(is_reading, 3)
        finally:
            daemon.kill()
