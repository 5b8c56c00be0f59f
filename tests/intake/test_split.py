"""What is too large for the far end is split by points at the door."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from gateway.endpoints.payload import Encoder, Format, encoder_for, envelope_in
from gateway.intake import Intake
from gateway.model import Bad, BadReason, Kind, PointGroup, Sample
from gateway.report import ReportFilter, Rule
from tests.outbox.setup import Rig, opened

TIME_MS = 1_763_888_462_345
POINTS = tuple(f"point{number:02}" for number in range(40))


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    async with opened(tmp_path / "outbox.db") as rig:
        yield rig


def intake(rig: Rig, *, on_change: bool = False, form: Format = "fieldgate") -> Intake:
    rule = Rule(on_change=on_change, deadband=0.0, relative=False, heartbeat_s=600.0)
    return Intake(
        outbox=rig.outbox,
        encoder=encoder_for(form, "gw", "cloud", rig.outbox.session),
        report=ReportFilter(lambda *_: rule, lambda: 0.0),
        devices={},
        status_facts=dict,
        birth_facts=dict,
        now_ms=lambda: TIME_MS,
    )


def sample(points: tuple[str, ...] = POINTS, text: str = "x") -> Sample:
    """Every third point is bad."""
    kinds: list[Kind] = ["text"] * len(points)
    group = PointGroup("d", 1.0, points, tuple(kinds))
    bad = {point: Bad(BadReason.TIMEOUT) for point in points[::3]}
    values = tuple(None if point in bad else f"{point} {text}" for point in points)
    return Sample(group, TIME_MS, values, bad)


def staged(rig: Rig) -> list[dict[str, Any]]:
    bodies = [json.loads(envelope_in(entry.payload)) for entry in rig.ready]
    assert [body["seq"] for body in bodies] == [entry.seq for entry in rig.ready]
    return bodies


@pytest.mark.parametrize("form", ["fieldgate", "cloudevents"])
@pytest.mark.parametrize("on_change", [False, True])
@pytest.mark.parametrize("limit", [500, 1000])
async def test_each_part_fits_and_together_they_are_the_whole(
    rig: Rig, limit: int, on_change: bool, form: Format
) -> None:
    rig.outbox.max_payload = limit
    intake(rig, on_change=on_change, form=form).sample(sample())
    parts = staged(rig)
    assert len(parts) > 1
    assert all(len(entry.payload) <= limit for entry in rig.ready)
    assert [part["seq"] for part in parts] == list(range(1, len(parts) + 1))
    assert len({part["time"] for part in parts}) == 1
    whole = sample()
    values = {name: value for part in parts for name, value in part["values"].items()}
    assert values == {n: v for n, v in zip(POINTS, whole.values, strict=True) if v is not None}
    assert {name for part in parts for name in part.get("bad", {})} == set(whole.bad)
    points = [name for part in parts for name in (*part["values"], *part.get("bad", {}))]
    assert len(points) == len(set(points))
    assert all(part["values"] or part["bad"] for part in parts)


async def test_a_single_point_is_never_split(rig: Rig) -> None:
    rig.outbox.max_payload = 100
    intake(rig).sample(sample(("point01",), "x" * 200))
    intake(rig).sample(sample(("point00", "point01"), "x" * 200))
    told = [list(part["values"]) or list(part["bad"]) for part in staged(rig)]
    assert told == [["point01"], ["point01"], ["point00"]], "good ones first"


@pytest.mark.parametrize("form", ["fieldgate", "cloudevents"])
async def test_what_is_around_an_envelope_counts_and_one_byte_decides(rig: Rig, form: Format) -> None:
    door = intake(rig, form=form)
    door.sample(sample())
    rig.outbox.max_payload = len(rig.ready[0].payload)
    door.sample(sample())
    rig.outbox.max_payload -= 1
    door.sample(sample())
    assert len(rig.ready) == 1 + 1 + 2


async def test_a_point_too_large_for_any_message_goes_alone_and_takes_no_other_along(rig: Rig) -> None:
    rig.outbox.max_payload = 64_000
    values = (1, 2, "x" * 100_000, 4)
    group = PointGroup("d", 1.0, ("a", "b", "blob", "c"), ("int", "int", "text", "int"))
    intake(rig, form="cloudevents").sample(Sample(group, TIME_MS, values))
    assert [list(part["values"]) for part in staged(rig)] == [["a", "b"], ["blob"], ["c"]]
    assert [len(entry.payload) <= 64_000 for entry in rig.ready] == [True, False, True]


async def test_before_the_far_end_has_said_what_it_takes_nothing_is_split(rig: Rig) -> None:
    intake(rig).sample(sample(text="x" * 100_000))
    assert len(rig.ready) == 1


async def test_while_the_clock_is_wrong_room_is_left_for_setting_the_time_right(rig: Rig) -> None:
    door = intake(rig)
    door._encoder = Encoder("gw", "cloud", rig.outbox.session, synced=False)
    door.sample(sample())
    whole = len(rig.ready[0].payload)
    rig.outbox.max_payload = whole
    door.sample(sample())
    rig.outbox.max_payload = whole + 1
    door.sample(sample())
    assert len(rig.ready) == 1 + 2 + 1


async def test_what_a_sample_does_not_tell_is_in_no_part(rig: Rig) -> None:
    rig.outbox.max_payload = 300
    whole = sample()
    untold = set(POINTS[::2])
    values = tuple(None if n in untold else v for n, v in zip(POINTS, whole.values, strict=True))
    bad = {name: why for name, why in whole.bad.items() if name not in untold}
    intake(rig).sample(Sample(whole.group, TIME_MS, values, bad, partial=True))
    parts = staged(rig)
    assert len(parts) > 1
    told = [name for part in parts for name in (*part["values"], *part.get("bad", {}))]
    assert sorted(told) == sorted(set(POINTS) - untold)
