import struct
from collections.abc import Iterator

import pytest

from scripts.bench.fleet import REQUEST, Device
from scripts.bench.signals import REGISTERS, frame_of

FRAME = frame_of("uint16")


@pytest.fixture
def device() -> Iterator[Device]:
    made = Device(3, FRAME)
    yield made
    made.listener.close()


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
    ("address", "count", "function", "exception"), [(0, 101, 3, 2), (100, 1, 3, 2), (0, 0, 3, 2), (0, 1, 16, 1)]
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
