"""What is too large for the far end is told in parts, or shortened, and says so."""

import json
from functools import partial
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.endpoints.payload import Format, encoder_for, envelope_in, fitting
from gateway.model import Bad, BadReason, CommandInfo, DeviceInfo, PointInfo, Result, ResultStatus
from tests.support.examples import examples
from tests.support.schema import assert_envelope

NO_LIMIT = 1 << 62
FORMATS: list[Format] = ["fieldgate", "cloudevents"]
ENCODERS = {form: encoder_for(form, "gw", "cloud", 1) for form in FORMATS}

formats = st.sampled_from(FORMATS)


def device(points: int, commands: int) -> DeviceInfo:
    return DeviceInfo(
        "boiler",
        "plc",
        "unit 1",
        1.0,
        {f"p{n}": PointInfo(f"p{n}", "int16", "int", 1.0, unit="°C") for n in range(points)},
        (),
        {"line": "3"},
        commands={f"c{n}": CommandInfo(description="of some use") for n in range(commands)},
    )


def bodies(payloads: list[bytes]) -> list[dict[str, Any]]:
    return [assert_envelope(envelope_in(payload)) for payload in payloads]


@settings(max_examples=examples(30))
@given(formats, st.integers(0, 30), st.integers(0, 5), st.integers(500, 4000))
def test_the_parts_of_a_birth_fit_and_together_are_the_whole(
    form: Format, points: int, commands: int, limit: int
) -> None:
    info = device(points, commands)
    payloads = fitting.device_births(ENCODERS[form], 7, 0, info, limit)
    (whole,) = bodies(fitting.device_births(ENCODERS[form], 7, 0, info, NO_LIMIT))
    parts = bodies(payloads)

    assert max(map(len, payloads)) <= limit
    assert [part["seq"] for part in parts] == list(range(7, 7 + len(parts)))
    if len(parts) == 1:
        assert parts == [whole]
        return
    assert [(part["part"], part["parts"]) for part in parts] == [(n + 1, len(parts)) for n in range(len(parts))]
    grows = {"seq", "part", "parts", "points", "commands"}
    rest = {name: value for name, value in whole.items() if name not in grows}
    assert all({name: value for name, value in part.items() if name not in grows} == rest for part in parts)
    assert [item for part in parts for item in part["points"].items()] == list(whole["points"].items())
    assert [item for part in parts for item in part.get("commands", {}).items()] == list(
        whole.get("commands", {}).items()
    )


@pytest.mark.parametrize("form", FORMATS)
def test_a_birth_that_fits_exactly_is_whole_and_one_byte_less_parts_it(form: Format) -> None:
    (whole,) = fitting.device_births(ENCODERS[form], 7, 0, device(9, 0), NO_LIMIT)
    assert fitting.device_births(ENCODERS[form], 7, 0, device(9, 0), len(whole)) == [whole]
    assert len(fitting.device_births(ENCODERS[form], 7, 0, device(9, 0), len(whole) - 1)) == 2


def test_a_single_point_that_does_not_fit_is_told_all_the_same() -> None:
    assert len(fitting.device_births(ENCODERS["fieldgate"], 1, 0, device(1, 0), 10)) == 1
    assert len(fitting.device_births(ENCODERS["fieldgate"], 1, 0, device(2, 0), 10)) == 2


@settings(max_examples=examples(30))
@given(formats, st.integers(1, 60), st.integers(500, 1500))
def test_the_gateways_birth_is_parted_by_its_devices(form: Format, count: int, limit: int) -> None:
    previous = {"session": 1, "clean": True}
    facts = {"version": "1", "config": "ab", "devices": [f"device-{n}" for n in range(count)], "previous": previous}
    payloads = fitting.gateway_births(ENCODERS[form], 1, 0, facts, limit)
    parts = bodies(payloads)

    assert max(map(len, payloads)) <= limit
    assert [name for part in parts for name in part["devices"]] == facts["devices"]
    assert all(part.get("parts", 1) == len(parts) for part in parts)
    assert {part["config"] for part in parts} == {"ab"}


def status(links: int, troubled: int) -> dict[str, Any]:
    return {
        "version": "1",
        "outbox": {"depth": 1, "oldest_age_s": 0.5},
        "links": {f"link-{n}": {"state": "up", "failures": n} for n in range(links)},
        "trouble": {
            "links": {f"link-{n}": "no answer" for n in range(troubled)},
            "devices": {f"device-{n}": "no-link" for n in range(troubled)},
        },
    }


@settings(max_examples=examples(30))
@given(formats, st.integers(0, 30), st.integers(0, 30), st.integers(500, 3000))
def test_the_gateways_status_leaves_out_what_does_not_fit_and_counts_those_in_trouble(
    form: Format, links: int, troubled: int, limit: int
) -> None:
    facts = status(links, troubled)
    payload = fitting.status(partial(ENCODERS[form].gateway_status, 1, 0, "online"), facts, limit)
    (body,) = bodies([payload])

    assert len(payload) <= limit
    assert body.get("links", facts["links"]) == facts["links"]
    named = {**body["trouble"]["links"], **body["trouble"]["devices"]}
    assert len(named) + body["trouble"].get("unnamed", 0) == 2 * troubled
    assert body["outbox"] == facts["outbox"]
    if "unnamed" in body["trouble"]:
        assert "links" not in body
        whole = ENCODERS[form].gateway_status(1, 0, "online", {**facts, "links": {}})
        assert len(whole) > limit - len('"links":{},')


def test_a_status_for_which_there_is_no_room_at_all_is_said_all_the_same() -> None:
    body = json.loads(fitting.status(partial(ENCODERS["fieldgate"].gateway_status, 1, 0, "online"), status(2, 3), 10))
    assert body["trouble"] == {"links": {}, "devices": {}, "unnamed": 6}


@pytest.mark.parametrize("form", FORMATS)
def test_a_result_that_is_too_large_says_how_it_ended_and_that_its_values_are_left_out(form: Format) -> None:
    values = {f"p{n}": "x" * 50 for n in range(50)}
    bad = {"q": Bad(BadReason.TIMEOUT)}
    whole = Result(ResultStatus.DONE, values, bad, found=({"unit": 1},), rule="r")
    size = len(fitting.result(partial(ENCODERS[form].result, 1, 0, "d", "c-1"), whole, NO_LIMIT))

    (fits, short) = bodies(
        [fitting.result(partial(ENCODERS[form].result, 1, 0, "d", "c-1"), whole, limit) for limit in (size, size - 1)]
    )

    assert fits["values"] == values
    left = {name: value for name, value in fits.items() if name not in {"values", "bad", "found"}}
    detail = f"left out: the whole result has {size} bytes, and the far end takes {size - 1}"
    assert short == {**left, "reason": "too-large", "detail": detail}


def test_why_a_command_failed_is_kept_where_its_result_is_too_large() -> None:
    whole = Result(ResultStatus.FAILED, {"p": "x" * 900}, reason="device-error", detail="x" * 50)
    body = json.loads(fitting.result(partial(ENCODERS["fieldgate"].result, 1, 0, "d", "c-1"), whole, 600))
    assert (body["status"], body["reason"], "values" in body) == ("failed", "device-error", False)
