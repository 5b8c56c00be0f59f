"""Requests are found however they come, and nothing that comes does harm."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymodbus.framer import FramerAscii, FramerRTU, FramerSocket
from pymodbus.pdu import DecodePDU

from adapters.modbus.config.link import Transport
from adapters.modbus.simulator.answering import answer
from adapters.modbus.simulator.asked import Asked, Hopeless, frames_of
from adapters.modbus.simulator.memory import Memory

TRANSPORTS: list[Transport] = ["tcp", "rtu", "ascii"]
FRAMERS = {"tcp": FramerSocket, "rtu": FramerRTU, "ascii": FramerAscii}
READ = bytes([3, 0, 7, 0, 2])
bodies = st.one_of(
    st.just(READ),
    st.binary(min_size=4, max_size=4).map(lambda data: b"\x06" + data),
    st.lists(st.integers(0, 255), min_size=2, max_size=240).map(
        lambda row: bytes([16, 0, 1, 0, len(row) // 2, len(row) // 2 * 2, *row[: len(row) // 2 * 2]])
    ),
)


def framed(transport: Transport, number: int, unit: int, body: bytes) -> bytes:
    return FRAMERS[transport](DecodePDU(is_server=False)).encode(body, unit, number)


def pieces(data: bytes, cuts: list[int]) -> list[bytes]:
    places = sorted({0, len(data), *(cut % len(data) for cut in cuts)})
    return [data[a:b] for a, b in pairwise(places)]


@pytest.mark.parametrize("transport", TRANSPORTS)
@given(st.lists(st.tuples(st.integers(0, 255), bodies), min_size=1, max_size=4), st.lists(st.integers(0, 999)))
def test_requests_are_found_in_whatever_pieces_they_come(
    transport: Transport, requests: list[tuple[int, bytes]], cuts: list[int]
) -> None:
    frames = frames_of(transport)
    found = []
    for number, (unit, body) in enumerate(requests, start=1):
        for piece in pieces(framed(transport, number, unit, body), cuts):
            found += frames.feed(piece)
    numbered = transport == "tcp"
    assert found == [Asked(n * numbered, unit, body) for n, (unit, body) in enumerate(requests, start=1)]


@pytest.mark.parametrize("transport", TRANSPORTS)
@given(st.lists(st.binary(max_size=300), max_size=6))
def test_noise_is_survived_and_after_a_silence_a_request_is_heard(transport: Transport, noise: list[bytes]) -> None:
    frames, memory = frames_of(transport), Memory(())
    try:
        for piece in noise:
            for asked in frames.feed(piece):
                answer(memory, asked.body)
        frames.silence()
    except Hopeless:
        return
    if transport == "ascii":
        frames.feed(b"\r\n")
    if transport != "tcp":
        assert frames.feed(framed(transport, 0, 7, READ)) == [Asked(0, 7, READ)]


@pytest.mark.parametrize("transport", TRANSPORTS)
@given(st.binary(min_size=1, max_size=253))
def test_whatever_a_request_says_it_has_an_answer(transport: Transport, body: bytes) -> None:
    frames = frames_of(transport)
    reply = frames.frame(Asked(1, 7, body), 7, answer(Memory(()), body))
    assert len(reply) >= 5


def test_an_unknown_function_is_heard_on_a_line_when_it_falls_silent() -> None:
    frames, body = frames_of("rtu"), bytes([43, 14, 1, 0])
    assert frames.feed(framed("rtu", 0, 7, body)) == []
    assert frames.silence() == [Asked(0, 7, body)]


def test_a_damaged_request_is_not_heard() -> None:
    frames = frames_of("rtu")
    frame = bytearray(framed("rtu", 0, 7, READ))
    frame[3] ^= 1
    assert [*frames.feed(bytes(frame)), *frames.silence()] == []
