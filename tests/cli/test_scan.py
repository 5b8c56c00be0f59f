"""A scan as a person meets it: what it says before, meanwhile and at its end."""

from collections.abc import Callable
from typing import Any

import pytest
import yaml

from gateway.cli.scan.gauge import beginning, progress
from gateway.cli.scan.modbus import stanza
from tests.cli.api import Api, Said, Stream, error
from tests.cli.terminal import Terminal

Verb = Callable[..., Said]

SCAN = "POST /v1/links/bus1/scan"
FIVE = {"unit_id": 5, "answer": "registers"}
METER = {"unit_id": 7, "device": "meter", "answer": "polled"}
BEGUN = {"done": 0, "total": 247, "left_s": 123.5}
AT_40 = {"done": 40, "total": 247, "left_s": 80.4, "at": "unit 40", "found": [FIVE, METER]}
DONE = {"command": "local-1", "status": "done", "found": [FIVE, METER]}
NOBODY = {"done": 247, "total": 247, "left_s": 0.0, "at": "unit 247", "notes": ["nobody answers on bus1: no power"]}


@pytest.fixture(autouse=True)
def links(api: Api) -> None:
    api.tell("GET /v1/links", {"links": {"bus1": {"adapter": "modbus"}, "radio": {"adapter": "ble"}}})


def test_how_far_it_is_is_said_in_one_line() -> None:
    assert beginning("bus1", BEGUN) == "scanning bus1: 247 to try, at most 2 min 4 s; nothing is written"
    assert progress(AT_40, 2) == "unit 40 of 247, 2 found, about 1 min 20 s left"
    assert progress({**AT_40, "at": "9600 8N1 unit 3"}, 0) == (
        "9600 8N1 unit 3 (40 of 247), 0 found, about 1 min 20 s left"
    )


def test_what_answers_is_listed_with_what_to_paste(api: Api, verb: Verb) -> None:
    api.tell(SCAN, Stream([BEGUN, AT_40, DONE]))

    said = verb("scan", "modbus", "bus1", "--units", "1-9", "--timeout", "300ms")

    assert (said.code, said.err) == (0, "scanning bus1: 247 to try, at most 2 min 4 s; nothing is written\n")
    rows = said.out.splitlines()
    assert rows[:2] == ["5\t\tgives register 0\t", "7\t\tanswers its polls\tmeter"]
    pasted = yaml.safe_load(said.out.partition("\n\n")[2])
    assert pasted == {"bus1-5": {"link": "bus1", "unit_id": 5, "points": {"word0": {"address": 0, "type": "uint16"}}}}
    assert api.posted()[-1].body == {"units": "1-9", "timeout": "300ms"}


def test_settings_are_passed_on_and_pasted_into_the_link(api: Api, verb: Verb) -> None:
    found = {"unit_id": 5, "baudrate": 9600, "parity": "none", "answer": "exception 2"}
    api.tell(SCAN, Stream([BEGUN, {**DONE, "found": [found]}]))

    said = verb("scan", "modbus", "bus1", "--serial", "--baudrate", "9600", "--parity", "none")

    assert said.out.splitlines()[0] == "5\t9600 none\trefuses register 0 (exception 2)\t"
    assert "# into links: bus1:\n#   baudrate: 9600\n#   parity: none\n" in said.out
    assert api.posted()[-1].body == {"serial": True, "baudrate": "9600", "parity": "none"}


def test_devices_at_different_settings_are_told_to_be_so() -> None:
    found = [{"unit_id": n, "baudrate": 9600 * n, "parity": "none", "answer": "registers"} for n in (1, 2)]
    assert "all must have the same" in "\n".join(stanza("bus1", found))


def test_what_answers_for_those_who_are_not_there_is_not_pasted(api: Api, verb: Verb) -> None:
    ghost = {"unit_id": 1, "answer": "exception 4", "note": "it answers for devices that are not there"}
    api.tell(SCAN, Stream([BEGUN, {**DONE, "found": [ghost]}]))

    said = verb("scan", "modbus", "bus1")

    assert "into devices" not in said.out
    assert "not there" in said.err


def test_with_json_it_is_one_document(api: Api, verb: Verb) -> None:
    api.tell(SCAN, Stream([BEGUN, AT_40, DONE]))

    document = verb("scan", "modbus", "bus1", "--json").json

    assert (document["link"], document["complete"], document["found"]) == ("bus1", True, [FIVE, METER])


def test_nobody_is_told_with_what_to_do(api: Api, verb: Verb) -> None:
    api.tell(SCAN, Stream([BEGUN, NOBODY, {**DONE, "found": []}]))

    said = verb("scan", "modbus", "bus1")

    assert (said.code, said.out) == (4, "")
    assert "fieldgate: nobody answers on bus1: no power\n" in said.err


ENDS: list[tuple[dict[str, Any], int, str]] = [
    ({"status": "rejected", "reason": "no-link", "detail": "the link is down"}, 4, "the link is down"),
    ({"status": "rejected", "reason": "busy", "detail": "being scanned already"}, 4, "already"),
    ({"status": "rejected", "reason": "malformed", "detail": "units must be"}, 2, "units must be"),
    ({"status": "rejected", "reason": "in-use", "detail": "meter answers"}, 8, "meter answers"),
    ({"status": "failed", "reason": "defect", "detail": "IndexError"}, 5, "IndexError"),
]


@pytest.mark.parametrize(("end", "code", "words"), ENDS)
def test_why_it_could_not_be_is_told(api: Api, verb: Verb, end: dict[str, Any], code: int, words: str) -> None:
    api.tell(SCAN, Stream([{"command": "local-1", **end}]))

    said = verb("scan", "modbus", "bus1")

    assert (said.code, words in said.err) == (code, True)


@pytest.mark.parametrize(("arguments", "words"), [
    (("scan", "modbus", "bus2"), "did you mean 'bus1'?"),
    (("scan", "modbus", "radio"), "radio is no modbus link, but ble"),
    (("scan", "modbsu", "bus1"), "did you mean 'modbus'?"),
    (("scan",), "scan modbus LINK"),
])  # fmt: skip
def test_what_can_not_be_scanned_is_told(api: Api, verb: Verb, arguments: tuple[str, ...], words: str) -> None:
    said = verb(*arguments)

    assert (said.code, words in said.err) == (2, True)
    assert api.posted() == []


def test_what_was_found_before_the_link_was_lost_is_not(api: Api, verb: Verb) -> None:
    api.tell(SCAN, Stream([BEGUN, AT_40, {"command": "local-1", "status": "rejected", "reason": "no-link"}]))

    said = verb("scan", "modbus", "bus1", "--json")

    assert (said.code, said.json["complete"], said.json["found"]) == (4, False, [FIVE, METER])


def test_a_gateway_that_dies_meanwhile_ends_it(api: Api, verb: Verb) -> None:
    api.tell(SCAN, Stream([BEGUN, AT_40], torn=True))

    said = verb("scan", "modbus", "bus1")

    assert (said.code, "the gateway has ended" in said.err) == (1, True)


def test_an_error_of_the_gateway_is_its_sentence(api: Api, verb: Verb) -> None:
    api.tell(SCAN, (503, error("busy", "16 streams are open already")))

    assert "16 streams are open already" in verb("scan", "modbus", "bus1").err


def test_what_a_device_says_commands_no_terminal(api: Api, verb: Verb) -> None:
    evil = {"unit_id": 1, "answer": "\x1b[2J", "note": "\x1b]0;x\x07"}
    api.tell(SCAN, Stream([{**BEGUN, "notes": ["\x1b[31m"]}, {**DONE, "found": [evil]}]))

    said = verb("scan", "modbus", "bus1")

    assert "\x1b" not in said.out + said.err


def test_at_a_terminal_it_shows_how_far_it_is(api: Api, at_terminal: Callable[..., Terminal]) -> None:
    api.tell(SCAN, Stream([BEGUN, AT_40, DONE]))

    seen = at_terminal("scan", "modbus", "bus1").end()

    assert "scanning bus1: 247 to try, at most 2 min 4 s; nothing is written" in seen.text
    assert "unit 40 of 247, 2 found, about 1 min 20 s left" in seen.text
    assert seen.code == 0
