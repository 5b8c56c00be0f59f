"""The configuration is read again: at a command, or at SIGHUP; what is wrong changes nothing."""

import signal
import socket
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from gateway.cli.control.client import Client, address
from gateway.cli.control.finding import SOCKET
from tests.support.daemon import Daemon
from tests.support.envelopes import has_state, is_reading, is_result
from tests.support.modbus import ModbusServer
from tests.support.mosquitto import Mosquitto
from tests.support.patience import HANG_S
from tests.support.site import device, endpoint, link, site
from tests.support.subscriber import Received, Subscriber

MakeDaemon = Callable[..., Daemon]

OURS = "fieldgate/gw/command"
POINTS: dict[str, Any] = {"temp": {"address": 0, "type": "uint16"}}
SETPOINT: dict[str, Any] = {"address": 10, "type": "uint16", "writable": True}


def config(url: str, port: int, *, points: dict[str, Any] = POINTS, **more: Any) -> str:
    return site(endpoint(url), {"plc": link(port)}, {"boiler": device({**points, "setpoint": SETPOINT})}, **more)


def has_point(point: str) -> Callable[[Received], bool]:
    return lambda m: is_reading(m, "boiler") and point in m.json["values"]


@pytest.fixture
def daemon(
    make_daemon: MakeDaemon, mosquitto: Mosquitto, subscriber: Subscriber, modbus_server: ModbusServer
) -> Daemon:
    """At work on its first configuration."""
    daemon = make_daemon(config(mosquitto.url, modbus_server.port))
    daemon.start()
    subscriber.wait_for(is_reading)
    return daemon


@pytest.fixture
def more(mosquitto: Mosquitto, modbus_server: ModbusServer) -> str:
    """The same site with a point more."""
    return config(mosquitto.url, modbus_server.port, points={**POINTS, "level": {"address": 1, "type": "uint16"}})


def reload(subscriber: Subscriber, name: str = "r-1") -> dict[str, Any]:
    subscriber.publish(OURS, {"id": name, "invoke": "reload"})
    body: dict[str, Any] = subscriber.wait_for(lambda m: is_result(m, name)).json
    return body


def assert_well(daemon: Daemon) -> None:
    assert not [line for line in daemon.lines if '"defect"' in line or "Traceback" in line or line[:1] != "{"]


def test_what_is_hardly_meant_in_the_new_configuration_is_logged(
    daemon: Daemon, subscriber: Subscriber, mosquitto: Mosquitto, modbus_server: ModbusServer
) -> None:
    twins = {name: device(POINTS) for name in ("boiler", "copy")}
    daemon.configure(site(endpoint(mosquitto.url), {"plc": link(modbus_server.port)}, twins))

    assert reload(subscriber)["status"] == "done"
    warning = daemon.wait_for("configuration")
    assert (warning["level"], warning["code"]) == ("warning", "W209")
    assert warning["reason"].startswith("this is the same unit as boiler, id 1")


def test_what_has_changed_takes_effect_in_the_same_process(daemon: Daemon, subscriber: Subscriber, more: str) -> None:
    pid = daemon.process.pid
    daemon.configure(more)

    result = reload(subscriber)

    assert result["status"] == "done"
    subscriber.wait_for(has_point("level"))
    birth = subscriber.wait_for(lambda m: m.topic.endswith("boiler/birth") and "level" in m.json["points"]).json
    assert birth["device"] == "boiler"
    assert (daemon.process.pid, daemon.process.returncode) == (pid, None)
    assert_well(daemon)


def test_what_was_read_before_and_after_arrives_and_nothing_in_between_is_doubled(
    daemon: Daemon, subscriber: Subscriber, more: str
) -> None:
    daemon.configure(more)
    reload(subscriber)
    subscriber.wait_for(has_point("level"))
    assert daemon.terminate() == 0
    subscriber.wait_for(lambda m: has_state(m, "offline") and m.json.get("reason") == "stopped" and not m.retained)

    told = [m.json for m in subscriber.messages if not m.retained and m.payload and "seq" in m.json]
    for session in {each["session"] for each in told}:
        seqs = [each["seq"] for each in told if each["session"] == session]
        assert sorted(set(seqs)) == list(range(1, max(seqs) + 1))


def test_the_cloud_is_told_why_it_is_away_for_a_moment(daemon: Daemon, subscriber: Subscriber, more: str) -> None:
    daemon.configure(more)
    reload(subscriber)
    assert subscriber.wait_for(lambda m: has_state(m, "offline")).json["reason"] == "reloading"
    subscriber.wait_for(has_point("level"))


def test_a_wrong_configuration_is_refused_with_its_errors_and_the_old_one_goes_on(
    daemon: Daemon, subscriber: Subscriber, mosquitto: Mosquitto, modbus_server: ModbusServer
) -> None:
    daemon.configure(config(mosquitto.url, modbus_server.port).replace("uint16", "unit16"))

    result = reload(subscriber)

    assert (result["status"], result["reason"]) == ("failed", "configuration")
    assert "gateway.yaml:" in result["detail"]
    assert "uint16" in result["detail"]
    subscriber.clear()
    subscriber.wait_for(is_reading)
    assert not [m for m in subscriber.messages if m.topic.endswith("/status")]
    told = daemon.wait_for("configuration not reloaded")
    assert told["code"].startswith("E")
    assert_well(daemon)


@pytest.mark.parametrize("content", [None, "", "\0", "version: 1\n" * 2, "{" * 10_000])
def test_a_file_that_says_nothing_changes_nothing(daemon: Daemon, subscriber: Subscriber, content: str | None) -> None:
    if content is None:
        daemon.config_path.unlink()
    else:
        daemon.configure(content)

    assert reload(subscriber)["status"] == "failed"

    subscriber.clear()
    subscriber.wait_for(is_reading)
    assert_well(daemon)


def test_sighup_does_the_same(daemon: Daemon, subscriber: Subscriber, more: str) -> None:
    daemon.configure("version: 2\n")
    daemon.process.signal(signal.SIGHUP)
    daemon.wait_for("configuration not reloaded")

    daemon.configure(more)
    daemon.process.signal(signal.SIGHUP)
    subscriber.wait_for(has_point("level"))
    assert_well(daemon)


def test_an_endpoint_that_has_moved_is_followed(
    daemon: Daemon, subscriber: Subscriber, make_mosquitto: Callable[..., Mosquitto], modbus_server: ModbusServer
) -> None:
    other = make_mosquitto()
    daemon.configure(config(other.url, modbus_server.port))
    with Subscriber(other.port) as far:
        assert reload(subscriber)["status"] == "done"
        far.wait_for(is_reading)


def test_what_is_logged_changes_with_it(
    daemon: Daemon, subscriber: Subscriber, mosquitto: Mosquitto, modbus_server: ModbusServer
) -> None:
    daemon.configure(config(mosquitto.url, modbus_server.port, log={"level": "error"}))
    reload(subscriber)
    subscriber.clear()
    subscriber.wait_for(is_reading)
    lines = len(daemon.lines)
    reload(subscriber, "r-2")
    subscriber.clear()
    subscriber.wait_for(is_reading)
    assert daemon.lines[lines:] == []


def test_a_reload_that_was_done_is_not_done_again_when_it_comes_again(
    daemon: Daemon, subscriber: Subscriber, more: str
) -> None:
    daemon.configure(more)
    reload(subscriber)
    subscriber.wait_for(has_point("level"))
    subscriber.clear()
    assert reload(subscriber)["status"] == "done"
    subscriber.clear()
    subscriber.wait_for(is_reading)
    assert len([e for e in daemon.log if e["event"] == "configuration reloaded"]) == 1


def test_two_at_once_are_both_answered(daemon: Daemon, subscriber: Subscriber, more: str) -> None:
    daemon.configure(more)
    for name in ("r-1", "r-2"):
        subscriber.publish(OURS, {"id": name, "invoke": "reload"})
    daemon.process.signal(signal.SIGHUP)
    for name in ("r-1", "r-2"):
        result = subscriber.wait_for(lambda m, n=name: is_result(m, n)).json  # type: ignore[misc]
        assert (result["status"], result.get("reason")) in {("done", None), ("rejected", "stopping")}
    subscriber.wait_for(has_point("level"))
    assert_well(daemon)


def test_every_command_that_a_reload_finds_is_answered(
    make_daemon: MakeDaemon, mosquitto: Mosquitto, subscriber: Subscriber, modbus_server: ModbusServer
) -> None:
    kept = endpoint(mosquitto.url, session_expiry="60s")
    daemon = make_daemon(site(kept, {"plc": link(modbus_server.port)}, {"boiler": device({"setpoint": SETPOINT})}))
    daemon.start()
    subscriber.wait_for(is_reading)

    names = [f"w-{number}" for number in range(60)]
    for number, name in enumerate(names):
        body = {"id": name, "write": {"setpoint": number}}
        subscriber.publish("fieldgate/gw/boiler/command", body, MessageExpiryInterval=30)
        if number in {15, 30}:
            subscriber.publish(OURS, {"id": f"r-{number}", "invoke": "reload"}, MessageExpiryInterval=30)

    for name in (*names, "r-15", "r-30"):
        subscriber.wait_for(lambda m, n=name: is_result(m, n))  # type: ignore[misc]
    done = {m.json["command"] for m in subscriber.on("boiler/result") if m.json["status"] == "done"}
    written = [request.values[0] for request in modbus_server.writes() if request.values]
    assert len(written) == len(set(written)), "each at most once"
    assert {f"w-{value}" for value in written} >= done
    assert_well(daemon)


@pytest.mark.parametrize("first", ["reload", "stop"])
def test_a_stop_at_the_same_time_wins(daemon: Daemon, subscriber: Subscriber, more: str, first: str) -> None:
    daemon.configure(more)
    signals = [signal.SIGHUP, signal.SIGTERM] if first == "reload" else [signal.SIGTERM, signal.SIGHUP]
    for number in signals:
        daemon.process.signal(number)

    assert daemon.process.wait() == 0
    assert_well(daemon)
    with closing(sqlite3.connect(daemon.state_dir / "outbox-cloud.db")) as outbox:
        assert outbox.execute("SELECT value FROM meta WHERE key = 'clean'").fetchall() == [(1,)]


def test_a_stop_while_a_reload_is_under_way_wins(daemon: Daemon, more: str) -> None:
    daemon.configure(more)
    daemon.process.signal(signal.SIGHUP)
    daemon.wait_for("stopping")
    assert daemon.terminate() == 0
    assert_well(daemon)


@pytest.fixture
def systemd(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as server:
        server.bind(str(tmp_path / "notify"))
        server.settimeout(HANG_S)
        yield server


def test_systemd_is_told_when_it_begins_and_when_it_is_over(
    make_daemon: MakeDaemon,
    mosquitto: Mosquitto,
    subscriber: Subscriber,
    modbus_server: ModbusServer,
    systemd: socket.socket,
) -> None:
    def told(wanted: str) -> dict[str, str]:
        while True:
            fields = dict(line.split("=", 1) for line in systemd.recv(4096).decode().splitlines())
            if wanted in fields:
                return fields

    text = config(mosquitto.url, modbus_server.port)
    daemon = make_daemon(text, {"NOTIFY_SOCKET": systemd.getsockname()})
    daemon.start()
    told("READY")
    before_us = time.monotonic_ns() // 1000
    daemon.process.signal(signal.SIGHUP)

    begun = told("RELOADING")

    assert before_us <= int(begun["MONOTONIC_USEC"]) <= time.monotonic_ns() // 1000
    told("READY")
    daemon.process.signal(signal.SIGTERM)
    told("STOPPING")
    assert daemon.process.wait() == 0


def test_a_reload_while_the_broker_is_away_keeps_what_waits(
    daemon: Daemon, subscriber: Subscriber, mosquitto: Mosquitto, more: str
) -> None:
    mosquitto.stop()
    daemon.wait_for("down")
    daemon.configure(more)
    daemon.process.signal(signal.SIGHUP)
    daemon.wait_for("configuration reloaded")
    daemon.process.wait_for_line(lambda line: '"ready"' in line, start=len(daemon.lines) - 1)
    mosquitto.start()
    with Subscriber(mosquitto.port) as again:
        again.wait_for(has_point("level"))
        sessions = {m.json["session"] for m in again.on("/reading")}
        assert sessions
    assert_well(daemon)


def test_rates_outlast_a_reload_though_nobody_knows_the_time(
    make_daemon: MakeDaemon, modbus_server: ModbusServer, tmp_path: Path
) -> None:
    unset = {"id": "gw", "clock": str(tmp_path / "never-right")}
    boiler = device({"setpoint": {**SETPOINT, "writable": {"max_rate": "1/h"}}})
    daemon = make_daemon(
        site(endpoint("mqtt://127.0.0.1:1"), {"plc": link(modbus_server.port)}, {"boiler": boiler}, gateway=unset)
    )
    daemon.start()
    daemon.wait_for(lambda event: event.get("event") == "up" and event.get("name") == "link plc")
    daemon.wait_for("listening")
    gateway, write = Client(daemon.state_dir / SOCKET), address("devices", "boiler", "write")
    assert gateway.post(write, {"values": {"setpoint": 1}})["status"] == "done"

    before = len(daemon.lines)
    assert gateway.post(address("gateway", "reload"), {})["status"] == "done"
    daemon.process.wait_for_line(lambda line: "listening" in line, start=before)

    refused = gateway.post(write, {"values": {"setpoint": 2}})
    assert (refused["status"], refused["rule"]) == ("rejected", "devices.boiler.points.setpoint.writable.max_rate")
