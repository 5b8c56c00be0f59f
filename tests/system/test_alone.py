"""The live verbs where no gateway runs: they open the link themselves, with the same policy and audit."""

import json
import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.daemon import FIELDGATE
from tests.support.device import Device, hang
from tests.support.modbus import ModbusServer
from tests.support.site import device, endpoint, link, site
from tests.support.verb import verb

POINTS = {
    "flow": {"address": 0, "type": "uint16", "unit": "°C"},
    "setpoint": {"address": 1, "type": "int16", "scale": 0.1, "writable": {"min": 20, "max": 80}, "verify": True},
    "mode": {"address": 2, "type": "uint16", "enum": {0: "off", 1: "on"}, "writable": {"confirm": True}},
}
STEPS = [{"write": {"setpoint": 30}}, {"pause": "100ms"}, {"write": {"setpoint": 40}}]

NOBODY = 65534
"""A user who owns nothing else."""

Run = Callable[..., "subprocess.CompletedProcess[str]"]


class Place:
    """A folder with a configuration, whose state nobody has locked."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder
        self.state = folder / "state"
        self.temporary = folder / "tmp"
        self.temporary.mkdir()
        self.configure(port)

    def configure(self, port: int, **more: Any) -> None:
        boiler = {**device(POINTS, commands={"start": {"steps": STEPS}}), **more}
        text = site(endpoint("mqtt://127.0.0.1:1"), {"plc": link(port)}, {"boiler": boiler})
        (self.folder / "gateway.yaml").write_text(text)

    def run(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        return verb(*arguments, "--state-dir", self.state, cwd=self.folder)

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        """As a process that can be told to end."""
        command: list[str | Path] = [FIELDGATE, *arguments, "--state-dir", self.state]
        environment = {**os.environ, "TMPDIR": str(self.temporary)}
        pipe = subprocess.PIPE
        return subprocess.Popen(
            command, cwd=self.folder, env=environment, stdout=pipe, stderr=pipe, text=True, encoding="utf-8"
        )

    def snapshot(self) -> dict[str, tuple[bytes, int]]:
        return {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in self.state.iterdir()}

    def audit(self) -> list[dict[str, Any]]:
        records: list[dict[str, Any]] = json.loads(self.run("audit", "--json").stdout)["records"]
        return records


@pytest.fixture
def place(tmp_path: Path, modbus_server: ModbusServer) -> Place:
    return Place(tmp_path, modbus_server.port)


@pytest.fixture
def watching(place: Place) -> Iterator["subprocess.Popen[str]"]:
    """A `monitor` that has shown a line."""
    with place.start("monitor") as process:
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())["device"] == "boiler"
        yield process
        process.kill()


def test_a_device_is_read(place: Place) -> None:
    ended = place.run("read", "boiler")

    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout == "flow\t0\t°C\tgood\nsetpoint\t0.0\t\tgood\nmode\toff\t\tgood\n"


def test_a_point_is_written_and_read_back(place: Place, modbus_server: ModbusServer) -> None:
    ended = place.run("write", "boiler", "setpoint=55.5", "mode=on", "--yes")

    assert (ended.returncode, ended.stdout) == (0, "setpoint\t55.5\t\tgood\nmode\ton\t\tgood\n")
    assert [(each.address, each.values) for each in modbus_server.writes()] == [(1, [555, 1])]


def test_a_command_with_steps_is_carried_out(place: Place, modbus_server: ModbusServer) -> None:
    assert place.run("invoke", "boiler", "start", "--yes").returncode == 0
    assert [(each.address, each.values) for each in modbus_server.writes()] == [(1, [300]), (1, [400])]


@pytest.mark.parametrize(("arguments", "rule"), [
    (("write", "boiler", "setpoint=85", "--yes"), "devices.boiler.points.setpoint.writable"),
    (("write", "boiler", "flow=1", "--yes"), "devices.boiler.points.flow.writable"),
])  # fmt: skip
def test_the_policy_holds_as_in_a_gateway_that_runs(
    place: Place, modbus_server: ModbusServer, arguments: tuple[str, ...], rule: str
) -> None:
    ended = place.run(*arguments)

    assert (ended.returncode, f"(rule: {rule})" in ended.stderr) == (8, True)
    assert modbus_server.writes() == []


def test_what_was_commanded_is_in_the_audit_which_is_read_without_a_trace(place: Place) -> None:
    place.run("write", "boiler", "setpoint=55", "--yes")
    place.run("write", "boiler", "setpoint=85", "--yes")

    written, _, refused = place.audit()

    assert [each["status"] for each in (written, refused)] == ["done", "rejected"]
    assert (written["origin"], written["kind"], written["asked"]) == ("local", "write", {"setpoint": 55})
    assert written["user"] == refused["user"]
    assert written["wire"]
    before = place.snapshot()
    assert place.run("audit", "export").stdout.count("\n") == 3
    assert place.snapshot() == before


def test_nothing_commanded_leaves_no_file(place: Place) -> None:
    assert place.audit() == []
    assert not place.state.exists()


def test_a_device_that_is_not_there_is_told_with_why(place: Place, modbus_server: ModbusServer) -> None:
    modbus_server.stop()

    ended = place.run("read", "boiler")

    assert ended.returncode == 4
    assert f"the link to the device is down: plc: 127.0.0.1:{modbus_server.port} refuses the connection" in ended.stderr


@pytest.mark.parametrize(("name", "config", "code", "said"), [
    ("boilr", None, 2, "did you mean 'boiler'?"),
    ("boiler", "version: 1\n", 3, "it has errors:"),
    ("boiler", "", 3, "there is no gateway.yaml"),
])  # fmt: skip
def test_what_can_not_be_reached_for_want_of_a_configuration_is_told(
    place: Place, name: str, config: str | None, code: int, said: str
) -> None:
    path = place.folder / "gateway.yaml"
    if config == "":
        path.unlink()
    elif config:
        path.write_text(config)

    ended = place.run("read", name)

    assert (ended.returncode, said in ended.stderr, "Traceback" in ended.stderr) == (code, True, False)


def test_two_at_once_wait_for_each_other(place: Place) -> None:
    with place.start("read", "boiler") as first, place.start("read", "boiler") as second:
        ended = [each.wait(30) for each in (first, second)]

    assert ended == [0, 0]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_monitor_that_is_told_to_end_leaves_nothing_behind(
    place: Place, watching: "subprocess.Popen[str]", number: signal.Signals, code: int
) -> None:
    watching.send_signal(number)
    _, errors = watching.communicate(timeout=20)

    assert (watching.returncode, errors) == (code, "")
    assert list(place.temporary.iterdir()) == []
    assert place.run("read", "boiler").returncode == 0


def test_it_ends_quietly_when_nobody_reads_any_more(place: Place, watching: "subprocess.Popen[str]") -> None:
    assert watching.stdout is not None
    watching.stdout.close()

    assert watching.wait(20) == 0
    assert watching.stderr is not None
    assert watching.stderr.read() == ""


def test_an_interrupt_ends_it_while_the_link_is_still_waited_for(place: Place) -> None:
    with Device(hang) as silent:
        place.configure(silent.port, timeout="30s")
        with place.start("read", "boiler") as process:
            silent.wait_for_polls(1)
            process.send_signal(signal.SIGINT)
            _, errors = process.communicate(timeout=20)

    assert (process.returncode, errors) == (130, "")


def test_frames_are_shown_as_they_go(place: Place) -> None:
    with place.start("monitor", "boiler", "--raw") as process:
        assert process.stdout is not None
        frames = [json.loads(process.stdout.readline()) for _ in range(2)]
        process.send_signal(signal.SIGINT)

    assert {frame["link"] for frame in frames} == {"plc"}
    assert {frame["direction"] for frame in frames} == {"tx", "rx"}


@pytest.mark.root
def test_root_makes_nothing_in_another_users_state(place: Place) -> None:
    place.state.mkdir()
    os.chown(place.state, NOBODY, NOBODY)

    done = place.run("write", "boiler", "setpoint=41", "--yes")

    assert done.returncode == 7
    assert "sudo -u nobody" in done.stderr
    assert list(place.state.iterdir()) == []
