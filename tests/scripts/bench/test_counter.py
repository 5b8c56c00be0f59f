import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.bench.counter import Readings, packets
from scripts.bench.signals import frame_of

FRAME = frame_of("uint16")
READING = b"bench/bench/d2/reading"
BATCH = b"bench/bench/batch"


def packet(body: bytes) -> bytes:
    length, size = len(body), b""
    while length > 127:
        size += bytes([length & 127 | 128])
        length >>= 7
    return b"\x30" + size + bytes([length]) + body


def reading(poll: int, spoil: int = 0) -> bytes:
    start = FRAME.start(2, poll)
    values = [0, poll, 0, 0, 5, *FRAME.expected[start : start + FRAME.values]]
    values[-1] += spoil
    return json.dumps({"v": 1, "device": "d2", "values": {f"r{n}": value for n, value in enumerate(values)}}).encode()


@given(bodies=st.lists(st.binary(max_size=300), max_size=5), cut=st.integers(1, 50))
def test_packets_come_out_whole_however_they_arrive(bodies: list[bytes], cut: int) -> None:
    stream = b"".join(map(packet, bodies))
    buffer, found = bytearray(), []

    for at in range(0, len(stream), cut):
        buffer += stream[at : at + cut]
        found += [body for _, body in packets(buffer)]

    assert found == bodies


def test_a_reading_is_noted_with_its_poll_and_its_times() -> None:
    readings = Readings(FRAME)

    readings.take(READING, reading(9), 1000)

    assert [column[0] for column in readings.columns.values()] == [2, 9, 5, 1000]
    assert (readings.wrong, readings.malformed) == (0, 0)


@pytest.mark.parametrize("payload", [b"", b"[]", b'{"device":"d1","values":{"r0":1}}'])
def test_what_is_no_whole_reading_is_counted(payload: bytes) -> None:
    readings = Readings(FRAME)

    readings.take(READING, payload, 0)

    assert readings.malformed == 1


def test_a_value_that_was_never_served_is_counted() -> None:
    readings = Readings(FRAME)

    readings.take(READING, reading(9, spoil=1), 0)

    assert readings.wrong == 1


def test_readings_that_are_the_data_of_events_are_noted_too() -> None:
    readings = Readings(FRAME)
    event = b'{"specversion":"1.0","data":%b}'

    readings.take(READING, event % reading(1), 0)
    readings.take(BATCH, b"[%b,%b]" % (event % reading(2), event % reading(3)), 0)
    readings.take(BATCH, event % reading(4), 0)

    assert list(readings.columns["poll"]) == [1, 2, 3]
    assert (readings.wrong, readings.malformed) == (0, 1)


def test_each_reading_of_a_batch_is_noted() -> None:
    readings = Readings(FRAME)

    readings.take(BATCH, b"[" + reading(9) + b"," + reading(10) + b"]", 1000)

    assert len(readings) == 2
    assert list(readings.columns["poll"]) == [9, 10]


def test_what_is_no_reading_is_passed_over() -> None:
    readings = Readings(FRAME)

    readings.take(b"bench/bench/status", b"{}", 0)

    assert (len(readings), readings.malformed, readings.bytes) == (0, 0, 0)
