"""What `fieldgate monitor` shows on a terminal and in a pipe."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway.adapter import Traffic, parse_capture
from gateway.cli.control.live import Board
from gateway.cli.frames import drawn
from tests.cli.api import BOILER, Api, Said, Stream
from tests.cli.terminal import Terminal
from tests.support.patience import HANG_S
from tests.support.repo import ROOT

Verb = Callable[..., Said]

TIME = "2026-11-24T09:01:02.345Z"
TIME_S = 1795510862.345
FIRST: dict[str, Any] = {
    "device": "boiler",
    "time": TIME,
    "values": {"flow": 71.5},
    "bad": {"pump": {"reason": "timeout"}},
}
MOMENT = "2026-11-24T09:01:02.345678Z"
FRAME = {"time": MOMENT, "link": "plc", "direction": "tx", "data": "000100"}
LINKS = {"plc": {"adapter": "modbus"}, "spare": {"adapter": "modbus"}}


@pytest.fixture(autouse=True)
def links(api: Api) -> None:
    api.tell("GET /v1/links", {"links": LINKS})


def rows(*lines: dict[str, Any], age_s: float = 0.0, devices: int = 1) -> list[list[str]]:
    board = Board(dict.fromkeys(["boiler", "other"][:devices], BOILER), lambda: TIME_S + age_s)
    for line in lines:
        board.take(line)
    return [list(row.cells) for row in board.rows()]


def test_each_point_is_shown_with_its_newest_value_and_age() -> None:
    newer = {"device": "boiler", "time": TIME, "values": {"pump": True}}

    assert rows(FIRST, newer, age_s=64.0) == [
        ["", "flow", "71.5", "°C", "1 min 4 s", "good"],
        ["", "setpoint", "", "°C", "", "not read yet"],
        ["", "pump", "true", "", "1 min 4 s", "good"],
        ["", "mode", "", "", "", "not read yet"],
    ]


def test_a_bad_point_shows_why_and_no_value() -> None:
    bad = {"device": "boiler", "time": TIME, "bad": {"flow": {"reason": "out-of-range", "value": 151.2}}}

    assert rows(FIRST, bad)[0] == ["", "flow", "", "°C", "0 s", "bad: out-of-range (value 151.2)"]


def test_several_devices_are_named() -> None:
    assert [row[0] for row in rows(devices=2)] == ["boiler"] * 4 + ["other"] * 4


def test_a_device_that_has_not_said_which_points_it_has_is_shown_with_why_and_then_with_them() -> None:
    board = Board({"cold-room": {**BOILER, "points": {}, "detail": "it is encrypted: give it its key"}}, lambda: TIME_S)
    before = [list(row.cells) for row in board.rows()]
    board.take({"device": "cold-room", "time": TIME, "values": {"temperature": 4.5}})

    assert before == [["", "", "", "", "", "it is encrypted: give it its key"]]
    assert [list(row.cells) for row in board.rows()] == [["", "temperature", "4.5", "", "0 s", "good"]]


def test_in_a_pipe_every_line_is_as_it_came(api: Api, verb: Verb) -> None:
    api.tell("GET /v1/samples", Stream([FIRST, {"missed": 3}]))

    said = verb("monitor", "boiler")

    assert [json.loads(line) for line in said.out.splitlines()] == [FIRST, {"missed": 3}]
    assert (said.code, "the gateway has ended" in said.err) == (1, True)
    assert api.asked[-1].query == {"device": "boiler"}


@pytest.mark.parametrize(
    ("arguments", "query"),
    [(("boiler", "--raw"), {"link": "plc"}), (("plc", "--raw"), {"link": "plc"}), (("--raw",), {})],
)
def test_frames_are_those_of_a_link_or_of_a_devices_link(
    api: Api, verb: Verb, arguments: tuple[str, ...], query: dict[str, str]
) -> None:
    api.tell("GET /v1/frames", Stream([FRAME]))

    said = verb("monitor", *arguments)

    assert json.loads(said.out) == FRAME
    assert api.asked[-1].query == query


def test_frames_at_a_terminal_are_bytes_with_time_link_and_direction(
    api: Api, at_terminal: Callable[..., Terminal]
) -> None:
    api.tell("GET /v1/frames", Stream([FRAME, {"missed": 2}]))

    assert at_terminal("monitor", "--raw").end().text.splitlines()[:2] == [
        f"09:01:02.345678 plc tx {'00 01 00':47}  |...|",
        "2 frames left out here: they came faster than they were taken",
    ]


def test_long_frames_go_on_below_their_beginning() -> None:
    line = json.dumps({**FRAME, "direction": "rx", "data": b"ST,GS,   12.34kg\r\n".hex()}).encode()

    assert drawn(line).splitlines() == [
        "09:01:02.345678 plc rx 53 54 2C 47 53 2C 20 20 20 31 32 2E 33 34 6B 67  |ST,GS,   12.34kg|",
        f"{'':23}{'0D 0A':47}  |..|",
    ]


def test_what_is_recorded_is_a_capture(api: Api, verb: Verb, tmp_path: Path) -> None:
    api.tell("GET /v1/frames", Stream([FRAME, {**FRAME, "direction": "rx", "data": "4f4b"}]))

    said = verb("monitor", "boiler", "--raw", "--record", "wire.txt")

    text = (tmp_path / "wire.txt").read_text()
    assert text.startswith("# fieldgate monitor plc --raw, from 20")
    assert text.splitlines()[1:] == [f"{MOMENT} tx 00 01 00  |...|", f"{MOMENT} rx 4F 4B  |OK|"]
    assert parse_capture(text.splitlines(), "").entries == (Traffic(0, "tx", b"\0\1\0"), Traffic(0, "rx", b"OK"))
    assert json.loads(said.out.splitlines()[0]) == FRAME
    assert "fieldgate: 2 frames recorded in wire.txt\n" in said.err


@pytest.mark.parametrize("before", ["", "# mine\n", "+1s rx 0", "\n"])
def test_a_recording_goes_on_at_the_end_of_its_file(api: Api, verb: Verb, tmp_path: Path, before: str) -> None:
    (tmp_path / "wire.txt").write_text(before)
    api.tell("GET /v1/frames", Stream([FRAME]))

    verb("monitor", "--raw", "--record", "wire.txt")

    lines = (tmp_path / "wire.txt").read_text().splitlines()
    assert lines[:-2] == before.splitlines()
    assert lines[-1].startswith(MOMENT)


def test_what_is_not_in_a_recording_is_told_there_and_at_the_end(api: Api, verb: Verb, tmp_path: Path) -> None:
    api.tell("GET /v1/frames", Stream([FRAME, {"missed": 3}, FRAME, {"missed": 1}]))

    said = verb("monitor", "--raw", "--record", "wire.txt")

    lines = (tmp_path / "wire.txt").read_text().splitlines()
    assert lines[2] == "# 3 frames left out here: they came faster than they were taken"
    assert "2 frames recorded in wire.txt; 4 more came too fast, and are not in it" in said.err


def test_a_recording_is_on_its_way_to_the_disk_while_it_goes_on(api: Api, tmp_path: Path) -> None:
    api.tell("GET /v1/frames", Stream(endless(api, FRAME)))
    with piped("--raw", "--record", "wire.txt") as process:
        assert process.stdout is not None
        process.stdout.readline()
        seen = (tmp_path / "wire.txt").read_text()
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=HANG_S)

    assert seen.splitlines()[1].startswith(MOMENT)
    assert (process.returncode, errors) == (130, b"fieldgate: 1 frame recorded in wire.txt\n")


def test_a_disk_that_takes_no_more_ends_a_recording(api: Api, verb: Verb) -> None:
    api.tell("GET /v1/frames", Stream([FRAME]))

    said = verb("monitor", "--raw", "--record", "/dev/full")

    assert (said.code, "/dev/full takes no more: No space left on device" in said.err) == (1, True)


@pytest.mark.parametrize(("arguments", "code", "words"), [
    (("--record", "x"), 2, "--record writes what --raw shows"),
    (("plk", "--raw"), 2, "no link or device 'plk' - did you mean 'plc'?"),
    (("spare", "--raw"), 2, "spare has no devices"),
    (("--raw", "--record", "no/where"), 2, "can't record in no/where: No such file"),
])  # fmt: skip
def test_what_can_not_be_shown_or_recorded_is_told(
    api: Api, verb: Verb, arguments: tuple[str, ...], code: int, words: str
) -> None:
    said = verb("monitor", *arguments)

    assert (said.code, words in said.err) == (code, True)


def test_a_recording_of_several_links_is_refused(api: Api, verb: Verb) -> None:
    api.tell("GET /v1/devices", {"devices": {"boiler": BOILER, "scale": {**BOILER, "link": "bus"}}})

    said = verb("monitor", "--raw", "--record", "wire.txt")

    assert (said.code, "name it - there are bus, plc" in said.err) == (2, True)


def test_a_gateway_that_dies_ends_it_with_a_sentence(api: Api, verb: Verb) -> None:
    api.tell("GET /v1/samples", Stream([FIRST], torn=True))

    said = verb("monitor")

    assert (said.code, json.loads(said.out)) == (1, FIRST)
    assert said.err == "fieldgate: the gateway has ended meanwhile; its log may tell why\n"


def test_at_a_terminal_it_is_a_table_until_an_interrupt(api: Api, at_terminal: Callable[..., Terminal]) -> None:
    api.tell("GET /v1/samples", Stream(endless(api)))
    terminal = at_terminal("monitor", "boiler")
    terminal.wait_for("71.5")

    terminal.process.send_signal(signal.SIGINT)
    seen = terminal.end()

    assert (seen.code, "Traceback" in seen.text) == (130, False)
    assert "bad: timeout" in seen.text


def test_an_interrupt_in_a_pipe_is_no_crash(api: Api) -> None:
    api.tell("GET /v1/samples", Stream(endless(api)))
    with piped() as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=HANG_S)

    assert (process.returncode, errors) == (130, b"")


def test_it_ends_quietly_when_nobody_reads_any_more(api: Api) -> None:
    api.tell("GET /v1/samples", Stream([FIRST] * 100_000))
    with piped() as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr is not None
        errors = process.stderr.read()

    assert (process.wait(HANG_S), errors) == (0, b"")


def test_a_recording_ends_quietly_when_nobody_reads_any_more(api: Api) -> None:
    api.tell("GET /v1/frames", Stream([FRAME] * 100_000))
    with piped("--raw", "--record", "wire.txt") as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr is not None
        errors = process.stderr.read().decode()

    assert process.wait(HANG_S) == 0
    assert "recorded in wire.txt" in errors
    assert "can't" not in errors


def endless(api: Api, first: dict[str, Any] = FIRST) -> Iterator[dict[str, Any]]:
    yield first
    api.let_go.wait()


def piped(*arguments: str) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "gateway.cli", "monitor", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
