import json
import os
from collections.abc import Iterator

import pytest
from pymodbus.framer import FramerRTU

from scripts.bench.heard import Heard
from scripts.bench.lines import PROBE, Device
from scripts.bench.telegrams import FRAME_BYTES, LAST, kind_of

BYTES_PER_S = 11520
MS_NS = 1_000_000


@pytest.fixture(params=[0, 1], ids=["line", "packed"])
def number(request: pytest.FixtureRequest) -> int:
    """Of a device of each kind."""
    return int(request.param)


@pytest.fixture
def device(number: int) -> Device:
    return Device(number, BYTES_PER_S)


@pytest.fixture
def port(device: Device) -> Iterator[int]:
    descriptor = os.open(device.path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
    yield descriptor
    os.close(descriptor)


def test_each_frame_has_twenty_bytes_whatever_its_number(number: int) -> None:
    assert {len(kind_of(number).pack(number, each)) for each in (PROBE, 1, 576, LAST)} == {FRAME_BYTES}


def test_a_packed_frame_has_its_length_and_a_modbus_crc() -> None:
    frame = kind_of(1).pack(1, 42)
    assert frame[1] == FRAME_BYTES - 4
    assert FramerRTU.compute_CRC(frame[:-2]).to_bytes(2, "big") == frame[-2:]


def test_what_is_handed_on_is_every_frame_once_however_it_is_cut(device: Device, port: int, number: int) -> None:
    device.begin(0)
    came = b""
    for now_ns in (0, 1 * MS_NS, 3 * MS_NS, 4 * MS_NS, 20 * MS_NS, 21 * MS_NS):
        device.hand_on(now_ns)
        came += _read(port)
    assert len(came) == 21 * BYTES_PER_S // 1000
    assert len(device.sent_us) == len(came) // FRAME_BYTES

    device.finish()
    came += _read(port)

    pack = kind_of(number).pack
    assert came == b"".join(pack(number, each) for each in range(1, len(device.sent_us) + 1))
    assert device.lost_bytes == 0


def test_what_nobody_takes_is_lost_and_counted(device: Device, port: int) -> None:
    device.begin(0)
    device.hand_on(15_000 * MS_NS)
    assert device.lost_bytes > 0
    assert len(_read(port)) + device.lost_bytes <= 15 * BYTES_PER_S


def test_what_arrives_is_checked_and_a_probe_is_no_reading(number: int) -> None:
    heard = Heard(lambda device, count: kind_of(device).values(device, count))
    values = kind_of(number).values
    for each in (dict(values(number, PROBE)), dict(values(number, 7)), {**values(number, 8), "v": 0.5}, {"number": 9}):
        heard.take(b"bench/bench/d/reading", json.dumps({"device": f"d{number}", "values": each}).encode(), 5)
    heard.take(b"bench/bench/d/reading", json.dumps({"device": f"d{number}", "bad": {}}).encode(), 5)
    heard.take(b"bench/bench/d/status", b"{}", 5)
    heard.take(b"bench/bench/d/reading", b"{", 5)
    assert (len(heard), list(heard.columns["number"]), heard.wrong, heard.malformed) == (2, [7], 2, 1)


def _read(port: int) -> bytes:
    came = b""
    try:
        while data := os.read(port, 65536):
            came += data
    except BlockingIOError:
        pass
    return came
