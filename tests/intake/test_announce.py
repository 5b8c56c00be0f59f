"""What is told first on every connection."""

import json
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from gateway.endpoints.payload import Encoder
from gateway.intake import Intake
from gateway.model import DeviceInfo, DeviceState, DeviceStatus, PointInfo, Result, ResultStatus
from gateway.report import ReportFilter, resolve
from tests.outbox.setup import Rig, opened

DEVICES = {name: DeviceInfo(name, "plc", "unit 1", 1.0, {}, ()) for name in ("boiler", "meter")}
POINTS = {f"point-{n:02}": PointInfo(f"point-{n:02}", "int16", "int", 1.0, unit="°C") for n in range(40)}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "outbox.db"


def door(rig: Rig) -> Intake:
    return Intake(
        outbox=rig.outbox,
        encoder=Encoder("gw", "cloud", rig.outbox.session),
        report=ReportFilter(lambda *_: resolve(), lambda: 0.0),
        devices=DEVICES,
        status_facts=lambda: {"version": "0", "outbox": {}, "trouble": {}},
        birth_facts=dict,
        now_ms=lambda: 42,
    )


def announced(intake: Intake) -> list[dict[str, Any]]:
    return [json.loads(entry.payload) for entry in intake.announce()]


async def test_the_gateway_comes_first_then_births_then_states(path: Path) -> None:
    async with opened(path) as rig:
        told = announced(door(rig))
        assert [(each["kind"], each.get("device")) for each in told] == [
            ("status", None),
            ("birth", None),
            ("birth", "boiler"),
            ("birth", "meter"),
            ("status", "boiler"),
            ("status", "meter"),
        ]


async def test_a_device_that_never_answered_is_unknown_and_any_other_what_it_was_last(path: Path) -> None:
    async with opened(path) as rig:
        intake = door(rig)
        intake.device_status(DeviceStatus("meter", DeviceState.ONLINE, 41))
        states = {
            each["device"]: each["state"] for each in announced(intake) if each["kind"] == "status" and "device" in each
        }
        assert states == {"boiler": "unknown", "meter": "online"}


async def test_births_and_states_keep_their_identity_on_the_next_connection(path: Path) -> None:
    async with opened(path) as rig:
        intake = door(rig)
        first, second = announced(intake), announced(intake)
        assert first[1:] == second[1:]
        assert first[0]["seq"] != second[0]["seq"]


async def test_a_device_that_never_answered_is_unknown_since_the_true_time_of_the_start(path: Path) -> None:
    async with opened(path) as rig:
        intake = door(rig)
        intake.clock_is_right(moved_ms=1000)
        since = {each["since"] for each in announced(intake) if "since" in each}
        assert since == {"1970-01-01T00:00:01.042Z"}


async def test_what_the_far_end_does_not_take_whole_is_told_in_parts_and_so_once_more_if_it_takes_less(
    path: Path,
) -> None:
    async with opened(path) as rig:
        intake = door(rig)
        intake._devices = {"boiler": structs.replace(DEVICES["boiler"], points=POINTS)}
        whole = intake.announce()
        assert [each.seq for each in intake.announce()[1:]] == [each.seq for each in whole[1:]], "it takes all"

        rig.outbox.max_payload = 1000
        parts = intake.announce()
        births = [json.loads(each.payload) for each in parts if each.kind == "birth"]
        assert all(len(each.payload) <= 1000 for each in parts)
        assert [birth.get("part") for birth in births] == [None, 1, 2, 3, 4]
        assert [name for birth in births[1:] for name in birth["points"]] == list(POINTS)
        assert [birth["seq"] for birth in births] == [each.seq for each in parts if each.kind == "birth"]
        assert [each.seq for each in intake.announce()[1:]] == [each.seq for each in parts[1:]], "as it was told before"


async def test_a_birth_that_can_not_be_parted_is_not_written_anew_on_each_connection(path: Path) -> None:
    async with opened(path) as rig:
        intake = door(rig)
        rig.outbox.max_payload = 10
        assert [each.seq for each in intake.announce()[1:]] == [each.seq for each in intake.announce()[1:]]


async def test_a_result_that_the_far_end_does_not_take_is_told_without_its_values(path: Path) -> None:
    async with opened(path) as rig:
        rig.outbox.max_payload = 1000
        entry = door(rig).result("boiler", "c-1", Result(ResultStatus.DONE, {"text": "x" * 1000}))
        assert len(entry.payload) <= 1000
        body = json.loads(entry.payload)
        assert (body["command"], body["status"], body["reason"]) == ("c-1", "done", "too-large")
        assert "values" not in body
