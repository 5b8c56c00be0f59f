"""What `fieldgate monitor` shows on a terminal and in a pipe."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from gateway.cli.control.live import Board
from tests.cli.api import BOILER, Api, Said, Stream
from tests.cli.terminal import Terminal
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
FRAME = {"time": TIME, "link": "plc", "direction": "tx", "data": "000100"}


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


def test_in_a_pipe_every_line_is_as_it_came(api: Api, verb: Verb) -> None:
    api.tell("GET /v1/samples", Stream([FIRST, {"missed": 3}]))

    said = verb("monitor", "boiler")

    assert [json.loads(line) for line in said.out.splitlines()] == [FIRST, {"missed": 3}]
    assert (said.code, "the gateway has ended" in said.err) == (1, True)
    assert api.asked[-1].query == {"device": "boiler"}


@pytest.mark.parametrize(("arguments", "query"), [(("boiler", "--raw"), {"link": "plc"}), (("--raw",), {})])
def test_frames_are_those_of_the_devices_link(
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
        "09:01:02.345 plc tx 00 01 00",
        "2 frames left out",
    ]


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
        _, errors = process.communicate(timeout=20)

    assert (process.returncode, errors) == (130, b"")


def test_it_ends_quietly_when_nobody_reads_any_more(api: Api) -> None:
    api.tell("GET /v1/samples", Stream([FIRST] * 100_000))
    with piped() as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr is not None
        errors = process.stderr.read()

    assert (process.wait(20), errors) == (0, b"")


def endless(api: Api) -> Iterator[dict[str, Any]]:
    yield FIRST
    api.let_go.wait()


def piped() -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "gateway.cli", "monitor"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
