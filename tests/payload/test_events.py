"""Every CloudEvent is the envelope with attributes around it, and none of them says anything else."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.endpoints.mending import mended
from gateway.endpoints.payload import (
    BATCH_TYPE,
    EVENT_TYPE,
    JSON_TYPE,
    Encoder,
    content_type_of,
    encoder_for,
    envelope_in,
    is_event,
    last_will,
)
from gateway.model import Bad, BadReason, DeviceInfo, DeviceState, DeviceStatus, Gap, Sample, Value
from tests.payload.test_payload import TIME, TIME_MS, bads, devices, gaps, names, results, samples, seqs, texts, values

SESSION = 1763888462
FACTS = {"version": "0", "outbox": {"depth": 0, "oldest_age_s": 0}, "trouble": {"links": {}, "devices": {}}}

OWN = {"version": "0", "config": "ab", "devices": ["d"], "previous": {"session": 1, "clean": True}}

Write = Callable[[Encoder], bytes]
Device = str

plain = encoder_for("fieldgate", "mill-3", "cloud", SESSION)
events = encoder_for("cloudevents", "mill-3", "cloud", SESSION)
plain_unsynced = encoder_for("fieldgate", "mill-3", "cloud", SESSION, synced=False)
events_unsynced = encoder_for("cloudevents", "mill-3", "cloud", SESSION, synced=False)

hostile = st.sampled_from(
    ['"', "\\", ',"data":{', ',"time":"1970-01-01T00:00:00.000Z"', "a\u0001b", "\x7f", "日本", "a b"]
)
addressed = names | st.just("") | hostile | texts
"""What a command may have named as its device."""


def said(kind: str, device: Device, write: Write) -> tuple[str, Device, Write]:
    return kind, device, write


@st.composite
def anything(draw: st.DrawFn) -> tuple[str, Device, Write]:
    """Any kind of message: its kind, its device, and how either encoder writes it."""
    seq, time_ms = draw(seqs), draw(st.integers(0, 253_402_300_799_999 - 3_600_000))
    kind = draw(st.sampled_from(["sample", "reading", "device", "gateway", "birth", "own birth", "result", "gap"]))
    if kind == "sample":
        sample: Sample = draw(samples())
        return said("reading", sample.group.device, lambda e: e.sample(seq, sample))
    if kind == "reading":
        device, found = draw(names), draw(st.dictionaries(names, values | hostile, max_size=3))
        bad = draw(st.dictionaries(names, bads, max_size=2))
        return said("reading", device, lambda e: e.reading(seq, device, time_ms, found, bad))
    if kind == "device":
        reason = draw(st.none() | hostile)
        status = DeviceStatus(draw(names), draw(st.sampled_from(DeviceState)), time_ms, reason)
        return said("status", status.device, lambda e: e.device_status(seq, time_ms, status))
    if kind == "gateway":
        return said("status", "", lambda e: e.gateway_status(seq, time_ms, "online", FACTS))
    if kind == "birth":
        info: DeviceInfo = draw(devices())
        return said("birth", info.device, lambda e: e.device_birth(seq, time_ms, info))
    if kind == "own birth":
        return said("birth", "", lambda e: e.gateway_birth(seq, time_ms, OWN))
    if kind == "result":
        asked: Device = draw(addressed)
        command, result = draw(st.none() | texts), draw(results)
        return said("result", asked, lambda e: e.result(seq, time_ms, asked, command, result))
    gap: Gap = draw(gaps)
    return said("gap", gap.device or "", lambda e: e.gap(seq, time_ms, gap))


def parsed(event: bytes) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(event)
    return body


@given(anything())
def test_the_data_of_an_event_is_the_envelope_byte_for_byte(what: tuple[str, Device, Write]) -> None:
    _, _, write = what
    assert envelope_in(write(events)) == write(plain)
    assert envelope_in(write(plain)) == write(plain)
    assert is_event(write(events))
    assert not is_event(write(plain))


@given(anything())
def test_the_attributes_of_an_event_say_what_its_envelope_says(what: tuple[str, Device, Write]) -> None:
    kind, device, write = what
    event = parsed(write(events))
    data = event.pop("data")
    subject = event.pop("subject", None)
    assert event == {
        "specversion": "1.0",
        "id": f"{data['session']}-{data['seq']}",
        "source": "/fieldgate/mill-3/cloud",
        "type": f"io.fieldgate.{kind}.v1",
        "time": data["time"],
        "datacontenttype": "application/json",
    }
    assert subject in (device or None, None)
    assert (subject is not None) == (device != "" and set(device) <= ID_CHARACTERS and len(device) <= 64)


ID_CHARACTERS = set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-")


@given(anything())
def test_an_event_is_mended_as_its_envelope_is(what: tuple[str, Device, Write]) -> None:
    kind, device, write = what
    before, after = write(events_unsynced), mended(write(events_unsynced), kind, device, 3_600_000)
    assert envelope_in(after) == mended(write(plain_unsynced), kind, device, 3_600_000)
    assert len(after) == len(before) + events_unsynced.growth_bytes
    event = parsed(after)
    assert event["time"] == event["data"]["time"]
    assert {**event, "time": 0, "data": 0} == {**parsed(before), "time": 0, "data": 0}


@given(anything())
def test_an_event_that_is_not_marked_stays_as_it_is(what: tuple[str, Device, Write]) -> None:
    kind, device, write = what
    assert mended(write(events), kind, device, 3_600_000) == write(events)


@given(st.lists(st.tuples(st.integers(0, 2**34), seqs), unique=True, min_size=2, max_size=20))
def test_no_two_events_have_the_same_id(identities: list[tuple[int, int]]) -> None:
    written = [
        encoder_for("cloudevents", "g", "c", session).reading(seq, "d", 0, {}, {}) for session, seq in identities
    ]
    assert len({parsed(event)["id"] for event in written}) == len(identities)


def test_the_example_of_an_event() -> None:
    bad: dict[str, Bad] = {"setpoint": Bad(BadReason.TIMEOUT)}
    values: dict[str, Value] = {"flow_temp": 71.5}
    envelope = (
        '{"v":1,"kind":"reading","gateway":"mill-3","stream":"cloud","session":1763888462,"seq":4711,"device":"boiler",'
        '"time":"2026-11-23T09:01:02.345Z","values":{"flow_temp":71.5},"bad":{"setpoint":{"reason":"timeout"}}}'
    )
    assert events.reading(4711, "boiler", TIME_MS, values, bad).decode() == (
        '{"specversion":"1.0","id":"1763888462-4711","source":"/fieldgate/mill-3/cloud",'
        '"type":"io.fieldgate.reading.v1","subject":"boiler","time":"2026-11-23T09:01:02.345Z",'
        f'"datacontenttype":"application/json","data":{envelope}}}'
    )


def test_the_example_of_an_event_that_is_a_will() -> None:
    event = parsed(last_will("mill-3", "cloudevents", "7"))
    assert event == {
        "specversion": "1.0",
        "id": "will-7",
        "source": "/fieldgate/mill-3",
        "type": "io.fieldgate.status.v1",
        "datacontenttype": "application/json",
        "data": parsed(last_will("mill-3")),
    }
    assert last_will("mill-3", "cloudevents", "8") != last_will("mill-3", "cloudevents", "7")


def test_once_the_clock_is_right_no_event_is_marked() -> None:
    encoder = encoder_for("cloudevents", "mill-3", "cloud", 1, synced=False)
    assert parsed(encoder.reading(1, "boiler", TIME_MS, {}, {}))["data"]["clock"] == "unsynced"
    encoder.clock_is_right()
    event = parsed(encoder.reading(2, "boiler", TIME_MS, {}, {}))
    assert "clock" not in event["data"]
    assert event["time"] == TIME
    assert encoder.growth_bytes == 0


@pytest.mark.parametrize(
    ("payload", "is_what"),
    [
        (plain.reading(1, "d", 0, {}, {}), JSON_TYPE),
        (b"[%b]" % plain.reading(1, "d", 0, {}, {}), JSON_TYPE),
        (events.reading(1, "d", 0, {}, {}), EVENT_TYPE),
        (b"[%b]" % events.reading(1, "d", 0, {}, {}), BATCH_TYPE),
        (last_will("mill-3"), JSON_TYPE),
        (last_will("mill-3", "cloudevents", "1"), EVENT_TYPE),
        (b"", JSON_TYPE),
    ],
)
def test_a_payload_is_called_what_it_is(payload: bytes, is_what: str) -> None:
    assert content_type_of(payload) == is_what
