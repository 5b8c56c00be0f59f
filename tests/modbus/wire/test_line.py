"""A line without transaction numbers, in simulated time: what a device may do, and no value is ever wrong."""

import asyncio
from collections.abc import Callable, Coroutine
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.modbus.blocks.plan import Block
from adapters.modbus.bus.awaited import Ask, NotSent
from adapters.modbus.wire.exchange import GARBLED, TIMED_OUT
from adapters.modbus.wire.frames import Frames, read_frames, write_frames
from adapters.modbus.wire.framing import Ascii, Rtu
from adapters.modbus.wire.line import DRAIN_S, GAP_S, MAX_HEARD_BYTES
from adapters.modbus.wire.wire import BABBLE_BYTES, Pace
from gateway.adapter import AdapterError
from gateway.model import Bad
from tests.modbus.setup import cell
from tests.modbus.slave import SHORT_SILENCES, SILENCE_S, TIMEOUT_S, WELL, LineRig, Manner, in_turn
from tests.support.examples import examples
from tests.support.simulated import in_simulated_time

ONE, OTHER = (5, 100, 2), (5, 200, 2)


def read(unit: int, address: int, count: int = 1) -> Frames:
    return read_frames(unit, Block(tuple(cell(n, address + n, "uint16") for n in range(count))))


def write(unit: int, address: int, value: int) -> Frames:
    return write_frames(unit, "holding", address, value.to_bytes(2, "big"), multiple=False)


def run(
    happens: Callable[[LineRig], Coroutine[Any, Any, None]],
    manners: Callable[[bytes], Manner] = lambda _request: WELL,
    *,
    ascii_frames: bool = False,
    echo: bool | None = False,
    pace: Pace = SHORT_SILENCES,
) -> None:
    async def all_of_it() -> None:
        rig = LineRig(manners, ascii_frames=ascii_frames, echo=echo, pace=pace)
        await happens(rig)
        await rig.close()

    in_simulated_time(all_of_it)


@pytest.mark.parametrize("ascii_frames", [False, True])
def test_polls_are_answered_with_the_silent_interval_between(ascii_frames: bool) -> None:
    async def happens(rig: LineRig) -> None:
        (poll,) = rig.poll(ONE)
        await asyncio.sleep(10)
        times = [at for at, _ in rig.slaves.asked]
        assert poll.good > 200
        assert not poll.bad
        assert all(b - a >= SILENCE_S + WELL.after_s - 1e-9 for a, b in pairwise(times))
        assert rig.wrong == []

    run(happens, ascii_frames=ascii_frames)


@pytest.mark.parametrize("late_s", [1.003, 1.03, 1.2, 1.9, 2.5, 5.0])
@pytest.mark.parametrize("ascii_frames", [False, True])
def test_a_late_reply_is_never_taken_for_the_next(late_s: float, ascii_frames: bool) -> None:
    async def happens(rig: LineRig) -> None:
        polls = rig.poll(ONE, OTHER)
        await asyncio.sleep(30)
        assert rig.wrong == []
        assert polls[0].bad[0] == TIMED_OUT
        assert all(poll.good > 100 for poll in polls)
        assert rig.line.counters.resyncs >= 1

    run(happens, in_turn([Manner(after_s=late_s)]), ascii_frames=ascii_frames)


def test_a_device_that_is_always_too_slow_has_no_values_rather_than_wrong_ones() -> None:
    async def happens(rig: LineRig) -> None:
        polls = rig.poll(ONE, OTHER, (6, 100, 2))
        await asyncio.sleep(120)
        assert rig.wrong == []
        assert polls[0].good == polls[1].good == 0
        assert polls[2].good > 10

    run(happens, lambda request: Manner(after_s=1.2) if request[0] == 5 else WELL)


@pytest.mark.parametrize("again_s", [0.0, 0.0005, 0.0045, 0.011, 0.02, 0.1, 0.9])
def test_a_reply_that_comes_twice_is_taken_once(again_s: float) -> None:
    async def happens(rig: LineRig) -> None:
        polls = rig.poll(ONE, OTHER)
        await asyncio.sleep(30)
        assert rig.wrong == []
        assert sum(poll.good for poll in polls) > 10

    run(happens, lambda _request: Manner(again_s=again_s))


SLOW = Pace(character_s=1 / 960, silence_s=0.0037)
"""As at 9600 baud."""


@pytest.mark.parametrize("again_s", [0.004, 0.006, 0.012, 0.018])
def test_a_repetition_that_comes_before_the_wire_could_bring_a_reply_is_not_believed_even_the_first_time(
    again_s: float,
) -> None:
    async def happens(rig: LineRig) -> None:
        (poll,) = rig.poll(ONE)
        await asyncio.sleep(30)
        assert rig.wrong == []
        assert poll.good > 10
        assert rig.line.counters.resyncs > 0

    run(happens, lambda _request: Manner(after_s=0.3, again_s=again_s), pace=SLOW)


def test_a_repetition_that_comes_in_one_piece_with_the_reply_is_not_believed() -> None:
    first, second = (Rtu().frame(bytes([5, 3, 2, 0, value])) for value in (1, 2))
    said = iter([first, first + second, second])

    def manner(request: bytes) -> Manner:
        return Manner(before=next(said), cut=0) if request == read(5, 1).request else WELL

    async def happens(rig: LineRig) -> None:
        assert await rig.bus.ask(rig.ask(read(5, 1))) == b"\x00\x01"
        assert await rig.bus.ask(rig.ask(read(5, 1))) == b"\x00\x02"

    run(happens, manner)


@pytest.mark.parametrize("first_s", [0.001, 0.3])
def test_a_port_quicker_than_its_baud_rate_is_found_out_by_one_question_at_most(first_s: float) -> None:
    async def happens(rig: LineRig) -> None:
        (poll,) = rig.poll(ONE)
        await asyncio.sleep(20)
        assert poll.good > 2000
        assert rig.line.counters.resyncs <= (first_s > 0.001)

    run(happens, in_turn([Manner(after_s=first_s)], Manner(after_s=0.001)), pace=SLOW)


@pytest.mark.parametrize("ascii_frames", [False, True])
def test_a_reply_of_another_unit_is_left_alone_and_the_right_one_awaited(ascii_frames: bool) -> None:
    async def happens(rig: LineRig) -> None:
        (poll,) = rig.poll(ONE)
        strange = (Ascii() if ascii_frames else Rtu()).frame(bytes([6, 3, 4, 0, 1, 0, 2]))
        rig.loop.call_later(SILENCE_S + 0.1, rig.line.data_received, strange)
        await asyncio.sleep(5)
        assert (rig.wrong, poll.bad) == ([], [])
        assert rig.slaves.asked[1][0] >= 0.5

    run(happens, in_turn([Manner(after_s=0.5)]), ascii_frames=ascii_frames)


def test_a_reply_of_another_unit_and_no_other_is_none() -> None:
    async def happens(rig: LineRig) -> None:
        (poll,) = rig.poll(ONE)
        await asyncio.sleep(5)
        assert (rig.wrong, poll.bad, poll.good > 80) == ([], [GARBLED], True)

    run(happens, in_turn([Manner(as_unit=6)]))


def test_a_whole_reply_inside_the_data_of_another_units_reply_is_no_reply() -> None:
    async def happens(rig: LineRig) -> None:
        inner = Rtu().frame(bytes([5, 3, 4, 0, 1, 0, 2]))
        outer = Rtu().frame(bytes([9, 3, 40, *b"abcd", *inner, *bytes(40 - 4 - len(inner))]))
        for n, piece in enumerate([outer[:20], outer[20:]]):
            rig.loop.call_later(0.05 + 0.2 * n, rig.line.data_received, piece)
        assert await rig.bus.ask(rig.ask(read(5, 1, 2))) == GARBLED

    run(happens, lambda _request: Manner(silent=True))


def test_a_reply_behind_whole_frames_of_others_is_found_whatever_these_hold() -> None:
    async def happens(rig: LineRig) -> None:
        poll = Rtu().frame(bytes([9, 3, 0, 1, 0, 125]))
        others = poll + Rtu().frame(bytes([9, 3, 6, 7, 3, 250, 8, 16, 0]))
        rig.loop.call_later(0.03, rig.line.data_received, others)
        assert isinstance(await rig.bus.ask(rig.ask(read(5, 1, 2))), bytes)

    run(happens)


def test_one_who_babbles_fills_no_memory_and_is_not_believed() -> None:
    async def happens(rig: LineRig) -> None:
        def babble() -> None:
            if rig.line.open:
                rig.line.data_received(bytes(range(6, 256)) * 8)
                rig.loop.call_later(0.01, babble)

        rig.loop.call_later(DRAIN_S + 0.01, babble)
        assert await rig.bus.ask(rig.ask(read(5, 1, 2))) == GARBLED
        assert len(rig.line._data) < 2_000 + MAX_HEARD_BYTES
        assert rig.loop.time() < TIMEOUT_S + 0.1

    run(happens)


@pytest.mark.parametrize("is_asked", [True, False])
def test_who_sends_without_end_what_nobody_asked_for_is_cut_off(is_asked: bool) -> None:
    async def happens(rig: LineRig) -> None:
        if is_asked:
            rig.poll(ONE)
            await asyncio.sleep(DRAIN_S + 0.001)
        for _ in range(BABBLE_BYTES // 4096):
            rig.line.data_received(bytes(4096))
            assert rig.line.open
        for _ in range(2):  # what comes first after a question may be its answer
            rig.line.data_received(bytes(4096))
        assert not rig.line.open
        with pytest.raises(AdapterError, match="sends without end"):
            await rig.line.lost

    run(happens, lambda _request: Manner(silent=True))


def test_a_noisy_line_is_not_cut_off() -> None:
    async def happens(rig: LineRig) -> None:
        for _ in range(300):
            rig.line.data_received(bytes(BABBLE_BYTES // 20))
            await asyncio.sleep(0.1)
        assert rig.line.open

    run(happens)


@pytest.mark.parametrize("echo", [True, False])
@pytest.mark.parametrize("silent", [True, False])
def test_our_own_words_are_no_answer_to_the_first_write(echo: bool, silent: bool) -> None:
    async def happens(rig: LineRig) -> None:
        rig.slaves.echoes = echo
        outcome = await rig.bus.ask(rig.ask(write(5, 1, 5)))
        assert outcome is NotSent.SILENT if silent else isinstance(outcome, bytes)
        assert [request[1] for _, request in rig.slaves.asked] == ([3] if silent else [3, 6])

    run(happens, lambda _request: Manner(silent=silent), echo=None)


def test_a_write_is_not_done_by_its_echo_alone() -> None:
    async def happens(rig: LineRig) -> None:
        rig.slaves.echoes = True
        assert isinstance(await rig.bus.ask(rig.ask(read(5, 1))), bytes)
        assert await rig.bus.ask(rig.ask(write(5, 1, 5))) == TIMED_OUT

    run(happens, in_turn([WELL], Manner(silent=True)), echo=None)


@pytest.mark.parametrize("configured", [True, None])
def test_an_echo_that_stops_or_is_damaged_does_no_harm_to_reads(configured: bool | None) -> None:
    async def happens(rig: LineRig) -> None:
        rig.slaves.echoes = True
        polls = rig.poll(ONE, OTHER)
        await asyncio.sleep(2)
        rig.slaves.echoes = False
        await asyncio.sleep(2)
        assert rig.wrong == []
        assert not any(poll.bad for poll in polls)
        assert sum(poll.good for poll in polls) > 90

    run(happens, echo=configured)


@pytest.mark.parametrize(
    "noise", [b"\0", b"\xff\xff", bytes([5, 3, 4]), bytes([5, 3]), b"\x05" * 40, b":0503", b"\r\n"]
)
@pytest.mark.parametrize("ascii_frames", [False, True])
def test_noise_around_a_frame_does_no_harm(noise: bytes, ascii_frames: bool) -> None:
    async def happens(rig: LineRig) -> None:
        polls = rig.poll(ONE, OTHER)
        await asyncio.sleep(10)
        assert rig.wrong == []
        assert all(poll.good > 50 and not poll.bad for poll in polls)

    run(happens, lambda _request: Manner(before=noise, behind=noise), ascii_frames=ascii_frames)


def test_a_damaged_reply_fails_soon_and_the_line_is_quiet_before_the_next() -> None:
    async def happens(rig: LineRig) -> None:
        (poll,) = rig.poll(ONE)
        await asyncio.sleep(1)
        first, second = (at for at, _ in rig.slaves.asked[:2])
        assert poll.bad == [GARBLED]
        assert second - first == pytest.approx(WELL.after_s + GAP_S + DRAIN_S)

    run(happens, in_turn([Manner(damage=4)]))


def test_a_reply_that_stops_in_the_middle_is_none_when_its_time_is_over() -> None:
    async def happens(rig: LineRig) -> None:
        (poll,) = rig.poll(ONE)
        await asyncio.sleep(3)
        assert poll.bad == [GARBLED]
        assert rig.wrong == []
        assert poll.good > 30

    run(happens, in_turn([Manner(cut=5)]))


def test_after_a_timeout_nothing_is_sent_while_the_line_speaks() -> None:
    async def happens(rig: LineRig) -> None:
        rig.poll(ONE)
        for at_s in (1.01, 1.05, 1.09, 1.13):
            rig.loop.call_at(at_s, rig.line.data_received, b"\x55" * 9)
        await asyncio.sleep(2)
        assert rig.slaves.asked[1][0] == pytest.approx(1.13 + DRAIN_S)

    run(happens, in_turn([Manner(silent=True)]))


def test_a_line_that_is_never_quiet_is_used_all_the_same() -> None:
    async def happens(rig: LineRig) -> None:
        def chatter() -> None:
            if rig.line.open:
                rig.line.data_received(b"\x55")
                rig.loop.call_later(0.03, chatter)

        chatter()
        (poll,) = rig.poll(ONE)
        await asyncio.sleep(20)
        assert poll.good > 10
        assert rig.wrong == []

    run(happens)


def test_a_command_goes_before_every_poll_that_waits() -> None:
    async def happens(rig: LineRig) -> None:
        rig.poll(ONE, OTHER, (6, 1, 10))
        await asyncio.sleep(1)
        began_s = rig.loop.time()
        assert isinstance(await rig.bus.ask(rig.ask(write(7, 1, 5))), bytes)
        sent_s = next(at for at, request in rig.slaves.asked if request[0] == 7)
        assert sent_s - began_s <= WELL.after_s + SILENCE_S + 1e-6

    run(happens)


@pytest.mark.parametrize("cancelled", [True, False])
def test_a_command_that_is_given_up_while_it_is_under_way_keeps_the_line_until_it_ends(cancelled: bool) -> None:
    async def happens(rig: LineRig) -> None:
        ask = Ask(write(5, 1, 5), TIMEOUT_S, not_after_s=DRAIN_S + 0.05)
        asking = asyncio.create_task(rig.bus.ask(ask))
        await asyncio.sleep(DRAIN_S + 0.1)
        if cancelled:
            asking.cancel()
        rig.poll(ONE)
        await asyncio.sleep(2)
        times = [at for at, _ in rig.slaves.asked]
        assert times[0] == pytest.approx(DRAIN_S)
        assert times[1] == pytest.approx(DRAIN_S + 0.6 + SILENCE_S)
        assert (await asyncio.gather(asking, return_exceptions=True))[0] != TIMED_OUT
        assert rig.wrong == []

    run(happens, in_turn([Manner(after_s=0.6)]))


def test_the_echo_of_a_late_write_is_not_taken_for_that_of_the_next() -> None:
    async def happens(rig: LineRig) -> None:
        assert await rig.bus.ask(rig.ask(write(5, 1, 5))) == TIMED_OUT
        assert isinstance(await rig.bus.ask(rig.ask(write(5, 1, 5))), bytes)
        functions = [request[1] for _, request in rig.slaves.asked]
        assert functions == [6, 3, 6]

    run(happens, in_turn([Manner(after_s=1.3)]))


def test_a_write_is_not_sent_to_a_device_that_does_not_answer_a_question_first() -> None:
    async def happens(rig: LineRig) -> None:
        assert await rig.bus.ask(rig.ask(write(5, 1, 5))) == TIMED_OUT
        assert await rig.bus.ask(rig.ask(write(5, 1, 6))) is NotSent.SILENT
        assert [request[1] for _, request in rig.slaves.asked] == [6, 3]

    run(happens, lambda _request: Manner(silent=True))


def test_a_late_exception_is_not_taken_for_the_refusal_of_a_write() -> None:
    async def happens(rig: LineRig) -> None:
        assert await rig.bus.ask(rig.ask(write(5, 1, 5))) == TIMED_OUT
        assert isinstance(await rig.bus.ask(rig.ask(write(5, 2, 6))), bytes)

    run(happens, in_turn([Manner(after_s=1.2, refused=2)]))


def test_a_device_that_refuses_the_question_is_asked_all_the_same() -> None:
    async def happens(rig: LineRig) -> None:
        assert await rig.bus.ask(rig.ask(read(5, 1, 2))) == TIMED_OUT
        assert isinstance(await rig.bus.ask(rig.ask(read(5, 1, 2))), bytes)

    run(happens, in_turn([Manner(silent=True), Manner(refused=2)]))


rarely = st.integers(0, 3).map(lambda n: n == 0)
faults = {
    "silent": rarely,
    "as_unit": st.sampled_from((None, None, 4, 7)),
    "damage": st.one_of(st.none(), st.none(), st.integers(0, 20)),
    "before": st.one_of(st.just(b""), st.binary(max_size=12)),
    "behind": st.one_of(st.just(b""), st.binary(max_size=12)),
    "cut": st.one_of(st.none(), st.none(), st.integers(0, 8)),
}
late = st.builds(
    Manner, after_s=st.floats(0.9, 4.0), again_s=st.none(), refused=st.sampled_from((0, 0, 2, 4, 6)), **faults
)
twice = st.builds(Manner, after_s=st.floats(0.001, 0.2), again_s=st.floats(0.0, 0.1), refused=st.just(0), **faults)
prompt = st.builds(
    Manner, after_s=st.floats(0.001, 0.2), again_s=st.none(), refused=st.sampled_from((0, 0, 2, 4, 6)), **faults
)
manners = st.one_of(prompt, late, twice)


@settings(max_examples=examples(60))
@given(st.lists(manners, max_size=16), st.booleans())
def test_whatever_the_devices_do_no_value_is_wrong(drawn: list[Manner], ascii_frames: bool) -> None:
    async def happens(rig: LineRig) -> None:
        polls = rig.poll(ONE, OTHER, (5, 300, 1), (6, 100, 2))
        await asyncio.sleep(20)
        assert rig.wrong == []
        before = sum(poll.good for poll in polls)
        await asyncio.sleep(60)
        assert rig.wrong == []
        assert sum(poll.good for poll in polls) > before

    run(happens, in_turn(drawn, Manner(after_s=0.2)), ascii_frames=ascii_frames)


@settings(max_examples=examples(300))
@given(st.lists(st.binary(max_size=40), max_size=20), st.booleans())
def test_garbage_never_crashes_hangs_or_yields_a_value(garbage: list[bytes], ascii_frames: bool) -> None:
    async def happens(rig: LineRig) -> None:
        asked = rig.ask(read(5, 1))
        for at, data in enumerate(garbage):
            rig.loop.call_later(0.01 * at, rig.line.data_received, data)
        assert isinstance(await rig.bus.ask(asked), Bad)
        assert rig.loop.time() <= 0.01 * len(garbage) + DRAIN_S + TIMEOUT_S + SILENCE_S

    run(happens, lambda _request: Manner(silent=True), ascii_frames=ascii_frames)
