"""Devices looked for from the command line, beside a daemon and without one: nothing is ever written."""

import json
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.modbus.port import served_port
from tests.support.daemon import FIELDGATE, Daemon
from tests.support.device import READS, Device, Query, hang
from tests.support.patience import HANG_S
from tests.support.site import device, endpoint, link, site
from tests.support.verb import verb

POINTS = {"flow": {"address": 0, "type": "uint16"}}
QUICK = ("--timeout", "50ms")
"""Where nobody answers."""
AMPLE = ("--timeout", "500ms")
"""Where somebody does, if the machine has time for it."""

MakeDaemon = Callable[..., Daemon]


class Bus(Device):
    """Devices behind one address: units 1 and 5 answer, all others are silent."""

    def __init__(self) -> None:
        super().__init__(self.well_or_silent)
        self.units = {1, 5}

    def well_or_silent(self, query: Query) -> bytes:
        return query.well() if query.unit in self.units else hang(query)

    def only_read(self) -> bool:
        return {query.function for query in self.queries} <= READS


@pytest.fixture(scope="module")
def all_day() -> Iterator[Bus]:
    with Bus() as bus:
        yield bus


@pytest.fixture
def bus(all_day: Bus) -> Bus:
    """As nobody has asked it yet."""
    all_day.react = all_day.well_or_silent
    all_day.forget()
    return all_day


def described(port: int, links: dict[str, Any] | None = None, **more: Any) -> str:
    """A device that answers on `plc`, and the same bus again as `spare`, which has none."""
    all_links = {"plc": link(port), "spare": link(port), **(links or {})}
    return site(endpoint("mqtt://127.0.0.1:1"), all_links, {"boiler": device(POINTS, unit_id=1), **more})


@pytest.fixture
def daemon(make_daemon: MakeDaemon, bus: Bus) -> Daemon:
    """For a test that leaves it in the middle of something."""
    return started(make_daemon(described(bus.port)))


@pytest.fixture(scope="module")
def at_work(tmp_path_factory: pytest.TempPathFactory, all_day: Bus) -> Iterator[Daemon]:
    """For all tests that leave it as it was."""
    daemon = Daemon(tmp_path_factory.mktemp("at-work"), described(all_day.port))
    try:
        yield started(daemon)
    finally:
        daemon.kill()


def started(daemon: Daemon) -> Daemon:
    daemon.start()
    daemon.wait_for("listening")
    daemon.wait_for(lambda event: event.get("event") == "up" and event.get("name") == "link plc")
    return daemon


@pytest.fixture(params=["daemon", "alone"])
def place(request: pytest.FixtureRequest, tmp_path: Path, bus: Bus) -> Path:
    """Where a daemon works on the state directory, or only its configuration lies."""
    if request.param == "daemon":
        daemon: Daemon = request.getfixturevalue("at_work")
        return daemon.state_dir.parent
    (tmp_path / "gateway.yaml").write_text(described(bus.port))
    return tmp_path


def fieldgate(place: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return verb(*arguments, "--state-dir", place / "state", cwd=place)


@contextmanager
def running(place: Path, *arguments: str) -> Iterator["subprocess.Popen[str]"]:
    command: list[str | Path] = [FIELDGATE, *arguments, "--state-dir", place / "state"]
    with subprocess.Popen(command, cwd=place, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        yield process
        process.kill()


def found(ended: "subprocess.CompletedProcess[str]") -> list[tuple[Any, ...]]:
    return [(each["unit_id"], each.get("device")) for each in json.loads(ended.stdout)["found"]]


@pytest.mark.parametrize("name", ["plc", "spare"])
def test_who_answers_is_found_on_a_link_with_devices_and_on_one_without(place: Path, bus: Bus, name: str) -> None:
    ended = fieldgate(place, "scan", "modbus", name, "--units", "1,4-6", "--json", *AMPLE)

    assert ended.returncode == 0
    assert found(ended) == [(1, "boiler" if name == "plc" else None), (5, None)]
    assert f"scanning {name}: 4 to try" in ended.stderr
    assert bus.only_read()


def test_what_is_found_can_be_pasted(place: Path) -> None:
    ended = fieldgate(place, "scan", "modbus", "plc", "--units", "4-6", *AMPLE)

    assert "plc-5: {link: plc, unit_id: 5, points: {word0: {address: 0, type: uint16}}}" in ended.stdout
    pasted = (
        place / "gateway.yaml"
    ).read_text() + "  plc-5: {link: plc, unit_id: 5, points: {word0: {address: 0, type: uint16}}}\n"
    (place / "more.yaml").write_text(pasted)
    assert fieldgate(place, "check", "more.yaml").returncode == 0


def test_nobody_there_is_exit_code_4_with_what_to_do(place: Path) -> None:
    ended = fieldgate(place, "scan", "modbus", "spare", "--units", "20-22", *QUICK)

    assert (ended.returncode, ended.stdout) == (4, "")
    assert "takes the connection, but nobody answers" in ended.stderr


@pytest.mark.parametrize("options", [
    ("--units", "300"), ("--units", "1;2"), ("--units", "9-1"), ("--timeout", "1h"), ("--timeout", "5"),
    ("--baudrate", "fast"), ("--serial",),
])  # fmt: skip
def test_options_that_make_no_sense_are_refused_in_a_sentence(
    at_work: Daemon, bus: Bus, options: tuple[str, ...]
) -> None:
    ended = fieldgate(at_work.state_dir.parent, "scan", "modbus", "spare", *options)

    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.startswith("fieldgate: spare: rejected, malformed: ")
    assert {query.unit for query in bus.queries} <= {1}, "nothing was tried"


def unit_tried(unit: int) -> Callable[[Query], bool]:
    return lambda query: query.unit == unit


@pytest.mark.parametrize("name", ["plc", "spare"])
def test_ctrl_c_ends_it_at_once_also_in_the_daemon_and_shows_what_was_found(place: Path, bus: Bus, name: str) -> None:
    with running(place, "scan", "modbus", name, "--units", "5,6-200", "--json", *AMPLE) as process:
        bus.wait_for(unit_tried(8))
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=HANG_S)

    document = json.loads(out)
    assert (process.returncode, document["complete"]) == (130, False)
    assert [each["unit_id"] for each in document["found"]] == [5]
    assert fieldgate(place, "scan", "modbus", name, "--units", "5", "--json").returncode == 0, "the link is free"
    assert max(query.unit for query in bus.queries) < 30


def test_two_scans_of_one_link_are_one_too_many_and_of_two_links_are_not(daemon: Daemon, bus: Bus) -> None:
    place = daemon.state_dir.parent
    with running(place, "scan", "modbus", "spare", "--units", "20-220", "--timeout", "300ms"):
        bus.wait_for(unit_tried(20))
        second = fieldgate(place, "scan", "modbus", "spare", "--units", "5")
        other = fieldgate(place, "scan", "modbus", "plc", "--units", "5", *AMPLE)

    assert (second.returncode, "being scanned already" in second.stderr) == (4, True)
    assert other.returncode == 0


def test_polls_go_on_beside_a_scan(at_work: Daemon, bus: Bus) -> None:
    fieldgate(at_work.state_dir.parent, "scan", "modbus", "plc", "--units", "20-29", "--timeout", "100ms")

    units = [query.unit for query in bus.queries]
    first, last = units.index(20), units.index(29)
    assert units[first:last].count(1) >= 5
    assert not [event for event in at_work.log if event.get("event") == "down" and event.get("name") == "link plc"]


def test_a_link_that_is_lost_meanwhile_ends_the_scan(daemon: Daemon, bus: Bus) -> None:
    with running(daemon.state_dir.parent, "scan", "modbus", "spare", "--units", "20-220", "--timeout", "2s") as process:
        bus.wait_for(unit_tried(20))
        bus.react = lambda _query: None
        _, err = process.communicate(timeout=HANG_S)

    assert (process.returncode, "lost before the scan had ended" in err) == (4, True)


def test_a_stop_of_the_daemon_ends_the_scan(daemon: Daemon, bus: Bus) -> None:
    with running(daemon.state_dir.parent, "scan", "modbus", "spare", "--units", "20-220", "--timeout", "2s") as process:
        bus.wait_for(unit_tried(20))
        assert daemon.terminate() == 0
        process.communicate(timeout=HANG_S)

    assert process.returncode != 0


def test_it_is_in_the_audit(at_work: Daemon, bus: Bus) -> None:
    fieldgate(at_work.state_dir.parent, "scan", "modbus", "spare", "--units", "5")

    newest = json.loads(fieldgate(at_work.state_dir.parent, "audit", "--json").stdout)["records"][-1]
    assert newest["asked"] == {"command": "scan", "args": {"link": "spare", "options": {"units": "5"}}}
    assert (newest["origin"], newest["status"]) == ("local", "done")


def on_port(path: str, **more: Any) -> dict[str, Any]:
    return {
        "adapter": "modbus",
        "transport": "rtu",
        "port": path,
        "reconnect": {"min": "100ms", "max": "300ms"},
        **more,
    }


TRY = ("--baudrate", "9600,19200", "--parity", "none", "--units", "4-6", *AMPLE)


@pytest.mark.parametrize("way", ["daemon", "alone"])
def test_the_right_baud_rate_is_found_and_said(make_daemon: MakeDaemon, tmp_path: Path, bus: Bus, way: str) -> None:
    with served_port({5: 9600}) as line:
        daemon = make_daemon(described(bus.port, {"bus1": on_port(line.path)}))
        if way == "daemon":
            started(daemon)
        ended = fieldgate(tmp_path, "scan", "modbus", "bus1", *TRY)

    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.startswith("5\t9600 none\tgives register 0\t\n")
    assert "#   baudrate: 9600\n" in ended.stdout
    assert line.functions <= READS


def test_polls_are_held_while_other_baud_rates_are_tried_and_go_on_afterwards(
    make_daemon: MakeDaemon, tmp_path: Path, bus: Bus
) -> None:
    meter = device(POINTS, link="bus1", unit_id=9)
    with served_port({5: 9600}) as line:
        daemon = started(make_daemon(described(bus.port, {"bus1": on_port(line.path)}, meter=meter)))
        daemon.wait_for(lambda event: event.get("event") == "device" and event.get("state") == "offline")
        ended = fieldgate(tmp_path, "scan", "modbus", "bus1", *TRY, "--json")
        count = len(line.heard)
        line.units[9] = 19200
        daemon.wait_for(
            lambda event: (
                event.get("event") == "device" and event.get("state") == "online" and event.get("device") == "meter"
            )
        )

    heard = [(each.baudrate, each.unit) for each in line.heard[:count]]
    tried = heard.index((9600, 4))
    assert heard[tried : tried + 6] == [(rate, unit) for rate in (9600, 19200) for unit in (4, 5, 6)]
    assert found(ended) == [(5, None)]
    held = [event for event in daemon.log if event.get("event") == "down" and event.get("name") == "link bus1"]
    assert "a scan has the link for itself" in held[0]["reason"]


def test_a_device_that_answers_is_not_cut_off_for_other_baud_rates(
    make_daemon: MakeDaemon, tmp_path: Path, bus: Bus
) -> None:
    meter = device(POINTS, link="bus1", unit_id=9)
    with served_port({9: 19200}) as line:
        daemon = started(make_daemon(described(bus.port, {"bus1": on_port(line.path)}, meter=meter)))
        daemon.wait_for(lambda event: event.get("event") == "device" and event.get("device") == "meter")
        ended = fieldgate(tmp_path, "scan", "modbus", "bus1", *TRY)

    assert (ended.returncode, "meter answers on bus1 as it is set" in ended.stderr) == (8, True)
    assert {each.baudrate for each in line.heard} == {19200}


def test_a_raw_read_shows_the_words_the_likeliest_first(place: Path, bus: Bus) -> None:
    bus.react = lambda query: query.registers(0x4366, 0x3333) if query.size == 2 else query.well()
    ended = fieldgate(place, "read", "boiler", "--raw", "holding:100/2")

    lines = ended.stdout.splitlines()
    assert (ended.returncode, ended.stderr) == (0, "")
    assert lines[:2] == ["holding 100: 4366 3333 hex, 17254 13107", "float32\tABCD\t230.2\tplausible"]
    assert {line.split("\t")[0] for line in lines[1:]} >= {"uint16", "int32", "bcd32", "float16", "string"}
    assert bus.only_read()


def test_a_raw_read_of_one_type_in_json(place: Path, bus: Bus) -> None:
    bus.react = lambda query: query.registers(0x4366, 0x3333) if query.size == 2 else query.well()
    document = json.loads(fieldgate(place, "read", "boiler", "--raw", "100:float32", "--json").stdout)

    (shown,) = document["found"]
    assert shown["readings"][0] == {"type": "float32", "order": "ABCD", "value": 230.2, "plausible": True}


@pytest.mark.parametrize(("what", "code", "words"), [
    (("--raw", "coil:x"), 2, "is no raw read"),
    (("--raw", "1/200"), 2, "reads 1 to 125"),
    (("flow", "--raw", "1"), 2, "name one or the other"),
])  # fmt: skip
def test_a_raw_read_that_makes_no_sense_is_refused(
    at_work: Daemon, bus: Bus, what: tuple[str, ...], code: int, words: str
) -> None:
    ended = fieldgate(at_work.state_dir.parent, "read", "boiler", *what)

    assert (ended.returncode, words in ended.stderr) == (code, True)


def test_a_device_that_is_silent_is_told_with_who_else_answers(
    make_daemon: MakeDaemon, tmp_path: Path, bus: Bus
) -> None:
    started(make_daemon(described(bus.port, lost=device(POINTS, unit_id=77))))

    ended = fieldgate(tmp_path, "read", "lost")

    assert ended.returncode == 4
    assert f"lost (id 77 on 127.0.0.1:{bus.port}) does not answer. Other ids on this bus do: wrong id" in ended.stderr
