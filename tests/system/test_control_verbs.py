"""The live verbs beside a daemon at work: through its socket, while it holds the link."""

import json
import os
import pwd
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import pytest

from gateway.cli.control.finding import SOCKET, listening
from gateway.cli.refused import Refused
from tests.cli.terminal import Terminal
from tests.support.daemon import FIELDGATE, Daemon
from tests.support.modbus import ModbusServer
from tests.support.mosquitto import Mosquitto
from tests.support.nobody import as_nobody
from tests.support.patience import HANG_S
from tests.support.site import device, endpoint, link, site
from tests.support.verb import verb

POINTS = {
    "flow": {"address": 0, "type": "uint16", "unit": "°C"},
    "setpoint": {"address": 1, "type": "int16", "scale": 0.1, "unit": "°C", "writable": {"min": 20, "max": 80}},
    "mode": {"address": 2, "type": "uint16", "enum": {0: "off", 1: "on"}, "writable": {"confirm": True}},
}
COMMANDS = {"start": {"steps": [{"write": {"setpoint": 30}}], "description": "from cold"}}

MakeDaemon = Callable[..., Daemon]


def fieldgate(daemon: Daemon, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """In a folder without a configuration: what is known comes from the daemon."""
    return verb(*arguments, "--state-dir", daemon.state_dir, cwd=daemon.state_dir)


def status(daemon: Daemon) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(fieldgate(daemon, "status", "--json").stdout)
    return content


def described(mosquitto: Mosquitto, server: ModbusServer) -> str:
    boiler = device(POINTS, commands=COMMANDS)
    return site(endpoint(mosquitto.url), {"plc": link(server.port)}, {"boiler": boiler})


@pytest.fixture
def daemon(make_daemon: MakeDaemon, modbus_server: ModbusServer, mosquitto: Mosquitto) -> Daemon:
    """With a boiler that it has read."""
    return started(make_daemon(described(mosquitto, modbus_server)))


class Mill(NamedTuple):
    """A daemon that goes on, with a boiler that it has read."""

    daemon: Daemon
    server: ModbusServer


@pytest.fixture(scope="module")
def mill(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mill]:
    """For all tests that leave it as it was."""
    folder = tmp_path_factory.mktemp("mill")
    with ModbusServer() as server, ExitStack() as ends:
        mosquitto = Mosquitto(folder)
        mosquitto.start()
        ends.callback(mosquitto.kill)
        daemon = Daemon(folder, described(mosquitto, server))
        ends.callback(daemon.kill)
        yield Mill(started(daemon), server)


def started(daemon: Daemon) -> Daemon:
    daemon.start()
    daemon.wait_for("listening")
    daemon.wait_for(lambda event: event.get("event") == "up" and event.get("name") == "link plc")
    daemon.wait_for(lambda event: event.get("event") == "up" and event.get("name") == "endpoint cloud")
    return daemon


@contextmanager
def running(daemon: Daemon, *arguments: str) -> Iterator["subprocess.Popen[str]"]:
    command: list[str | Path] = [FIELDGATE, *arguments, "--state-dir", daemon.state_dir]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        yield process
        process.kill()


def test_a_device_is_read_while_the_daemon_holds_its_link(mill: Mill) -> None:
    ended = fieldgate(mill.daemon, "read", "boiler", "flow", "mode")

    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "flow\t0\t°C\tgood\nmode\toff\t\tgood\n", "")


def test_a_device_that_is_gone_is_told_with_why(daemon: Daemon, modbus_server: ModbusServer) -> None:
    modbus_server.stop()

    ended = fieldgate(daemon, "read", "boiler")

    assert (ended.returncode, "boiler: unreachable" in ended.stderr) == (4, True)


def test_a_write_at_a_terminal_is_shown_asked_for_and_confirmed(daemon: Daemon, modbus_server: ModbusServer) -> None:
    terminal = Terminal(
        ["write", "boiler", "setpoint=55", "mode=on", "--state-dir", daemon.state_dir], daemon.state_dir
    )
    try:
        terminal.wait_for("Write?")
        terminal.type("y\n")
        terminal.wait_for("Confirm it?")
        writes_before = modbus_server.writes()
        terminal.type("y\n")
        seen = terminal.end()
    finally:
        terminal.close()

    assert "boiler setpoint: 0.0 °C → 55 °C   (may be 20 to 80 °C)\n" in seen.text
    assert "boiler mode: off → on   (must be confirmed)\n" in seen.text
    assert "(rule: devices.boiler.points.mode.writable.confirm)" in seen.text
    assert "boiler: done: setpoint = 55.0 °C, mode = on" in seen.text
    assert (seen.code, writes_before) == (0, [])
    assert [(each.address, each.values) for each in modbus_server.writes()] == [(1, [550, 1])]


@pytest.mark.parametrize(("arguments", "code", "said"), [
    (("write", "boiler", "setpoint=81", "--yes"), 8, "(rule: devices.boiler.points.setpoint.writable)"),
    (("write", "boiler", "flow=1", "--yes"), 8, "not-writable"),
    (("write", "boiler", "setpoint=81"), 2, "say --yes"),
    (("write", "boiler", "setpiont=50", "--yes"), 2, "did you mean 'setpoint'?"),
    (("read", "biler"), 2, "did you mean 'boiler'?"),
    (("read", ".."), 2, "no device '..' - there are boiler"),
    (("invoke", "boiler", "start", "speed=3", "--yes"), 2, "takes no args"),
    (("invoke", "boiler", "strat", "--yes"), 2, "did you mean 'start'?"),
])  # fmt: skip
def test_what_may_not_be_done_is_not_done_and_told(
    mill: Mill, arguments: tuple[str, ...], code: int, said: str
) -> None:
    ended = fieldgate(mill.daemon, *arguments)

    assert (ended.returncode, said in ended.stderr) == (code, True)
    assert mill.server.writes() == []


def test_the_devices_commands_are_listed_and_carried_out(daemon: Daemon, modbus_server: ModbusServer) -> None:
    listed = fieldgate(daemon, "invoke", "boiler")
    done = fieldgate(daemon, "invoke", "boiler", "start", "--yes")

    assert listed.stdout == "start\t\tfrom cold\t\n"
    assert (done.returncode, done.stderr) == (0, "boiler: done: start\n")
    assert [(each.address, each.values) for each in modbus_server.writes()] == [(1, [300])]


def test_the_audit_says_who_wrote_what_over_what(daemon: Daemon) -> None:
    fieldgate(daemon, "write", "boiler", "setpoint=55", "--yes")

    [written] = [
        each
        for each in json.loads(fieldgate(daemon, "audit", "--since", "1h", "--json").stdout)["records"]
        if each["kind"] == "write"
    ]
    exported = fieldgate(daemon, "audit", "export", "--format", "csv").stdout.splitlines()
    daemon.terminate()
    kept = [json.loads(line) for line in fieldgate(daemon, "audit", "export").stdout.splitlines()]

    assert (written["status"], written["asked"], written["old"]) == ("done", {"setpoint": 55}, {"setpoint": 0.0})
    assert (written["origin"], written["user"]) == ("local", _me())
    assert written["wire"]
    assert len(exported) == 3
    assert kept[0] == written


def test_a_healthy_gateway_says_so_in_its_first_line(mill: Mill) -> None:
    wait_until(lambda: status(mill.daemon)["devices"]["boiler"]["state"] == "online")

    ended = fieldgate(mill.daemon, "status")

    assert ended.returncode == 0
    assert ended.stdout.startswith("The device is fine. ")
    assert "cloud connected." in ended.stdout.splitlines()[0]


def test_a_gateway_in_trouble_says_what_is_the_matter(
    daemon: Daemon, modbus_server: ModbusServer, mosquitto: Mosquitto
) -> None:
    modbus_server.stop()
    mosquitto.kill()
    wait_until(lambda: status(daemon)["devices"]["boiler"]["state"] == "offline")
    wait_until(lambda: status(daemon)["status"]["endpoints"]["cloud"]["state"] != "up")

    ended = fieldgate(daemon, "status")

    assert ended.returncode == 4
    assert ended.stdout.startswith("1 of 1 device in trouble. ")
    assert "cloud not connected." in ended.stdout.splitlines()[0]
    assert "link\tplc\t" in ended.stdout


def test_a_monitor_shows_each_reading_until_the_daemon_goes(daemon: Daemon) -> None:
    with running(daemon, "monitor", "boiler") as process:
        assert process.stdout is not None
        lines = [json.loads(process.stdout.readline()) for _ in range(3)]
        daemon.terminate()
        _, errors = process.communicate(timeout=20)

    assert all(line["values"]["mode"] == "off" for line in lines)
    assert (process.returncode, "the gateway has ended" in errors) == (1, True)


def test_a_monitor_tells_that_the_daemon_was_killed(daemon: Daemon) -> None:
    with running(daemon, "monitor", "boiler") as process:
        assert process.stdout is not None
        process.stdout.readline()
        daemon.kill()
        _, errors = process.communicate(timeout=20)

    assert (process.returncode, "the gateway has ended" in errors) == (1, True)


def test_frames_of_its_link_are_shown_while_it_polls(mill: Mill) -> None:
    with running(mill.daemon, "monitor", "boiler", "--raw") as process:
        assert process.stdout is not None
        frames = [json.loads(process.stdout.readline()) for _ in range(4)]
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=20)

    assert {(frame["link"], frame["direction"]) for frame in frames} == {("plc", "tx"), ("plc", "rx")}
    assert process.returncode == 130


@pytest.mark.slow
def test_a_daemon_that_hangs_is_told(daemon: Daemon) -> None:
    daemon.process.signal(signal.SIGSTOP)
    try:
        ended = fieldgate(daemon, "status")
    finally:
        daemon.process.signal(signal.SIGCONT)

    assert (ended.returncode, "does not answer: it hangs" in ended.stderr) == (1, True)


def test_after_a_kill_the_verb_does_it_itself(daemon: Daemon) -> None:
    daemon.kill()

    without = fieldgate(daemon, "read", "boiler", "flow")
    with_one = fieldgate(daemon, "read", "boiler", "flow", "-c", str(daemon.config_path))

    assert (without.returncode, "no gateway runs here" in without.stderr) == (3, True)
    assert (with_one.returncode, with_one.stdout) == (0, "flow\t0\t°C\tgood\n")


@pytest.mark.root
def test_somebody_outside_its_group_is_told_which_one_it_is(
    make_daemon: MakeDaemon, modbus_server: ModbusServer
) -> None:
    boiler = device(POINTS)
    with TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        text = site(
            endpoint("mqtt://127.0.0.1:1"), {"plc": link(modbus_server.port)}, {"boiler": boiler},
            control={"group": "users"},
        )  # fmt: skip
        daemon = make_daemon(text, {"RUNTIME_DIRECTORY": folder})
        daemon.start()
        daemon.wait_for("listening")
        with as_nobody(), pytest.raises(Refused) as refused:
            listening([Path(folder) / SOCKET])
        daemon.terminate()

    assert refused.value.code == 7
    assert "`sudo usermod -aG users nobody`" in str(refused.value)


def wait_until(wanted: Callable[[], bool], limit_s: float = HANG_S) -> None:
    """Return once it is so."""
    end_s = time.monotonic() + limit_s
    while not wanted():
        assert time.monotonic() < end_s


def _me() -> str:
    return pwd.getpwuid(os.geteuid()).pw_name
