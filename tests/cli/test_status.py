"""What `fieldgate status` says of a gateway, and how it ends."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from tests.cli.api import BOILER, STATUS, Api, Said
from tests.cli.terminal import Terminal

Verb = Callable[..., Said]

UP = {"state": "up", "fault": None, "outbox": {"depth": 0, "oldest_age_s": 0.0, "lost": {}}}
DOWN = {"state": "waiting", "fault": "connection refused", "outbox": {"depth": 3, "oldest_age_s": 90.0, "lost": {}}}
OFFLINE = {**BOILER, "state": "offline", "reason": "timeout"}
BAD = {"value": None, "bad": {"reason": "stale"}}
DEGRADED = {
    **BOILER, "state": "degraded", "reason": "stale", "points": {**BOILER["points"], "flow": BAD},  # type: ignore[dict-item]
}  # fmt: skip


def tell(api: Api, devices: Mapping[str, Any] | None = None, **status: Any) -> None:
    api.tell("GET /v1/status", {**STATUS, **status})
    if devices is not None:
        api.tell("GET /v1/devices", {"devices": devices})


@pytest.mark.parametrize(("devices", "endpoints", "sentence"), [
    ({"a": BOILER, "b": BOILER}, None, "All 2 devices fine. 12 messages waiting, oldest 4 s. cloud connected."),
    ({"a": BOILER}, {"cloud": UP}, "The device is fine. No messages waiting. cloud connected."),
    ({}, {}, "No devices. No messages waiting."),
    ({"a": BOILER, "b": OFFLINE}, {"cloud": UP, "hub": DOWN},
     "1 of 2 devices in trouble. 3 messages waiting, oldest 1 min 30 s. cloud connected. hub not connected."),
    ({"a": {**BOILER, "state": "unknown"}}, {}, "1 of 1 device not heard of yet. No messages waiting."),
])  # fmt: skip
def test_the_first_line_is_one_sentence(
    api: Api, verb: Verb, devices: Mapping[str, Any], endpoints: Mapping[str, Any] | None, sentence: str
) -> None:
    tell(api, devices, **({} if endpoints is None else {"endpoints": endpoints}))

    assert verb("status").out.splitlines()[0] == sentence


@pytest.mark.parametrize(("devices", "status", "code"), [
    ({"a": BOILER}, {}, 0),
    ({"a": {**BOILER, "state": "unknown"}}, {}, 0),
    ({"a": DEGRADED}, {}, 5),
    ({"a": DEGRADED}, {"endpoints": {"cloud": DOWN}}, 6),
    ({"a": BOILER}, {"endpoints": {"cloud": {**UP, "outbox": {"fault": "disk full"}}}}, 6),
    ({"a": OFFLINE}, {"endpoints": {"cloud": DOWN}}, 4),
    ({"a": BOILER}, {"links": {"plc": {"state": "parked", "failures": 1}}}, 4),
    ({"a": BOILER}, {"links": {"plc": {"state": "starting", "failures": 0}}}, 0),
    ({"a": BOILER}, {"links": {"plc": {"state": "starting", "failures": 1}}, "trouble": {"links": {"plc": "no"}}}, 4),
    ({"a": BOILER}, {"endpoints": {"cloud": {**UP, "state": "starting"}}}, 0),
])  # fmt: skip
def test_the_exit_code_says_what_is_worst(
    api: Api, verb: Verb, devices: Mapping[str, Any], status: Mapping[str, Any], code: int
) -> None:
    tell(api, devices, **status)

    assert verb("status").code == code


@pytest.mark.parametrize(("to", "told"), [("second.example:8883\x1b", " to second.example:8883\\x1b"), (None, "")])
def test_where_an_endpoint_is_connected_to_is_told(api: Api, verb: Verb, to: str | None, told: str) -> None:
    connected = {"to": to, "since": "2026-11-30T22:00:07.123Z"}
    tell(api, {}, endpoints={"cloud": {**UP, "connected": connected}})

    line = f"endpoint\tcloud\tconnected{told} since 2026-11-30T22:00:07Z, 0 messages waiting\n"
    assert line in verb("status").out


def test_what_is_in_trouble_is_told_with_what_to_do(api: Api, verb: Verb) -> None:
    links = {"plc": {"state": "waiting", "failures": 2}, "bus": {"state": "up", "failures": 0}}
    trouble = {"links": {"plc": "connection refused"}, "devices": {}}
    silent = {**OFFLINE, "reason": "silent", "detail": "bytes arrive but no frame:\x1b wrong speed or framing?"}
    tell(
        api,
        {"a": OFFLINE, "b": DEGRADED, "c": BOILER, "d": silent},
        endpoints={"hub": DOWN},
        links=links,
        trouble=trouble,
    )

    lines = verb("status").out.splitlines()

    assert lines[1:7] == [
        "endpoint\thub\tnot connected (waiting: connection refused), 3 messages waiting",
        "link\tplc\twaiting: connection refused, failed 2 times",
        "link\tbus\tup",
        "device\ta\toffline, timeout",
        "device\tb\tdegraded, stale: flow",
        "device\td\toffline, silent - bytes arrive but no frame:\\x1b wrong speed or framing?",
    ]
    assert [line.partition(":")[0] for line in lines[7:]] == ["hub", "plc", "a", "b"], "a detail needs no other advice"


@pytest.mark.parametrize(("device", "advice"), [
    ({**OFFLINE, "reason": "decode-error"}, "its answers are damaged"),
    ({**DEGRADED, "reason": "decode-error"}, "are type and word order right?"),
    ({**DEGRADED, "reason": "device-error"}, "`fieldgate read` shows which point"),
    ({**DEGRADED, "reason": "device-error", "points": {}}, "the log tells why"),
])  # fmt: skip
def test_the_advice_is_one_that_helps_this_device(api: Api, verb: Verb, device: Mapping[str, Any], advice: str) -> None:
    tell(api, {"a": device})

    assert advice in verb("status").out.splitlines()[-1]


@pytest.mark.parametrize("device", [
    {**OFFLINE, "reason": "out-of-range", "detail": "it has not been heard for 10 s: is it on, and near enough?"},
    {**DEGRADED, "reason": "encrypted", "detail": "it is encrypted: give the device its key", "points": {}},
])  # fmt: skip
def test_a_device_that_says_itself_what_to_do_gets_no_advice_beside_that(
    api: Api, verb: Verb, device: Mapping[str, Any]
) -> None:
    tell(api, {"a": device})

    assert verb("status").out.splitlines()[-1].endswith(device["detail"])


def test_what_is_only_about_to_begin_is_no_trouble(api: Api, verb: Verb) -> None:
    links = {"plc": {"state": "starting", "failures": 0}}
    tell(api, endpoints={"hub": {**UP, "state": "starting"}}, links=links, trouble={"links": {"plc": None}})

    assert verb("status").out.splitlines() == [
        "The device is fine. No messages waiting. hub connecting.",
        "endpoint\thub\tconnecting (starting), 0 messages waiting",
        "link\tplc\tstarting: nothing has come from its devices yet",
    ]


def test_what_a_person_must_mend_is_told_so(api: Api, verb: Verb) -> None:
    parked = {**DOWN, "state": "parked", "fault": "not authorised"}
    tell(api, endpoints={"hub": parked})

    assert "hub: it is not tried again before this is mended" in verb("status").out


def test_at_a_terminal_it_is_the_same_in_columns(api: Api, at_terminal: Callable[..., Terminal]) -> None:
    lines = at_terminal("status").end().text.splitlines()

    assert [line.split() for line in lines[1:]] == [
        ["endpoint", "cloud", "connected,", "12", "messages", "waiting"],
        ["link", "plc", "up"],
    ]


def test_losses_a_failing_disk_and_a_wrong_clock_are_told(api: Api, verb: Verb) -> None:
    outbox = {"depth": 1, "oldest_age_s": 1.0, "lost": {"full": 5, "expired": 2}, "fault": "disk full"}
    tell(api, endpoints={"cloud": {**UP, "outbox": outbox}}, system_clock="unsynced")

    said = verb("status").out

    assert "endpoint\tcloud\tconnected, 1 message waiting, 7 lost since the start; disk full\n" in said
    assert "gateway\tmill-3\tsystem clock unsynced\n" in said


def test_a_failing_disk_is_told_while_the_far_end_is_away_too(api: Api, verb: Verb) -> None:
    outbox = {"depth": 3, "oldest_age_s": 90.0, "lost": {}, "fault": "disk full"}
    tell(api, endpoints={"hub": {**DOWN, "outbox": outbox}})

    said = verb("status").out

    assert "endpoint\thub\tnot connected (waiting: connection refused), 3 messages waiting; disk full\n" in said
    assert "hub: see to the disk soon" in said


def test_as_json_it_is_what_the_gateway_knows(api: Api, verb: Verb) -> None:
    document = verb("status", "--json").json

    assert document == {"schema": 1, "running": True, "status": STATUS, "devices": {"boiler": BOILER}}


def test_where_none_runs_that_is_said_with_how_to_start_one(api: Api, verb: Verb) -> None:
    api.path.unlink()

    told, document = verb("status"), verb("status", "--json")

    assert (told.code, told.out) == (1, "No gateway runs here.\n")
    assert f"nobody listens on {api.path}" in told.err
    assert "fieldgate run" in told.err
    assert (document.code, document.json["running"]) == (1, False)


@pytest.mark.parametrize(
    ("wished", "told"),
    [
        ({"interval_s": {"": 60.0}}, "reports each 1min"),
        ({"interval_s": {"": 60.0, "a": 5.0}}, "reports each 1min, reports of 1 device at their own intervals"),
        ({"level": "debug", "commands": True}, "log level debug"),
        ({"interval_s": {"a": 5.0, "b": 1.0}, "level": "error", "commands": False},
         "reports of 2 devices at their own intervals, log level error, no commands"),
    ],
)  # fmt: skip
def test_what_a_far_end_wishes_is_told(api: Api, verb: Verb, wished: Mapping[str, Any], told: str) -> None:
    tell(api, {"a": BOILER}, endpoints={"cloud": {**UP, "wished": wished}})

    assert verb("status").out.splitlines()[2] == f"endpoint\tcloud\tas it wishes: {told}"
