"""What was commanded can be read afterwards, whatever happened to the daemon or its disk."""

import json
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.control.setup import Client
from tests.support.daemon import Daemon
from tests.support.disk import FaultyFolder
from tests.support.envelopes import is_reading, is_result
from tests.support.modbus import ModbusServer
from tests.support.mosquitto import Mosquitto
from tests.support.patience import HANG_S
from tests.support.site import device, endpoint, link, site
from tests.support.subscriber import Subscriber

MakeDaemon = Callable[..., Daemon]
Records = list[dict[str, Any]]

COMMAND = "fieldgate/gw/boiler/command"
OURS = "fieldgate/gw/command"
POINTS: dict[str, Any] = {
    "temp": {"address": 0, "type": "uint16"},
    "setpoint": {"address": 10, "type": "uint16", "writable": {"min": 20, "max": 80}},
}
STEPS = {"rest": {"steps": [{"write": {"setpoint": 20}}, {"write": {"setpoint": 21}}]}}


def config(url: str, port: int, **more: Any) -> str:
    return site(endpoint(url), {"plc": link(port)}, {"boiler": device(POINTS, commands=STEPS)}, **more)


@pytest.fixture
def daemon(
    make_daemon: MakeDaemon, mosquitto: Mosquitto, subscriber: Subscriber, modbus_server: ModbusServer
) -> Daemon:
    """At work, with its device read once."""
    modbus_server.set("holding", 10, [33])
    daemon = make_daemon(config(mosquitto.url, modbus_server.port))
    daemon.start()
    subscriber.wait_for(is_reading)
    return daemon


def done(subscriber: Subscriber, body: dict[str, Any], topic: str = COMMAND) -> dict[str, Any]:
    subscriber.publish(topic, body)
    result: dict[str, Any] = subscriber.wait_for(lambda m: is_result(m, body["id"])).json
    return result


def audit(daemon: Daemon) -> Records:
    """Oldest first, as they lie on disk."""
    with closing(sqlite3.connect(daemon.state_dir / "local.db")) as local:
        return [json.loads(body) for (body,) in local.execute("SELECT record FROM audit ORDER BY number")]


def wait_for_records(daemon: Daemon, wanted: set[str], timeout_s: float = HANG_S) -> Records:
    """Return once all of these commands are told."""
    end_s = time.monotonic() + timeout_s
    while True:
        found = [each for each in audit(daemon) if each.get("command") in wanted]
        if {each["command"] for each in found} == wanted:
            return found
        assert time.monotonic() < end_s, found
        time.sleep(0.02)


def ask(daemon: Daemon, method: str, path: str, body: Any = None) -> Any:
    """Of the daemon's own socket."""
    with closing(Client(daemon.state_dir / "control.sock")) as client:
        headers = {"content-type": "application/json"} if body is not None else {}
        client.request(method, path, json.dumps(body) if body is not None else None, headers)
        reply = client.getresponse()
        return json.loads(reply.read())


def test_every_kind_of_command_is_told_with_what_went_over_the_wire(daemon: Daemon, subscriber: Subscriber) -> None:
    done(subscriber, {"id": "write", "write": {"setpoint": 55}})
    done(subscriber, {"id": "read", "read": ["temp"]})
    done(subscriber, {"id": "steps", "invoke": "rest"})
    done(subscriber, {"id": "refused", "write": {"setpoint": 99}})
    done(subscriber, {"id": "ping", "invoke": "ping"}, OURS)
    ask(daemon, "POST", "/v1/devices/boiler/write", {"values": {"setpoint": 44}, "id": "local"})

    names = {"write", "read", "steps", "refused", "ping", "local"}
    told = {each["command"]: each for each in wait_for_records(daemon, names)}

    write = told["write"]
    assert (write["origin"], write["endpoint"], write["kind"]) == ("endpoint", "cloud", "write")
    assert (write["device"], write["status"]) == ("boiler", "done")
    assert (write["asked"], write["old"], write["values"]) == ({"setpoint": 55}, {"setpoint": 33}, {"setpoint": 55})
    assert [frame[-10:] for frame in write["wire"]] == ["06000a0037"], "write register 10: 55"
    assert 0 < write["latency_ms"] < 10_000
    assert not told["read"].get("wire")
    assert [frame[-8:] for frame in told["steps"]["wire"]] == ["000a0014", "000a0015"]
    assert told["steps"]["asked"] == {"command": "rest"}
    assert told["refused"]["rule"] == "devices.boiler.points.setpoint.writable"
    assert not told["refused"].get("wire")
    assert (told["ping"]["status"], told["ping"]["device"]) == ("done", "")
    assert (told["local"]["origin"], told["local"]["status"]) == ("local", "done")
    assert told["local"]["user"]


def test_the_socket_tells_the_newest_first(daemon: Daemon, subscriber: Subscriber) -> None:
    for number in range(5):
        done(subscriber, {"id": f"r-{number}", "read": ["temp"]})
    found = ask(daemon, "GET", "/v1/audit?device=boiler&limit=2")
    assert [each["command"] for each in found["records"]] == ["r-4", "r-3"]
    older = ask(daemon, "GET", f"/v1/audit?limit=2&before={found['next']}")
    assert [each["command"] for each in older["records"]] == ["r-2", "r-1"]


def test_whoever_has_seen_a_result_finds_its_record_after_a_power_cut(daemon: Daemon, subscriber: Subscriber) -> None:
    for number in range(2):
        name = f"w-{number}"
        done(subscriber, {"id": name, "write": {"setpoint": 50 + number}})
        daemon.kill()
        assert [each["status"] for each in audit(daemon) if each.get("command") == name] == ["done"]
        subscriber.clear()
        daemon.start()
        subscriber.wait_for(is_reading)


@pytest.mark.parametrize("at_work", [False, True])
def test_a_damaged_record_gives_place_and_commands_go_on(daemon: Daemon, subscriber: Subscriber, at_work: bool) -> None:
    done(subscriber, {"id": "before", "write": {"setpoint": 50}})
    if not at_work:
        daemon.terminate()
    _spoil(daemon.state_dir / "local.db")
    if not at_work:
        subscriber.clear()
        daemon.start()
        subscriber.wait_for(is_reading)

    assert done(subscriber, {"id": "soon", "write": {"setpoint": 60}})["status"] == "done"
    answer = ask(daemon, "POST", "/v1/devices/boiler/read", {"points": ["temp"]})
    assert answer["status"] in {"done", "rejected"}, "this one reads the file"
    assert done(subscriber, {"id": "later", "write": {"setpoint": 60}})["status"] == "done"
    wait_for_records(daemon, {"later"})
    assert list(daemon.state_dir.glob("local.db.corrupt-*")), "what is in it is kept"
    assert not [line for line in daemon.lines if '"defect"' in line or "Traceback" in line]


def _spoil(path: Path) -> None:
    with path.open("r+b") as file:
        size = file.seek(0, 2)
        file.seek(0)
        file.write(b"\xff" * size)


@pytest.mark.parametrize("error", ["ENOSPC", pytest.param("EIO", marks=pytest.mark.slow)])
def test_what_a_disk_refused_is_told_when_it_takes_writes_again(
    *,
    faulty_folder: FaultyFolder,
    make_daemon: MakeDaemon,
    mosquitto: Mosquitto,
    subscriber: Subscriber,
    modbus_server: ModbusServer,
    error: str,
) -> None:
    daemon = make_daemon(config(mosquitto.url, modbus_server.port))
    daemon.start()
    subscriber.wait_for(is_reading)
    faulty_folder.refuse(error)

    refused = done(subscriber, {"id": "refused", "write": {"setpoint": 50}})
    assert (refused["status"], refused["reason"]) == ("rejected", "storage")
    assert modbus_server.writes() == []

    faulty_folder.accept()
    (told,) = wait_for_records(daemon, {"refused"}, 40)
    assert (told["status"], told["reason"]) == ("rejected", "storage")


def test_the_record_holds_its_size(
    make_daemon: MakeDaemon, mosquitto: Mosquitto, subscriber: Subscriber, modbus_server: ModbusServer
) -> None:
    text = config(mosquitto.url, modbus_server.port, commands={"audit_size": "64KiB"})
    daemon = make_daemon(text)
    daemon.start()
    subscriber.wait_for(is_reading)
    for number in range(60):
        subscriber.publish(COMMAND, {"id": f"r-{number}", "read": ["temp"] * 500})
    subscriber.wait_for(lambda m: is_result(m, "r-59"))
    with closing(sqlite3.connect(daemon.state_dir / "local.db")) as local:
        size = local.execute("SELECT sum(length(record)) FROM audit").fetchone()[0]
    assert size < 80 * 1024
