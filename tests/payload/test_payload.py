"""Every envelope is JSON as interface and schema say."""

import json
import math
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.endpoints.payload import Encoder, iso_ms, last_will
from gateway.model import (
    ArgumentInfo,
    Bad,
    BadReason,
    CommandInfo,
    DeviceInfo,
    DeviceState,
    DeviceStatus,
    Gap,
    GapReason,
    PointGroup,
    PointInfo,
    Result,
    ResultStatus,
    Sample,
    Value,
)
from gateway.units import parse_duration
from tests.support.schema import assert_envelope, validator

TIME_MS = 1795424462345
TIME = "2026-11-23T09:01:02.345Z"
HEAD = {"v": 1, "gateway": "mill-3", "stream": "cloud", "session": 1763888462, "seq": 4711}

encoder = Encoder("mill-3", "cloud", 1763888462)

names = st.from_regex(r"[A-Za-z0-9_-]{1,64}", fullmatch=True)
texts = st.text(st.characters(exclude_categories=["Cs"]))
floats = st.floats(allow_nan=False, allow_infinity=False)
values = st.one_of(st.booleans(), st.integers(-(2**63), 2**64 - 1), floats, texts)
times = st.integers(0, 253_402_300_799_999)
seqs = st.integers(1, 2**53)
bads = st.builds(
    Bad,
    st.sampled_from(BadReason),
    st.one_of(st.none(), values),
    st.one_of(st.none(), st.integers(-(2**31), 2**31)),
)
results = st.builds(
    Result,
    st.sampled_from(ResultStatus),
    st.dictionaries(names, values, max_size=3),
    st.dictionaries(names, bads, max_size=3),
    st.one_of(st.none(), st.just("timeout")),
    st.one_of(st.none(), texts.filter(bool)),
)
gaps = st.builds(
    Gap,
    st.sampled_from(GapReason),
    st.integers(1, 10**9),
    st.one_of(st.none(), seqs),
    st.one_of(st.none(), seqs),
    times,
    times,
    st.one_of(st.none(), names),
    st.one_of(st.none(), st.integers(0, 2**40)),
)
periods = st.integers(1, 10**9).map(lambda milliseconds: milliseconds / 1000)
labels = st.dictionaries(texts, texts, max_size=2)


arguments = st.dictionaries(
    names,
    st.builds(
        ArgumentInfo,
        st.sampled_from(["int", "float", "bool", "text"]),
        min=st.none() | floats,
        max=st.none() | floats,
        choices=st.lists(values, max_size=2).map(tuple),
        max_length=st.none() | st.integers(1, 1024),
        pattern=st.none() | st.just("[a-z]+"),
        default=st.none() | values,
        unit=st.none() | texts,
        description=texts,
    ),
    max_size=2,
)


@st.composite
def samples(draw: st.DrawFn) -> Sample:
    points = draw(st.lists(names, unique=True, max_size=6))
    bad = {name: draw(bads) for name in points if draw(st.booleans())}
    found = tuple(None if name in bad else draw(values) for name in points)
    group = PointGroup(draw(names), 1.0, tuple(points), tuple("text" for _ in points))
    return Sample(group, draw(times), found, bad)


@st.composite
def devices(draw: st.DrawFn) -> DeviceInfo:
    points = {
        name: PointInfo(
            name,
            draw(st.sampled_from(["int16", "float32", "string"])),
            "float",
            draw(st.just(0.0) | periods),
            unit=draw(st.one_of(st.none(), texts)),
            enum=draw(st.one_of(st.none(), st.dictionaries(st.integers(0, 65535) | texts, values, max_size=3))),
            range=draw(st.one_of(st.none(), st.tuples(floats, floats))),
            writable=draw(st.booleans()),
            write_min=draw(st.one_of(st.none(), floats)),
            write_max=draw(st.one_of(st.none(), floats)),
            labels=draw(labels),
        )
        for name in draw(st.lists(names, unique=True, max_size=4))
    }
    commands = draw(st.dictionaries(names, st.builds(CommandInfo, description=texts, args=arguments), max_size=2))
    every_s = draw(st.just(0.0) | periods)
    return DeviceInfo(draw(names), draw(names), draw(texts), every_s, points, (), draw(labels), commands=commands)


@given(samples(), seqs)
def test_a_sample_says_all_that_is_known_of_it(sample: Sample, seq: int) -> None:
    body = assert_envelope(encoder.sample(seq, sample))
    assert list(body)[:9] == ["v", "kind", "gateway", "stream", "session", "seq", "device", "time", "values"]
    assert (body["seq"], body["device"], body["time"]) == (seq, sample.group.device, iso_ms(sample.time_ms))
    good = {n: v for n, v in zip(sample.group.points, sample.values, strict=True) if n not in sample.bad}
    assert body["values"] == good
    assert {name: type(value) for name, value in body["values"].items()} == {n: type(v) for n, v in good.items()}
    assert ("bad" in body) == bool(sample.bad)
    assert body.get("bad", {}) == {
        name: {
            "reason": bad.reason.value,
            **({} if bad.value is None else {"value": bad.value}),
            **({} if bad.code is None else {"code": bad.code}),
        }
        for name, bad in sample.bad.items()
    }


@given(floats)
def test_a_float_comes_back_as_it_was(value: float) -> None:
    body = json.loads(encoder.reading(1, "d", TIME_MS, {"p": value}, {}))
    assert math.copysign(1, body["values"]["p"]) == math.copysign(1, value)
    assert body["values"]["p"] == value


@pytest.mark.parametrize("value", [2**63 - 1, -(2**63), 2**64 - 1, 2**53 + 1])
def test_a_64_bit_integer_stays_an_integer(value: int) -> None:
    assert b'"p":%d}' % value in encoder.reading(1, "d", TIME_MS, {"p": value}, {})


@given(times)
def test_a_time_has_milliseconds_and_is_utc(time_ms: int) -> None:
    text = iso_ms(time_ms)
    assert len(text) == len(TIME)
    parsed = datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)
    assert round((parsed - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() * 1000) == time_ms


@given(results, seqs, times, st.one_of(st.just(""), names), st.one_of(st.none(), texts))
def test_a_result_follows_the_schema(result: Result, seq: int, time_ms: int, device: str, command: str | None) -> None:
    body = assert_envelope(encoder.result(seq, time_ms, device, command, result))
    assert (body["status"], body.get("command"), body.get("device", "")) == (result.status.value, command, device)


@given(gaps, seqs, times)
def test_a_gap_follows_the_schema(gap: Gap, seq: int, time_ms: int) -> None:
    body = assert_envelope(encoder.gap(seq, time_ms, gap))
    assert (body["from"], body["to"], body["count"], body["reason"]) == (
        gap.first_seq,
        gap.last_seq,
        gap.count,
        gap.reason.value,
    )
    assert (body["first"], body["last"]) == (iso_ms(gap.first_ms), iso_ms(gap.last_ms))
    assert (body.get("device"), body.get("lost_session")) == (gap.device, gap.lost_session)


@given(devices(), seqs, times)
def test_a_birth_follows_the_schema(info: DeviceInfo, seq: int, time_ms: int) -> None:
    body = assert_envelope(encoder.device_birth(seq, time_ms, info))
    assert set(body["points"]) == set(info.points)
    assert parse_duration(body.get("every", "0s")) == pytest.approx(info.every_s, rel=1e-9)
    for name, command in info.commands.items():
        assert set(body["commands"][name].get("args", {})) == set(command.args)


@given(
    st.builds(
        DeviceStatus,
        names,
        st.sampled_from(DeviceState),
        times,
        st.sampled_from([None, "timeout"]),
        st.none() | texts.filter(bool),
    ),
    seqs,
)
def test_a_status_follows_the_schema(status: DeviceStatus, seq: int) -> None:
    body = assert_envelope(encoder.device_status(seq, TIME_MS, status))
    assert (body["state"], body["since"], body.get("reason"), body.get("detail")) == (
        status.state.value,
        iso_ms(status.since_ms),
        status.reason,
        status.detail,
    )


def test_the_example_of_a_reading() -> None:
    group = PointGroup("boiler", 1.0, ("flow_temp", "pump", "mode", "setpoint", "steam"), ("float",) * 5)
    bad = {"setpoint": Bad(BadReason.TIMEOUT), "steam": Bad(BadReason.OUT_OF_RANGE, 151.2)}
    assert encoder.sample(4711, Sample(group, TIME_MS, (71.5, True, "auto", None, None), bad)).decode() == (
        '{"v":1,"kind":"reading","gateway":"mill-3","stream":"cloud","session":1763888462,"seq":4711,"device":"boiler",'
        '"time":"2026-11-23T09:01:02.345Z",'
        '"values":{"flow_temp":71.5,"pump":true,"mode":"auto"},'
        '"bad":{"setpoint":{"reason":"timeout"},"steam":{"reason":"out-of-range","value":151.2}}}'
    )


def test_the_example_of_a_result() -> None:
    result = Result(ResultStatus.DONE, {"setpoint": 55.0})
    assert encoder.result(4712, TIME_MS, "boiler", "c-1001", result).decode() == (
        '{"v":1,"kind":"result","gateway":"mill-3","stream":"cloud","session":1763888462,"seq":4712,"device":"boiler",'
        '"time":"2026-11-23T09:01:02.345Z",'
        '"command":"c-1001","status":"done","values":{"setpoint":55.0}}'
    )


def test_the_example_of_a_will() -> None:
    will = last_will("mill-3")
    assert will == b'{"v":1,"kind":"status","gateway":"mill-3","state":"offline","reason":"connection-lost"}'
    assert_envelope(will)


def test_a_status_of_a_device_in_full() -> None:
    status = DeviceStatus("boiler", DeviceState.OFFLINE, TIME_MS - 1000, "timeout")
    assert assert_envelope(encoder.device_status(4711, TIME_MS, status)) == {
        **HEAD,
        "kind": "status",
        "device": "boiler",
        "time": TIME,
        "state": "offline",
        "reason": "timeout",
        "since": "2026-11-23T09:01:01.345Z",
    }


def test_a_birth_of_a_point_in_full() -> None:
    point = PointInfo(
        "setpoint",
        "int16",
        "float",
        1.0,
        unit="°C",
        enum={0: "off"},
        range=(0.0, 99.5),
        writable=True,
        write_min=20.0,
        write_max=80.0,
        labels={"zone": "a"},
    )
    info = DeviceInfo("boiler", "plc", "unit 1", 1.0, {"setpoint": point}, (), {"line": "3"})
    body = assert_envelope(encoder.device_birth(4711, TIME_MS, info))
    assert body["points"]["setpoint"] == {
        "type": "int16",
        "unit": "°C",
        "enum": {"0": "off"},
        "range": [0.0, 99.5],
        "writable": True,
        "limits": {"min": 20.0, "max": 80.0},
        "every": "1s",
        "labels": {"zone": "a"},
    }
    assert (body["link"], body["address"], body["labels"], body["every"]) == ("plc", "unit 1", {"line": "3"}, "1s")


def test_a_birth_of_what_a_device_sends_by_itself_and_of_its_commands_in_full() -> None:
    labels: dict[int | str, Value] = {"ST": True, "US": False, 7: False}
    stable = PointInfo("stable", "bool", "bool", 0.0, enum=labels)
    limit = CommandInfo(
        description="of the scale",
        args={
            "kg": ArgumentInfo("float", min=0, max=500, unit="kg", description="the new one"),
            "mode": ArgumentInfo("text", choices=("fast", "slow"), default="fast"),
            "note": ArgumentInfo("text", max_length=8, pattern="[a-z]*", default=""),
            "beep": ArgumentInfo("bool", default=False),
        },
    )
    info = DeviceInfo("scale", "tty", "/dev/ttyS0", 0.0, {"stable": stable}, (), commands={"limit": limit})
    body = assert_envelope(encoder.device_birth(4711, TIME_MS, info))
    assert "every" not in body
    assert body["points"]["stable"] == {"type": "bool", "enum": {"ST": True, "US": False, "7": False}}
    assert body["commands"]["limit"] == {
        "description": "of the scale",
        "args": {
            "kg": {"kind": "float", "min": 0, "max": 500, "unit": "kg", "description": "the new one"},
            "mode": {"kind": "text", "choices": ["fast", "slow"], "default": "fast"},
            "note": {"kind": "text", "max_length": 8, "pattern": "[a-z]*", "default": ""},
            "beep": {"kind": "bool", "default": False},
        },
    }


def test_a_range_that_was_never_numbered_is_null() -> None:
    gap = Gap(GapReason.OVERFLOW, 3, None, None, TIME_MS, TIME_MS)
    body = assert_envelope(encoder.gap(1, TIME_MS, gap))
    assert (body["from"], body["to"]) == (None, None)


def test_text_is_utf_8_and_not_escaped() -> None:
    assert "°C µ 温度".encode() in encoder.reading(1, "d", TIME_MS, {"p": "°C µ 温度"}, {})


WRONG: dict[str, dict[str, Any]] = {
    "another version": {"v": 2},
    "an unknown kind": {"kind": "rading"},
    "a number from before the first": {"seq": 0},
    "a time without milliseconds": {"time": "2026-11-23T09:01:02Z"},
    "a time with a zone": {"time": "2026-11-23T09:01:02.345+01:00"},
    "a value that is null": {"values": {"p": None}},
    "an empty bad": {"bad": {}},
    "a reason nobody knows": {"bad": {"p": {"reason": "tired"}}},
    "a member nobody knows": {"colour": "red"},
    "an id with a slash": {"device": "a/b"},
}


@pytest.mark.parametrize("wrong", WRONG)
def test_the_schema_refuses(wrong: str) -> None:
    good = {**HEAD, "kind": "reading", "device": "d", "time": TIME, "values": {"p": 1}}
    assert validator().is_valid(good)
    assert not validator().is_valid({**good, **WRONG[wrong]})
