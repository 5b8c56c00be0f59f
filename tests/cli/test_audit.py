"""What `fieldgate audit` shows and exports."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gateway.cli.audit.kept import kept
from gateway.outbox.disk.store import Store
from tests.cli.api import Api, Ask, Said

Verb = Callable[..., Said]


def record(number: int, **more: Any) -> dict[str, Any]:
    time = f"2026-11-24T09:00:{number:02}.000Z"
    return {"number": number, "time": time, "origin": "local", "user": "alice", "device": "boiler", **more}


WRITE = record(
    3, kind="write", asked={"setpoint": 55}, old={"setpoint": 50.0}, status="done", latency_ms=4.2, wire=["0106"]
)
READ = record(2, kind="read", asked=["flow", "pump"], status="unreachable", reason="no-link")
REFUSED = record(
    1,
    kind="write",
    asked={"pump": True},
    status="rejected",
    reason="policy",
    rule="devices.boiler.commands",
    repeated=7,
)


@pytest.fixture
def audited(api: Api) -> Api:
    api.tell("GET /v1/audit", {"records": [WRITE, READ], "next": 2}, {"records": [REFUSED], "next": None})
    return api


def queries(api: Api) -> list[dict[str, str]]:
    return [ask.query for ask in api.asked if ask.path == "/v1/audit"]


def test_the_newest_is_shown_last_with_what_was_there_before(audited: Api, verb: Verb) -> None:
    lines = [line.split("\t") for line in verb("audit").out.splitlines()]

    assert lines == [
        ["2026-11-24T09:00:01.000Z", "boiler", "alice", "write pump=true", "", "",
         "rejected, policy (rule: devices.boiler.commands), 7 times"],
        ["2026-11-24T09:00:02.000Z", "boiler", "alice", "read flow pump", "", "", "unreachable, no-link"],
        ["2026-11-24T09:00:03.000Z", "boiler", "alice", "write setpoint=55", "setpoint=50.0", "4.2", "done"],
    ]  # fmt: skip


def test_no_more_is_asked_for_than_is_wanted(audited: Api, verb: Verb) -> None:
    verb("audit", "--limit", "2", "--device", "boiler", "--since", "2026-11-24T09:00")

    wanted = {"device": "boiler", "since": "2026-11-24T09:00:00.000Z"}
    assert queries(audited) == [{**wanted, "limit": "2"}]


def test_more_than_one_answer_holds_is_asked_for_page_by_page(audited: Api, verb: Verb) -> None:
    document = verb("audit", "--limit", "1500", "--json").json

    assert queries(audited) == [{"limit": "1000"}, {"limit": "1000", "before": "2"}]
    assert document == {"schema": 1, "records": [REFUSED, READ, WRITE]}


def test_a_time_that_is_none_is_wrong_usage(audited: Api, verb: Verb) -> None:
    said = verb("audit", "--since", "yesterday")

    assert (said.code, "'yesterday' is no time" in said.err) == (2, True)


def test_nothing_commanded_is_no_error(api: Api, verb: Verb) -> None:
    api.tell("GET /v1/audit", {"records": [], "next": None})

    assert verb("audit")[:2] == (0, "")


def test_who_commanded_is_told_of_every_origin(api: Api, verb: Verb) -> None:
    there = [
        {
            "number": 2,
            "time": "t",
            "origin": "endpoint",
            "endpoint": "hub",
            "kind": "invoke",
            "asked": {"invoke": "tare"},
        },
        {"number": 1, "time": "t", "origin": "uplink-lost", "status": "done"},
    ]
    api.tell("GET /v1/audit", {"records": there, "next": None})

    assert [line.split("\t")[2] for line in verb("audit").out.splitlines()] == ["uplink-lost", "hub"]


def test_an_export_is_every_record_oldest_first(audited: Api, verb: Verb) -> None:
    said = verb("audit", "export")

    assert said.code == 0
    assert [json.loads(line) for line in said.out.splitlines()] == [REFUSED, READ, WRITE]


def test_an_export_to_a_file_as_csv_has_a_row_for_each(audited: Api, verb: Verb, tmp_path: Path) -> None:
    said = verb("audit", "export", str(tmp_path / "audit.csv"), "--format", "csv")

    found = list(csv.DictReader(io.StringIO((tmp_path / "audit.csv").read_text())))
    assert said.err == f"fieldgate: {tmp_path}/audit.csv: 3 records\n"
    assert [each["number"] for each in found] == ["1", "2", "3"]
    assert (found[2]["asked"], found[2]["wire"], found[2]["latency_ms"]) == ('{"setpoint": 55}', '["0106"]', "4.2")


def test_a_file_that_can_not_be_written_is_told(audited: Api, verb: Verb, tmp_path: Path) -> None:
    said = verb("audit", "export", str(tmp_path / "nowhere" / "audit.jsonl"))

    assert (said.code, "can't write" in said.err) == (2, True)


def test_an_option_before_the_verb_below_is_not_passed_over(audited: Api, verb: Verb) -> None:
    said = verb("audit", "--limit", "3", "export")

    assert (said.code, "options belong behind 'export'" in said.err) == (2, True)
    assert audited.asked == [] == list[Ask]()


def test_the_names_in_a_refused_command_can_not_command_the_terminal(api: Api, verb: Verb) -> None:
    hostile = record(1, kind="write", asked={"\x1b[2Jpump": True}, status="rejected", reason="unknown-point")
    api.tell("GET /v1/audit", {"records": [hostile], "next": None})

    assert verb("audit").out.split("\t")[3] == r"write \x1b[2Jpump=true"


@pytest.mark.parametrize("begun", ["=", "+", "-", "@", "\t", "\r"])
def test_no_cell_of_a_csv_is_a_formula_that_a_spreadsheet_carries_out(api: Api, verb: Verb, begun: str) -> None:
    api.tell("GET /v1/audit", {"records": [record(1, command=f"{begun}cmd|' /C calc'!A0")], "next": None})

    (row,) = csv.DictReader(io.StringIO(verb("audit", "export", "--format", "csv").out, newline=""))
    assert row["command"] == f"'{begun}cmd|' /C calc'!A0"


async def test_a_damaged_record_hides_no_other_where_no_gateway_runs(tmp_path: Path) -> None:
    store = Store(tmp_path / "local.db")
    await store.open(1_763_888_462.0)
    bodies = [b'{"time":"t","origin":"local","kind":"read","device":"d","status":"done"}', b"{\xff", b"[1]"]
    await store.write([("INSERT INTO audit (device, record) VALUES ('d', ?)", [(body,) for body in bodies])])
    await store.close(clean=True)

    found = kept(tmp_path, None, 0, None)
    assert [each.get("status") or each["detail"] for each in found] == [*2 * ["this record is damaged"], "done"]
