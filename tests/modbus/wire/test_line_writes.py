"""Functions 22 and 23 on a line without transaction numbers, in simulated time: late and doubled replies."""

import asyncio
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.modbus.blocks.plan import Block
from adapters.modbus.bus.awaited import NotSent
from adapters.modbus.wire.exchange import GARBLED, TIMED_OUT
from adapters.modbus.wire.frames import Frames, mask_frames, write_frames, write_read_frames
from adapters.modbus.wire.line import DRAIN_S
from adapters.modbus.wire.owed import LATE_S
from gateway.model import Bad, BadReason
from tests.modbus.setup import cell
from tests.modbus.slave import SILENCE_S, WELL, LineRig, Manner, in_turn
from tests.modbus.wire.test_line import manners, run
from tests.support.examples import examples

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


def test_before_a_write_whose_reply_may_be_the_last_one_again_a_question_is_asked() -> None:
    async def happens(rig: LineRig) -> None:
        await rig.bus.ask(rig.ask(both(7, 100)))
        assert await rig.bus.ask(rig.ask(both(7, 200))) == b"\x00\x07"
        assert [request[1] for _, request in rig.slaves.asked] == [23, 3, 23]

    run(happens)


WORST_S = (0.0, SILENCE_S, SILENCE_S + 0.0001, SILENCE_S + 0.003, 0.02, DRAIN_S + 0.001, 0.9)
"""Between a reply and the same again: at once, as the next request goes out, and while it is under way."""


def several(value: int, address: int = 100) -> Frames:
    """Write two registers of unit 5: the reply does not say what to."""
    return write_frames(5, "holding", address, bytes([0, value, 0, value]), multiple=True)


def coils(value: int) -> Frames:
    return write_frames(5, "coil", 100, bytes([value & 1, 1]), multiple=True)


def masked(_value: int) -> Frames:
    return mask_frames(5, 100, 0x18, 0x08)


def pulse(_value: int) -> Frames:
    return write_frames(5, "coil", 7, b"\x01", multiple=False)


def same(_value: int) -> Frames:
    return write_frames(5, "holding", 7, b"\x00\x01", multiple=False)


@ASCII
@pytest.mark.parametrize("again_s", WORST_S)
@pytest.mark.parametrize("frames", [several, coils, masked, pulse, same, both])
def test_a_doubled_reply_confirms_no_write_that_was_not_done(
    frames: Callable[[int], Frames], again_s: float, ascii_frames: bool
) -> None:
    """Each second one is not heard by the device at all: it must not be told to be done."""
    writes = [0]

    def manner(request: bytes) -> Manner:
        if request[1] in {1, 3}:
            return Manner(again_s=again_s)
        writes[0] += 1
        return Manner(again_s=again_s) if writes[0] % 2 else Manner(silent=True)

    async def happens(rig: LineRig) -> None:
        for value in range(6):
            before = writes[0]
            outcome = await rig.bus.ask(rig.ask(frames(value)))
            is_done = writes[0] > before and writes[0] % 2 == 1
            assert isinstance(outcome, bytes) <= is_done
        assert writes[0] >= 2

    run(happens, manner, ascii_frames=ascii_frames)


@pytest.mark.parametrize("again_s", WORST_S)
def test_a_refusal_that_comes_twice_refuses_no_other_write(again_s: float) -> None:
    async def happens(rig: LineRig) -> None:
        assert await rig.bus.ask(rig.ask(several(1))) == Bad(BadReason.DEVICE_ERROR, code=2)
        assert isinstance(await rig.bus.ask(rig.ask(several(2, 300))), bytes)

    run(happens, in_turn([Manner(refused=2, again_s=again_s)]))


def test_a_write_behind_any_other_answer_costs_no_question() -> None:
    async def happens(rig: LineRig) -> None:
        for frames in (several(1), several(1, 300), masked(1), several(2, 300)):
            assert isinstance(await rig.bus.ask(rig.ask(frames)), bytes)
        assert [request[1] for _, request in rig.slaves.asked] == [16, 16, 22, 16]

    run(happens)


def test_who_answers_only_writes_can_be_written_again_when_no_repetition_comes_any_more() -> None:
    async def happens(rig: LineRig) -> None:
        assert isinstance(await rig.bus.ask(rig.ask(several(1))), bytes)
        assert await rig.bus.ask(rig.ask(several(2))) is NotSent.SILENT
        await asyncio.sleep(LATE_S)
        assert isinstance(await rig.bus.ask(rig.ask(several(3))), bytes)
        assert [request[1] for _, request in rig.slaves.asked] == [16, 3, 16]

    run(happens, lambda request: Manner(silent=request[1] == 3))


@settings(max_examples=examples(100))
@given(st.lists(manners, max_size=16), st.booleans())
def test_whatever_the_device_does_nothing_is_told_to_be_written_that_was_not(
    drawn: list[Manner], ascii_frames: bool
) -> None:
    manner_of = in_turn(drawn)
    heard: list[tuple[int, Manner]] = []

    def manner(request: bytes) -> Manner:
        manner = manner_of(request)
        heard.append((request[1], manner))
        return manner

    async def happens(rig: LineRig) -> None:
        for value in range(10):
            if value == 9:
                await asyncio.sleep(sum(each.after_s for each in drawn))  # it says one thing after the other
            before = len(heard)
            outcome = await rig.bus.ask(rig.ask(several(value)))
            writes = [manner for function, manner in heard[before:] if function == 16]
            if isinstance(outcome, bytes):
                assert [(each.silent, each.refused) for each in writes] == [(False, 0)]
            elif isinstance(outcome, Bad) and outcome.code:
                assert [each.refused for each in writes] == [outcome.code]
        assert isinstance(outcome, bytes) or len(drawn) > 4

    run(happens, manner, ascii_frames=ascii_frames)
