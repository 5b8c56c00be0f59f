"""What strangers may send: refused or counted, never carried out; the daemon goes on and its log stays small."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from tests.support.daemon import Daemon
from tests.support.envelopes import is_reading, is_result
from tests.support.modbus import ModbusServer
from tests.support.mosquitto import Mosquitto
from tests.support.site import device, endpoint, link, site
from tests.support.subscriber import Received, Subscriber
from tests.system.test_commands import Plant

OURS = "fieldgate/gw/command"
LINE_CHARS = 1_500
"""Of the log, however long what it tells of is."""
DEPTHS = [16, 31, 32, 33, 100]
EDGE = range(940, 1001)
"""About as deep as JSON can be read here."""
ALONG_THE_EDGE = EDGE[::6]

POINTS: dict[str, Any] = {
    "temp": {"address": 0, "type": "uint16"},
    "setpoint": {"address": 10, "type": "uint16", "writable": {"min": 20, "max": 80}},
    "free": {"address": 11, "type": "uint16", "writable": True},
    "wide": {"address": 20, "type": "float64", "writable": True},
    "mode": {"address": 30, "type": "uint16", "enum": {0: "off", 1: "on"}, "writable": True},
    "careful": {"address": 12, "type": "uint16", "writable": {"confirm": True}},
}
STEPS = {"start": {"steps": [{"write": {"free": 1}}]}}


@pytest.fixture(scope="module")
def plant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plant]:
    folder = tmp_path_factory.mktemp("plant")
    broker = Mosquitto(folder)
    broker.start()
    try:
        with ModbusServer() as server, Subscriber(broker.port) as subscriber:
            boiler = device(POINTS, commands=STEPS)
            daemon = Daemon(folder, site(endpoint(broker.url), {"plc": link(server.port)}, {"boiler": boiler}))
            daemon.start()
            try:
                subscriber.wait_for(is_reading)
                yield Plant(daemon, server, subscriber)
            finally:
                daemon.kill()
    finally:
        broker.kill()


@pytest.fixture(autouse=True)
def _harmless(plant: Plant) -> Iterator[None]:
    """Whatever a test has sent."""
    writes = len(plant.server.writes())
    yield
    assert plant.done({"id": f"fence-{writes}-{len(plant.daemon.lines)}", "read": ["temp"]})["status"] == "done"
    assert len(plant.server.writes()) == writes, "nothing reaches the device"
    assert plant.daemon.process.returncode is None
    assert plant.defects() == []
    assert max(map(len, plant.daemon.lines)) < LINE_CHARS


def ends(plant: Plant, body: Any, topic: str = "fieldgate/gw/boiler/command") -> list[dict[str, Any]]:
    return [m.json for m in plant.answers(body, topic)]


def nested(depth: int, opening: str = '{"a":', closing: str = "}") -> str:
    return opening * depth + "1" + closing * depth


@pytest.mark.parametrize(
    ("invoke", "edge"),
    [("ping", EDGE), ("reload", ALONG_THE_EDGE), ("scan", ALONG_THE_EDGE), ("nothing", ALONG_THE_EDGE)],
)
def test_args_of_any_depth_are_refused_and_do_no_harm(plant: Plant, invoke: str, edge: range) -> None:
    def body(depth: int) -> str:
        return f'{{"id":"{invoke}-{depth}","invoke":"{invoke}","args":{nested(depth)}}}'

    for depth in DEPTHS:
        plant.command(body(depth), OURS)
        assert plant.result(f"{invoke}-{depth}")["status"] == "rejected"
    for depth in edge:
        found = ends(plant, body(depth).encode(), OURS)
        assert [end["status"] for end in found] in (["rejected"], []), "where not even its id can be read"


def test_args_of_a_device_too(plant: Plant) -> None:
    for depth in (*DEPTHS, *EDGE):
        body = f'{{"id":"start-{depth}","invoke":"start","args":{{"a":{nested(depth, "[", "]")}}}}}'
        (end,) = ends(plant, body.encode())
        assert (end["status"], end["reason"]) == ("rejected", "malformed")


FITS = {("wide", "18446744073709551616"), ("wide", "65536"), ("wide", "-1e-320"), ("free", "-1e-320")}

NUMBERS = ["9" * 309, "-" + "9" * 400, "9" * 4299, "1e309", "18446744073709551616", "65536", "-1e-320", '"' * 2]

TOO_MUCH = [(point, value) for point in ("free", "setpoint", "wide", "mode") for value in NUMBERS]


@pytest.mark.parametrize(("point", "value"), [case for case in TOO_MUCH if case not in FITS])
def test_numbers_that_fit_nowhere_are_refused(plant: Plant, point: str, value: str) -> None:
    name = f"{point} {value[:50]!r}".replace('"', "")
    plant.command(f'{{"id":"{name}","write":{{"{point}":{value}}}}}')
    end = plant.result(name)
    assert end["status"] == "rejected", end
    assert len(end["detail"]) < LINE_CHARS


@pytest.mark.parametrize("name", ["no\nline", "\x1b[2J\x1b[31m", "'; DROP TABLE journal; --", "x" * 60_000, "a\0b"])
def test_names_are_told_as_they_are_and_break_nothing(plant: Plant, name: str) -> None:
    for body in (
        {"id": "n-1", "read": [name]},
        {"id": "n-2", "write": {name: 1}},
        {"id": "n-3", "invoke": name},
        {"id": "n-4", "read": ["temp"], name: 1},
    ):
        (end,) = ends(plant, body)
        assert (end["command"], end["status"]) == (body["id"], "rejected")


@pytest.mark.parametrize("command", ["a\nb", "a\0b", "'; DROP TABLE journal; --", "\x1b[2J", "\u2028", "../../x", "#"])
def test_any_id_is_kept_as_it_is(plant: Plant, command: str) -> None:
    plant.done({"id": command, "read": ["temp"]})
    again = plant.answers({"id": command, "read": ["temp"]})
    assert [m.json["command"] for m in again] == [command]
    with closing(sqlite3.connect(plant.daemon.state_dir / "outbox-cloud.db")) as outbox:
        assert outbox.execute("SELECT count(*) FROM journal WHERE id = ?", (command,)).fetchone() == (1,)


@pytest.mark.parametrize("token", ["x" * 65, "x" * 60_000, 7, None, ["token"], {"token": 1}])
def test_a_token_that_is_none_confirms_nothing(plant: Plant, token: Any) -> None:
    (end,) = ends(plant, {"id": "t-1", "write": {"careful": 1}, "confirm": token})
    assert end["status"] == "rejected"
    assert end["reason"] in {"malformed", "policy"}


def test_a_token_of_a_mebibyte_stays_with_the_broker(plant: Plant) -> None:
    assert ends(plant, {"id": "t-2", "write": {"careful": 1}, "confirm": "x" * 1024**2}) == []


@pytest.mark.parametrize(
    "device_id", ["../gw2/boiler", "boiler/command", "+", "#", "a/b", "b\0", "boiler\n", "x" * 65, "x" * 50_000, "é"]
)
def test_a_body_makes_no_topic_of_what_it_calls_a_device(plant: Plant, device_id: str) -> None:
    assert plant.answers({"id": "d-1", "device": device_id, "read": ["temp"]}, OURS) == []


@pytest.mark.parametrize("kind", [7, None, [], {}, True])
def test_a_device_that_is_no_text_is_no_device(plant: Plant, kind: Any) -> None:
    found = ends(plant, {"id": "d-2", "device": kind, "write": {"free": 1}}, OURS)
    assert [end["status"] for end in found] in ([], ["rejected"])


@pytest.mark.parametrize(
    "topic",
    ["elsewhere/me", "fieldgate", "fieldgatex/me", "fieldgate-other/me", "/fieldgate/me", "$SYS/x", "x" * 60_000],
)
def test_nothing_is_sent_to_where_it_may_not_go(plant: Plant, topic: str) -> None:
    plant.subscriber.clear()
    plant.command({"id": f"to-{topic[:90]}", "read": ["temp"]}, ResponseTopic=topic, CorrelationData=b"\0" * 60_000)
    plant.command({"id": f"fence to-{topic[:90]}", "invoke": "ping"}, OURS)
    plant.subscriber.wait_for(lambda m: is_result(m, f"fence to-{topic[:90]}"))
    assert [m.topic for m in plant.subscriber.messages if m.topic == topic] == []


def test_a_response_topic_can_not_be_made_a_command(plant: Plant) -> None:
    for number, topic in enumerate(["fieldgate/gw/boiler/command", "fieldgate/other/command"]):
        plant.subscriber.clear()
        plant.command({"id": f"loop-{number}", "read": ["temp"]}, ResponseTopic=topic)
        plant.result(f"loop-{number}")
        plant.subscriber.wait_for_many(is_reading, 3)
        bodies = [m.json for m in plant.subscriber.on("/command")]
        assert [body.get("id") for body in bodies] in ([f"loop-{number}"], []), "what we sent, and nothing else"


def test_a_thousand_bad_commands_leave_the_log_and_the_record_small(plant: Plant) -> None:
    lines = len(plant.daemon.lines)
    size = (plant.daemon.state_dir / "local.db-wal").stat().st_size
    for number in range(1_000):
        plant.subscriber.publish("fieldgate/gw/boiler/command", {"id": f"flood-{number}", "write": {"temp": 1}})
    plant.subscriber.wait_for(lambda m: is_result(m, "flood-999"), 30)
    assert len(plant.daemon.lines) - lines <= 5
    assert (plant.daemon.state_dir / "local.db-wal").stat().st_size - size < 8 * 1024**2
    told = [m for m in plant.subscriber.messages if _is_of_flood(m)]
    assert len(told) == 1_000, "each is answered"


def _is_of_flood(message: Received) -> bool:
    return message.topic.endswith("boiler/result") and str(message.json.get("command")).startswith("flood-")


def test_what_was_refused_stands_in_the_record_in_part(plant: Plant) -> None:
    (end,) = ends(plant, {"id": "long", "read": ["y" * 60_000]})
    assert end["status"] == "rejected"
    with closing(sqlite3.connect(plant.daemon.state_dir / "local.db")) as local:
        longest = local.execute("SELECT max(length(record)) FROM audit WHERE device = 'boiler'").fetchone()[0]
    assert longest < 5_000
    assert json.dumps(end)
