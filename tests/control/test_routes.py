"""Every path, and what it says to what it can't take."""

from typing import Any

import pytest

from gateway.adapter import Progress
from gateway.control.routes import TABLE
from gateway.model import Bad, BadReason, Result, ResultStatus
from tests.control.described import assert_body_described, assert_described
from tests.control.setup import AT_MS, COLD, FAST, Api, sample

JSON = "application/json"
AT = "2025-11-23T09:01:02.345Z"
WRITE = "/v1/devices/boiler/write"
READ = "/v1/devices/boiler/read"
RECORD = {"number": 17, "time": AT, "origin": "local", "user": "alice", "status": "done", "wire": ["0106"]}

ASKED: list[tuple[str, str, Any]] = [
    ("GET", "/v1/status", None),
    ("GET", "/v1/devices", None),
    ("GET", "/v1/devices/boiler", None),
    ("POST", "/v1/devices/boiler/read", None),
    ("POST", "/v1/devices/boiler/read", {"points": ["flow_temp"], "id": "r-1"}),
    ("POST", "/v1/devices/boiler/write", {"values": {"setpoint": 55}, "id": "w-1", "confirm": "t"}),
    ("POST", "/v1/devices/boiler/invoke", {"command": "start", "args": {"fast": True}}),
    ("POST", "/v1/gateway/ping", None),
    ("POST", "/v1/gateway/republish-birth", {"id": "b-1"}),
    ("POST", "/v1/devices/boiler/peek", {"what": "holding:100/2", "id": "p-1"}),
    ("GET", "/v1/links", None),
    ("GET", "/v1/outbox", None),
    ("GET", "/v1/audit", None),
    ("GET", "/v1/audit?device=boiler&since=2026-11-24T00:00:00Z&before=18&limit=1", None),
    ("GET", "/v1/openapi.json", None),
]
SCAN = "/v1/links/plc/scan"
STREAMS = ["/v1/samples", "/v1/samples?device=boiler", "/v1/frames", "/v1/frames?link=plc"]


def fill(api: Api) -> None:
    """Something of everything."""
    api.house.latest.put(sample(FAST, None, True, flow_temp=Bad(BadReason.OUT_OF_RANGE, 151.2)))
    damaged = {"number": 1, "detail": "this record is damaged"}
    api.house.records = [{**RECORD, "origin": "endpoint", "endpoint": "hub"}, RECORD, damaged]
    api.house.result = Result(
        ResultStatus.REJECTED,
        {"pump": True},
        {"mode": Bad(BadReason.TIMEOUT)},
        reason="policy",
        detail="not now",
        rule="devices.boiler.points.pump.writable.hours",
        confirm="token",
        found=({"address": 7},),
    )


@pytest.mark.parametrize(("method", "path", "body"), ASKED)
async def test_every_answer_is_as_described(api: Api, method: str, path: str, body: Any) -> None:
    fill(api)
    if body is not None:
        assert_body_described(method, path, body)

    reply = await api.ask(method, path, body)

    assert reply.headers["content-type"] == JSON
    assert_described(method, path, reply.status, JSON, reply.body)
    assert reply.status == 200


@pytest.mark.parametrize("path", STREAMS)
async def test_every_line_is_as_described(api: Api, path: str) -> None:
    fill(api)
    async with api.stream(path) as lines:
        if "frames" in path:
            api.house.taps["plc"][0]("rx", b"\x01\x83")
        line = await lines.next()

    assert_described("GET", path, 200, "application/jsonl", line)


async def test_every_line_of_a_scan_is_as_described(api: Api) -> None:
    fill(api)
    one = Progress(1, 3, 1.0, "unit 1", ({"unit_id": 1},), ("damaged",))
    api.house.progress = [Progress(0, 3, 1.5), one, Progress(2, 3, 0.5, "unit 2", ({"unit_id": 2},))]
    assert_body_described("POST", SCAN, {"ids": "1-10"})

    async with api.scanning(SCAN, {"ids": "1-10"}) as lines:
        told = [await lines.next() for _ in range(3)]

    for line in told:
        assert_described("POST", SCAN, 200, "application/jsonl", line)
    found = [{"unit_id": 1}, {"unit_id": 2}]
    progress = {"done": 2, "total": 3, "left_s": 0.5, "at": "unit 2", "found": found, "notes": ["damaged"]}
    assert told[0] == {"done": 0, "total": 3, "left_s": 1.5}
    assert told[1] == progress, "what is told at once is told as one"
    assert (told[2]["status"], told[2]["found"]) == ("rejected", [{"address": 7}])


def test_every_path_of_the_table_is_asked_here() -> None:
    asked = {path.partition("?")[0] for _, path, _ in ASKED} | {path.partition("?")[0] for path in STREAMS} | {SCAN}
    names = {"{device}": "boiler", "{action}": "ping", "{link}": "plc"}

    served = set()
    for path in TABLE:
        text = path.path
        for name, value in names.items():
            text = text.replace(name, value)
        served.add(text)

    assert served <= asked


WRONG: list[tuple[str, str, Any, int, str]] = [
    ("GET", "/", None, 404, "unknown-path"),
    ("GET", "/v1", None, 404, "unknown-path"),
    ("GET", "/v1/status/", None, 404, "unknown-path"),
    ("GET", "/v1//status", None, 404, "unknown-path"),
    ("GET", "/v1/devices/../status", None, 404, "unknown-path"),
    ("GET", "/v1/devices/%2e%2e", None, 404, "unknown-device"),
    ("GET", "/v1/devices/%2e%2e%2fstatus", None, 404, "unknown-path"),
    ("GET", "/v1/devices/%00", None, 404, "unknown-device"),
    ("GET", "/v1/devices/%ff", None, 404, "unknown-device"),
    ("GET", "/v1/devices/boiler%0a", None, 404, "unknown-device"),
    ("GET", "/v1/devices/" + "x" * 8_000, None, 404, "unknown-device"),
    ("GET", "/v1/devices/nobody", None, 404, "unknown-device"),
    ("POST", "/v1/devices/nobody/read", None, 404, "unknown-device"),
    ("POST", "/v1/devices/nobody/write", {"values": {"a": 1}}, 404, "unknown-device"),
    ("POST", "/v1/devices/nobody/invoke", {"command": "a"}, 404, "unknown-device"),
    ("POST", "/v1/links/nowhere/scan", {}, 404, "unknown-link"),
    ("POST", "/v1/gateway/halt", None, 404, "unknown-action"),
    ("GET", "/v1/samples?device=nobody", None, 404, "unknown-device"),
    ("GET", "/v1/frames?link=nowhere", None, 404, "unknown-link"),
    ("GET", "/v1/frames?link=radio", None, 404, "not-supported"),
    ("POST", "/v1/status", None, 405, "method"),
    ("DELETE", "/v1/devices/boiler", None, 405, "method"),
    ("GET", READ, None, 405, "method"),
    ("GET", "/v1/status?verbose=1", None, 400, "malformed"),
    ("GET", "/v1/samples?devices=boiler", None, 400, "malformed"),
    ("GET", "/v1/samples?device=boiler&device=boiler", None, 400, "malformed"),
    ("GET", "/v1/samples?device=%ff", None, 400, "malformed"),
    ("GET", "/v1/samples?device=", None, 400, "malformed"),
    ("GET", "/v1/audit?limit=0", None, 400, "malformed"),
    ("GET", "/v1/audit?limit=1001", None, 400, "malformed"),
    ("GET", "/v1/audit?limit=many", None, 400, "malformed"),
    ("GET", "/v1/audit?before=-1", None, 400, "malformed"),
    ("GET", "/v1/audit?since=yesterday", None, 400, "malformed"),
    ("GET", "/v1/audit?since=2026-11-24T00:00:00", None, 400, "malformed"),
    ("GET", "/v1/audit?" + "&".join(f"a{n}=1" for n in range(100)), None, 400, "malformed"),
    ("GET", "/v1/status", {}, 400, "malformed"),
    ("POST", READ + "?now=1", None, 400, "malformed"),
    ("POST", READ, {"points": []}, 400, "malformed"),
    ("POST", READ, {"points": "flow_temp"}, 400, "malformed"),
    ("POST", READ, {"point": ["flow_temp"]}, 400, "malformed"),
    ("POST", READ, ["flow_temp"], 400, "malformed"),
    ("POST", WRITE, None, 400, "malformed"),
    ("POST", WRITE, {"values": {}}, 400, "malformed"),
    ("POST", WRITE, {"values": {"pump": None}}, 400, "malformed"),
    ("POST", WRITE, {"values": {"pump": [1]}}, 400, "malformed"),
    ("POST", WRITE, {"values": {"pump": True}, "id": 7}, 400, "malformed"),
    ("POST", WRITE, {"values": {"pump": True}, "id": ""}, 400, "malformed"),
    ("POST", WRITE, {"values": {"pump": True}, "expires": 7}, 400, "malformed"),
    ("POST", WRITE, b'{"values":{"pump":NaN}}', 400, "malformed"),
    ("POST", WRITE, b'{"values":{"pump":1e999}}', 400, "malformed"),
    ("POST", WRITE, b'{"values":{"pump":true}} and more', 400, "malformed"),
    ("POST", WRITE, b'{"values":{"pump":"\xff"}}', 400, "malformed"),
    ("POST", WRITE, b'{"values":{"pump":"\\ud800"}}', 400, "malformed"),
    ("POST", WRITE, b"\x00" * 100, 400, "malformed"),
    ("POST", "/v1/links/plc/scan", b"[" * 60_000, 400, "malformed"),
    ("POST", "/v1/links/plc/scan", b'{"a":' * 12_000, 400, "malformed"),
    ("POST", "/v1/links/plc/scan", b'{"a":' * 30 + b"1" + b"}" * 30, 400, "malformed"),
    ("POST", "/v1/links/plc/scan", [], 400, "malformed"),
    ("POST", WRITE, b" " * 65_537, 413, "too-large"),
    ("POST", WRITE, b" " * 10 * 1024**2, 413, "too-large"),
]


@pytest.mark.parametrize("wrong", WRONG, ids=[f"{w[0]} {w[1][:40]} {str(w[2])[:40]!r}" for w in WRONG])
async def test_what_is_wrong_is_told_in_a_sentence_and_reaches_nobody(
    api: Api, wrong: tuple[str, str, Any, int, str]
) -> None:
    method, path, body, status, code = wrong
    reply = await api.ask(method, path, body)

    assert (reply.status, reply.body["error"]["code"]) == (status, code)
    assert len(reply.body["error"]["detail"].split()) > 2
    assert api.house.commands == []
    assert (await api.ask("GET", "/v1/status")).status == 200


async def test_a_body_that_says_it_is_no_json_is_not_looked_at(api: Api) -> None:
    reply = await api.ask("POST", WRITE, b'{"values":{"pump":true}}', {"content-type": "text/plain"})

    assert (reply.status, reply.body["error"]["code"]) == (415, "media-type")


async def test_an_unknown_parameter_is_answered_with_the_known_ones(api: Api) -> None:
    reply = await api.ask("GET", "/v1/audit?form=x")

    assert "device, since, before, limit" in reply.body["error"]["detail"]


async def test_a_defect_costs_its_own_request_and_is_logged(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    api.house.devices = None  # type: ignore[assignment]

    reply = await api.ask("GET", "/v1/devices")

    assert (reply.status, reply.body["error"]["code"]) == (500, "defect")
    assert "AttributeError" in caplog.text
    assert (await api.ask("GET", "/v1/status")).status == 200


async def test_a_point_shows_what_is_known_and_what_may_be_written(api: Api) -> None:
    fill(api)

    points = (await api.ask("GET", "/v1/devices/boiler")).body["points"]

    assert points == {
        "flow_temp": {
            "type": "float32",
            "kind": "float",
            "unit": "°C",
            "writable": False,
            "time": AT,
            "bad": {"reason": "out-of-range", "value": 151.2},
        },
        "pump": {"type": "bool", "kind": "bool", "unit": None, "writable": True, "time": AT, "value": True},
        "mode": {
            "type": "uint16",
            "kind": "text",
            "unit": None,
            "writable": True,
            "enum": {"0": "off", "2": "auto"},
        },
        "setpoint": {
            "type": "int16",
            "kind": "float",
            "unit": "°C",
            "writable": True,
            "min": 20.0,
            "max": 80.0,
            "confirm": True,
        },
    }


async def test_a_device_says_how_it_is_and_what_it_can_do(api: Api) -> None:
    devices = (await api.ask("GET", "/v1/devices")).body["devices"]

    assert {name: devices["cold-room"][name] for name in ("link", "address", "state", "reason", "detail", "since")} == {
        "link": "radio",
        "address": "AA:BB",
        "state": "offline",
        "reason": "no-link",
        "detail": "the radio is off",
        "since": AT,
    }
    assert devices["boiler"]["commands"] == {
        "start": {
            "description": "from cold",
            "confirm": False,
            "args": {
                "speed": {"kind": "float", "min": 0, "max": 9.5, "unit": "1/s", "description": "of the fan"},
                "note": {"kind": "text", "max_length": 8, "pattern": "[a-z]+", "default": "none"},
                "mode": {"kind": "int", "choices": [1, 2]},
            },
        },
        "purge": {"description": "", "confirm": True, "args": {}},
    }


async def test_one_device_and_all_of_them_say_the_same(api: Api) -> None:
    fill(api)
    api.house.latest.put(sample(COLD, 4.5))

    all_of_them = (await api.ask("GET", "/v1/devices")).body["devices"]

    for name, told in all_of_them.items():
        assert (await api.ask("GET", f"/v1/devices/{name}")).body == {"device": name, **told}


async def test_the_audit_is_asked_for_what_the_query_says(api: Api) -> None:
    await api.ask("GET", "/v1/audit?device=boiler&since=2025-11-23T10:01:02.345%2b01:00&before=18&limit=1")
    await api.ask("GET", "/v1/audit")

    assert api.house.queries == [{"device": "boiler", "since_ms": AT_MS, "before": 18, "limit": 1}, {"limit": 100}]


async def test_a_full_page_of_the_audit_says_where_the_next_begins(api: Api) -> None:
    api.house.records = [{**RECORD, "number": number} for number in (9, 8, 7)]

    first = (await api.ask("GET", "/v1/audit?limit=2")).body
    last = (await api.ask("GET", "/v1/audit?limit=4")).body

    assert (first["next"], last["next"]) == (8, None)


async def test_an_audit_that_cannot_be_read_says_why(api: Api) -> None:
    api.house.disk_refuses = True

    reply = await api.ask("GET", "/v1/audit")

    assert (reply.status, reply.body["error"]) == (
        503,
        {"code": "unavailable", "detail": "the audit can't be read: disk I/O error"},
    )
