"""What an endpoint does not want never enters its outbox."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from gateway import plugins
from gateway.config import Site, load
from gateway.config.choices import chosen_points
from gateway.config.models import DEVICE_KINDS, EndpointConfig
from gateway.devices import View, describe, view_of
from gateway.endpoints.payload import Encoder
from gateway.intake import Intake
from gateway.model import Bad, BadReason, DeviceState, DeviceStatus, Gap, GapReason, PointGroup, Sample
from gateway.report import ReportFilter
from tests.outbox.setup import Rig, opened

GAP = Gap(GapReason.FULL, 1, 1, 1, 0, 0)


def site(folder: Path, cloud: Mapping[str, Any], **more: Any) -> Site:
    """Two devices, of which one has two points."""
    points = {"flow": {"type": "int16", "address": 1}, "back": {"type": "int16", "address": 2}}
    content = {
        "version": 1,
        "gateway": {"id": "gw"},
        "endpoints": {"cloud": {"type": "mqtt", "url": "mqtt://b", **cloud}},
        "links": {"plc": {"adapter": "modbus", "host": "h"}},
        "devices": {
            "boiler": {"link": "plc", "points": points, "report": {"heartbeat": "5s"}},
            "meter": {"link": "plc", "unit_id": 2, "points": {"flow": {"type": "int16", "address": 1}}},
        },
        **more,
    }
    path = folder / "gateway.yaml"
    path.write_text(yaml.dump(content, sort_keys=False))
    return load(path, plugins.catalog(), {})


def view(folder: Path, cloud: Mapping[str, Any], **more: Any) -> View:
    wanted = site(folder, cloud, **more)
    return view_of(wanted, describe(wanted), wanted.endpoints["cloud"].config)


def door(rig: Rig, seen: View) -> Intake:
    return Intake(
        outbox=rig.outbox,
        encoder=Encoder("gw", "cloud", rig.outbox.session),
        report=ReportFilter(seen.rule_of, lambda: 0.0),
        devices=seen.devices,
        kinds=seen.kinds,
        status_facts=dict,
        birth_facts=lambda: {"devices": list(seen.devices)},
        now_ms=lambda: 42,
    )


def polled(device: str, *points: str, bad: Mapping[str, Bad] | None = None) -> Sample:
    values = tuple(None if bad and point in bad else 1 for point in points)
    return Sample(PointGroup(device, 10.0, points, tuple("int" for _ in points)), 42, values, bad or {})


def live(intake: Intake) -> None:
    """Everything that can happen, once."""
    intake.announce()
    intake.sample(polled("boiler", "flow", "back"))
    intake.sample(polled("meter", "flow"))
    for device in ("boiler", "meter"):
        intake.device_status(DeviceStatus(device, DeviceState.ONLINE, 42))
    intake.gap(GAP)


def staged(rig: Rig) -> list[dict[str, Any]]:
    told: list[dict[str, Any]] = [json.loads(entry.payload) for entry in rig.ready]
    assert [each["seq"] for each in told] == list(range(1, len(told) + 1)), "what is left out has no number"
    return told


def kinds(told: list[dict[str, Any]]) -> set[tuple[str, str | None]]:
    return {(each["kind"], each.get("device")) for each in told}


GATEWAYS = {("status", None), ("birth", None)}
OF_BOTH: dict[str, set[tuple[str, str | None]]] = {
    "readings": {("reading", "boiler"), ("reading", "meter"), ("gap", None)},
    "statuses": {("status", "boiler"), ("status", "meter")},
    "births": {("birth", "boiler"), ("birth", "meter")},
    "results": set(),
}


@pytest.mark.parametrize(
    "only", [["readings"], ["statuses"], ["births"], ["results"], ["births", "readings"], [*DEVICE_KINDS]]
)
async def test_only_what_is_named_goes_there_beside_what_the_gateway_says_of_itself(
    tmp_path: Path, only: list[str]
) -> None:
    async with opened(tmp_path / "outbox.db") as rig:
        intake = door(rig, view(tmp_path, {"only": only}))
        live(intake)
        assert kinds(staged(rig)) == GATEWAYS.union(*(OF_BOTH[name] for name in only))
        assert {name for name in DEVICE_KINDS if intake.takes(name, "boiler")} == set(only)


async def test_of_devices_that_are_not_named_nothing_goes_there(tmp_path: Path) -> None:
    async with opened(tmp_path / "outbox.db") as rig:
        intake = door(rig, view(tmp_path, {"devices": ["meter"]}))
        live(intake)
        told = staged(rig)
        assert {device for _, device in kinds(told)} == {None, "meter"}
        assert [each["devices"] for each in told if "devices" in each] == [["meter"]]
        assert not intake.takes("results", "boiler")


async def test_only_the_chosen_points_are_in_readings_and_births(tmp_path: Path) -> None:
    async with opened(tmp_path / "outbox.db") as rig:
        live(door(rig, view(tmp_path, {"points": ["boiler.b*"]})))
        told = staged(rig)
        assert [each["values"] for each in told if each["kind"] == "reading"] == [{"back": 1}]
        births = {each["device"]: list(each["points"]) for each in told if each["kind"] == "birth" and "device" in each}
        assert births == {"boiler": ["back"], "meter": []}
        assert ("status", "meter") in kinds(told), "who is told of is said by devices alone"


async def test_a_sample_of_which_all_is_wanted_is_not_taken_apart(tmp_path: Path) -> None:
    seen = view(tmp_path, {"points": ["*o*"], "devices": ["meter", "boiler"]})
    whole, part = polled("meter", "flow"), polled("boiler", "flow", "back")
    filters = ReportFilter(seen.rule_of, lambda: 0.0)
    assert filters.select(whole) is whole
    assert filters.select(part) == ({"flow": 1}, {})
    assert filters.select(polled("boiler", "back")) is None


def test_what_is_bad_is_chosen_alike(tmp_path: Path) -> None:
    filters = ReportFilter(view(tmp_path, {"points": ["flow"]}).rule_of, lambda: 0.0)
    bad = dict.fromkeys(("flow", "back"), Bad(BadReason.TIMEOUT))
    assert filters.select(polled("boiler", "flow", "back", bad=bad)) == ({}, {"flow": Bad(BadReason.TIMEOUT)})


def test_a_wish_brings_nothing_that_is_not_chosen(tmp_path: Path) -> None:
    filters = ReportFilter(view(tmp_path, {"points": ["flow"]}).rule_of, lambda: 0.0)
    filters.wish({"": 10.0, "boiler": 0.0})
    assert filters.select(polled("boiler", "flow", "back")) == ({"flow": 1}, {})


def test_the_endpoints_report_settings_go_before_all_others_one_by_one(tmp_path: Path) -> None:
    cloud = {"report": {"on_change": True, "interval": "1min"}}
    rule = view(tmp_path, cloud, report={"interval": "5s", "deadband": 2}).rule_of("boiler", "flow")
    assert rule == (True, 2.0, False, 5.0, 60.0)


NAMES = st.text("abA-_1", min_size=1, max_size=6)
PARTS = st.text("abA-_1*", min_size=1, max_size=6)


@given(st.lists(st.tuples(st.none() | PARTS, PARTS), min_size=1, max_size=4), NAMES, st.lists(NAMES, max_size=6))
def test_a_star_stands_for_any_text_and_nothing_else_does(
    patterns: list[tuple[str | None, str]], device: str, points: list[str]
) -> None:
    written = [point if owner is None else f"{owner}.{point}" for owner, point in patterns]
    endpoint = EndpointConfig.model_validate({"type": "x", "points": written})

    def fits(point: str) -> bool:
        return any((owner is None or _fits(owner, device)) and _fits(wanted, point) for owner, wanted in patterns)

    assert chosen_points(endpoint, device, points) == [point for point in points if fits(point)]


def _fits(pattern: str, text: str) -> bool:
    """As slow as it is plain."""
    if not pattern:
        return not text
    if pattern[0] == "*":
        return _fits(pattern[1:], text) or (bool(text) and _fits(pattern, text[1:]))
    return text[:1] == pattern[0] and _fits(pattern[1:], text[1:])


def test_stars_cost_no_more_for_being_many() -> None:
    endpoint = EndpointConfig.model_validate({"type": "x", "points": ["*a" * 32]})
    assert chosen_points(endpoint, "d", ["a" * 31 + "b" * 33]) == []
