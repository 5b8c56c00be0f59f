"""Times that were stamped by a wrong clock are set right, and nothing else is touched."""

import json
from datetime import datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from gateway.endpoints.mending import mended
from gateway.endpoints.payload import Encoder, iso_ms
from gateway.model import DeviceInfo, DeviceState, DeviceStatus, Gap, Result, Sample
from tests.payload.test_payload import devices, gaps, names, results, samples, texts
from tests.support.schema import assert_envelope

WRONG_MS = 35_000
SHIFT_MS = 1_795_424_427_345
RIGHT = "2026-11-23T09:01:02.345Z"

unsynced = Encoder("mill-3", "cloud", 1763888462, synced=False)

hostile = st.sampled_from(
    [',"time":"1970-01-01T00:00:00.000Z","clock":"unsynced"', '","since":"1970', ',"first":"', "\\", '"', ',"last":"']
)


def body(payload: bytes) -> dict[str, Any]:
    decoded: dict[str, Any] = json.loads(payload)
    return decoded


def assert_only_moved(payload: bytes, kind: str, device: str, moments: tuple[str, ...] = ()) -> None:
    """By one hour, and marked; every other member is what it was."""
    shift_ms = 3_600_000
    after = mended(payload, kind, device, shift_ms)
    before = assert_envelope(payload)
    wanted = {
        name: iso_ms(milliseconds(value) + shift_ms) if name in ("time", *moments) else value
        for name, value in before.items()
    }
    assert assert_envelope(after) == {**wanted, "clock": "corrected"}
    assert len(after) == len(payload) + unsynced.growth_bytes


def milliseconds(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1000)


times = st.integers(0, 253_402_300_799_999 - 3_600_000)


@given(samples(), times)
def test_of_a_reading_only_the_time_is_moved(sample: Sample, time_ms: int) -> None:
    moved = Sample(sample.group, time_ms, sample.values, sample.bad)
    assert_only_moved(unsynced.sample(1, moved), "reading", sample.group.device)


@given(names, st.dictionaries(names, hostile | texts, max_size=4), times)
def test_no_text_that_a_device_may_send_is_taken_for_a_time(device: str, values: dict[str, str], time_ms: int) -> None:
    assert_only_moved(unsynced.reading(1, device, time_ms, {**values, "time": "x"}, {}), "reading", device)


@given(names, st.sampled_from(DeviceState), st.none() | hostile, times)
def test_of_a_devices_state_the_moment_it_began_moves_along(
    device: str, state: DeviceState, reason: str | None, time_ms: int
) -> None:
    status = DeviceStatus(device, state, time_ms, reason)
    assert_only_moved(unsynced.device_status(1, time_ms, status), "status", device, ("since",))


@given(gaps, times)
def test_of_a_gap_its_first_and_last_moment_move_along(gap: Gap, time_ms: int) -> None:
    within = structs.replace(gap, first_ms=time_ms, last_ms=time_ms, lost_session=None)
    assert_only_moved(unsynced.gap(1, time_ms, within), "gap", gap.device or "", ("first", "last"))


@given(gaps, st.integers(0, 1 << 40), times)
def test_of_a_gap_in_another_session_only_the_time_is_moved(gap: Gap, session: int, time_ms: int) -> None:
    elsewhere = structs.replace(gap, lost_session=session)
    assert_only_moved(unsynced.gap(1, time_ms, elsewhere), "gap", gap.device or "")


@given(names, hostile | texts, results, times)
def test_of_a_result_only_the_time_is_moved(device: str, command: str, result: Result, time_ms: int) -> None:
    assert_only_moved(unsynced.result(1, time_ms, device, command, result), "result", device)


@given(devices(), times)
def test_of_a_birth_only_the_time_is_moved(info: DeviceInfo, time_ms: int) -> None:
    assert_only_moved(unsynced.device_birth(1, time_ms, info), "birth", info.device)


def test_of_the_gateways_own_status_only_the_time_is_moved() -> None:
    trouble = {"links": {"plc": None, "since": "1970-01-01T00:00:35.000Z"}, "devices": {}}
    facts = {"version": "0", "outbox": {"depth": 0, "oldest_age_s": 0}, "trouble": trouble}
    assert_only_moved(unsynced.gateway_status(1, WRONG_MS, "online", facts), "status", "")


def test_a_time_is_set_right_to_the_millisecond() -> None:
    payload = unsynced.reading(1, "boiler", WRONG_MS, {"temp": 21.5}, {})
    assert body(mended(payload, "reading", "boiler", SHIFT_MS))["time"] == RIGHT


def test_an_envelope_that_is_not_marked_stays_as_it_is() -> None:
    payload = Encoder("mill-3", "cloud", 1).reading(1, "boiler", WRONG_MS, {"text": ',"clock":"unsynced"'}, {})
    assert mended(payload, "reading", "boiler", SHIFT_MS) == payload
    assert mended(b"", "status", "boiler", SHIFT_MS) == b""


def test_a_time_that_no_text_can_tell_is_the_nearest_that_one_can() -> None:
    payload = unsynced.reading(1, "boiler", WRONG_MS, {}, {})
    assert body(mended(payload, "reading", "boiler", -(10**15)))["time"] == "1970-01-01T00:00:00.000Z"
    assert body(mended(payload, "reading", "boiler", 10**15))["time"] == "9999-12-31T23:59:59.999Z"


def test_once_the_clock_is_right_nothing_is_marked() -> None:
    encoder = Encoder("mill-3", "cloud", 1, synced=False)
    encoder.reading(1, "boiler", WRONG_MS, {}, {})
    encoder.clock_is_right()
    assert "clock" not in body(encoder.reading(2, "boiler", WRONG_MS, {}, {}))
    assert "clock" not in body(encoder.gateway_status(3, WRONG_MS, "online", {}))
    assert encoder.growth_bytes == 0
