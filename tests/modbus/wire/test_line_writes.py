"""Functions 22 and 23 on a line without transaction numbers, in simulated time: late and doubled replies."""

import asyncio

import pytest

from adapters.modbus.blocks.plan import Block
from adapters.modbus.bus.awaited import NotSent
from adapters.modbus.wire.exchange import GARBLED, TIMED_OUT
from adapters.modbus.wire.frames import Frames, mask_frames, write_read_frames
from tests.modbus.setup import cell
from tests.modbus.slave import WELL, LineRig, Manner, in_turn
from tests.modbus.wire.test_line import run

ASCII = pytest.mark.parametrize("ascii_frames", [False, True])


def both(value: int, address: int = 100) -> Frames:
    """Write a register of unit 5 and read it back."""
    return write_read_frames(5, address, value.to_bytes(2, "big"), Block((cell(0, address, "uint16"),)))


@ASCII
def test_a_register_is_masked_and_the_whole_echo_awaited(ascii_frames: bool) -> None:
    async def happens(rig: LineRig) -> None:
        assert (
            await rig.bus.ask(rig.ask(mask_frames(5, 100, 0x18, 0x08))) == mask_frames(5, 100, 0x18, 0x08).request[3:]
        )

    run(happens, ascii_frames=ascii_frames)


@ASCII
def test_a_register_is_written_and_read_in_one_request(ascii_frames: bool) -> None:
    async def happens(rig: LineRig) -> None:
        assert await rig.bus.ask(rig.ask(both(0x1234))) == b"\x12\x34"
        assert len(rig.slaves.asked) == 1

    run(happens, ascii_frames=ascii_frames)


@ASCII
@pytest.mark.parametrize("late_s", [1.003, 1.03, 1.9, 5.0])
def test_a_late_reply_to_function_23_is_not_the_next_ones(late_s: float, ascii_frames: bool) -> None:
    async def happens(rig: LineRig) -> None:
        assert await rig.bus.ask(rig.ask(both(1))) == TIMED_OUT
        outcomes = [await rig.bus.ask(rig.ask(both(value))) for value in range(2, 9)]
        assert outcomes[-1] == b"\x00\x08"
        for value, outcome in enumerate(outcomes, 2):
            assert outcome in (value.to_bytes(2, "big"), TIMED_OUT, NotSent.SILENT)

    run(happens, in_turn([Manner(after_s=late_s)]), ascii_frames=ascii_frames)


@pytest.mark.parametrize("late_s", [1.003, 1.03, 1.9, 5.0])
def test_a_late_echo_of_function_22_confirms_no_other_write(late_s: float) -> None:
    async def happens(rig: LineRig) -> None:
        frames = mask_frames(5, 100, 0x18, 0x08)
        assert await rig.bus.ask(rig.ask(frames)) == TIMED_OUT
        rig.line.counters.resyncs = 0
        while isinstance(await rig.bus.ask(rig.ask(frames)), NotSent):
            assert rig.loop.time() < 20
        assert rig.line.counters.resyncs >= 1

    run(happens, in_turn([Manner(after_s=late_s)]))


@pytest.mark.parametrize("again_s", [0.0, 0.0005, 0.0045, 0.011, 0.02, 0.1])
def test_a_doubled_reply_to_function_23_confirms_no_other_write(again_s: float) -> None:
    async def happens(rig: LineRig) -> None:
        for value in (1, 2, 2, 3, 3):
            outcome = await rig.bus.ask(rig.ask(both(value, 100 + value)))
            assert outcome in (value.to_bytes(2, "big"), GARBLED, TIMED_OUT, NotSent.SILENT)

    run(happens, lambda request: Manner(again_s=again_s) if request[1] == 23 else WELL)


def test_what_may_be_the_last_reply_once_more_is_not_believed_and_not_sent_again() -> None:
    async def happens(rig: LineRig) -> None:
        await rig.bus.ask(rig.ask(both(7, 100)))
        assert await rig.bus.ask(rig.ask(both(7, 200))) == GARBLED
        await asyncio.sleep(5)
        assert [request[1] for _, request in rig.slaves.asked] == [23, 23]

    run(happens)
