import os
import struct
import time
from collections.abc import Iterator

import pytest
from pymodbus.framer import FramerRTU

from scripts.bench.bus import Bus
from scripts.bench.occupancy import passed_by

CHARACTER_S = 11 / 115200
SILENCE_S = 0.00175


@pytest.fixture
def bus() -> Bus:
    return Bus(115200)


@pytest.fixture
def daemon(bus: Bus) -> Iterator[int]:
    port = os.open(bus.path, os.O_RDWR | os.O_NOCTTY)
    yield port
    os.close(port)


def framed(body: bytes) -> bytes:
    return body + FramerRTU.compute_CRC(body).to_bytes(2, "big")


def asked(bus: Bus, daemon: int, request: bytes, size: int) -> bytes:
    os.write(daemon, request)
    assert bus.serve_one()
    reply = b""
    while len(reply) < size:  # a pty gives what it has
        reply += os.read(daemon, size - len(reply))
    return reply


def test_a_reply_has_the_registers_asked_for_and_a_check(bus: Bus, daemon: int) -> None:
    reply = asked(bus, daemon, framed(struct.pack(">BBHH", 7, 3, 0, 10)), 25)

    assert reply == framed(reply[:-2])
    assert reply[:3] == bytes([7, 3, 20])
    assert len(reply) == 25


def test_two_replies_to_one_request_differ(bus: Bus, daemon: int) -> None:
    request = framed(struct.pack(">BBHH", 7, 3, 0, 10))

    assert asked(bus, daemon, request, 25) != asked(bus, daemon, request, 25)


def test_a_write_is_echoed(bus: Bus, daemon: int) -> None:
    request = framed(struct.pack(">BBHH", 7, 6, 0, 4711))

    assert asked(bus, daemon, request, 8) == request


def test_every_character_takes_its_time(bus: Bus, daemon: int) -> None:
    began_s = time.monotonic()

    asked(bus, daemon, framed(struct.pack(">BBHH", 7, 3, 0, 10)), 25)

    assert time.monotonic() - began_s >= (8 + 25) * CHARACTER_S + SILENCE_S


def test_nothing_asked_is_nothing_served(bus: Bus) -> None:
    assert not bus.serve_one()


def test_a_command_is_passed_by_what_began_after_it_was_published_and_before_it() -> None:
    begun_us = [100, 200, 300, 400]

    assert passed_by(begun_us, published_us=150, wrote_us=400) == 2
    assert passed_by(begun_us, published_us=150, wrote_us=200) == 0
