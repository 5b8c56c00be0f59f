import struct

import pytest

from scripts.bench.fleet import REQUEST, Device, _requests
from scripts.bench.signals import REGISTERS, frame_of

FRAME = frame_of("uint16")


@pytest.fixture
def device() -> Device:
    return Device(3, FRAME)


def ask(device: Device, address: int, count: int, function: int = 3) -> tuple[int, ...]:
    reply = device.answer(REQUEST.pack(77, 0, 6, 1, function, address, count))
    assert struct.unpack(">HHH", reply[:6]) == (77, 0, len(reply) - 6)
    return struct.unpack(f">{(len(reply) - 9) // 2}H", reply[9:]) if reply[7] < 0x80 else (reply[7], reply[8])


def test_a_poll_holds_its_number_and_its_window(device: Device) -> None:
    ask(device, 0, REGISTERS)
    registers = ask(device, 0, REGISTERS)

    poll, _ = FRAME.unpack(registers[: FRAME.marks])
    start = FRAME.start(3, 2)
    assert poll == 2
    assert list(registers[FRAME.marks :]) == FRAME.expected[start : start + FRAME.values]


def test_a_read_that_does_not_begin_at_0_belongs_to_the_last_poll(device: Device) -> None:
    registers = ask(device, 0, REGISTERS)

    assert ask(device, 40, 2) == registers[40:42]
    assert (device.polls, device.requests) == (1, 2)


@pytest.mark.parametrize(
    ("address", "count", "function", "exception"), [(0, 101, 3, 2), (100, 1, 3, 2), (0, 0, 3, 2), (0, 1, 4, 1)]
)
def test_what_does_not_exist_is_refused(
    device: Device, address: int, count: int, function: int, exception: int
) -> None:
    assert ask(device, address, count, function) == (function | 0x80, exception)


def test_a_write_is_noted_and_answered_with_itself(device: Device) -> None:
    request = REQUEST.pack(77, 0, 6, 1, 6, 99, 4711)

    assert device.answer(request) == request
    assert [value for value, _ in device.writes] == [4711]


def test_a_write_does_not_change_what_is_read(device: Device) -> None:
    before = ask(device, 0, REGISTERS)[FRAME.marks :]
    device.answer(REQUEST.pack(77, 0, 6, 1, 6, 99, 4711))

    assert ask(device, FRAME.marks, FRAME.values) == before


def test_a_write_of_a_float_is_noted_as_its_number_and_answered_with_what_it_named(device: Device) -> None:
    request = struct.pack(">HHHBBHHBf", 77, 0, 11, 1, 16, 98, 2, 4, 4711.0)

    assert device.answer(request) == REQUEST.pack(77, 0, 6, 1, 16, 98, 2)
    assert [value for value, _ in device.writes] == [4711]


def test_a_large_device_is_polled_in_parts_that_belong_together() -> None:
    frame = frame_of("float32", 300)
    device = Device(3, frame)

    registers = [register for at, count in [(0, 124), (124, 124), (248, 52)] for register in ask(device, at, count)]

    values = struct.unpack(">150f", struct.pack(">300H", *registers))
    poll, _ = frame.unpack(values[: frame.marks])
    start = frame.start(3, 1)
    assert poll == device.polls == 1
    assert [struct.pack(">f", value) for value in frame.expected[start : start + frame.values]] == [
        struct.pack(">f", value) for value in values[frame.marks :]
    ]


def test_requests_come_out_whole_however_they_arrive() -> None:
    requests = [REQUEST.pack(n, 0, 6, 1, 3, 0, 10) for n in range(3)]
    rest, found = bytearray(), list[bytes]()

    for byte in b"".join(requests):
        rest.append(byte)
        found += _requests(rest)

    assert found == requests
    assert not rest
