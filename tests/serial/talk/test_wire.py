"""The open port: what comes in pieces, floods and after the end."""

import asyncio

import pytest

from adapters.serial.config import Line
from adapters.serial.framing.frame import Frame
from adapters.serial.framing.make import framer_of
from adapters.serial.talk.wire import PIECE_BYTES, WINDOW_COST, WINDOW_S, Wire
from tests.serial.talk.rig import FarEnd, nothing
from tests.support.simulated import in_simulated_time

FLOOD = b"1234567\n" * (2 * WINDOW_COST // 8)


def _connected() -> tuple[Wire, FarEnd, list[Frame]]:
    wire, far, heard = Wire(framer_of(Line(), None), "/dev/ttyS9"), FarEnd(nothing), list[Frame]()
    wire.hear = lambda frame, _time_ms: heard.append(frame)
    far.protocol = wire
    wire.connection_made(far)
    return wire, far, heard


def test_a_flood_is_worked_off_window_by_window_while_the_far_end_waits() -> None:
    async def happens() -> None:
        wire, far, heard = _connected()
        await asyncio.sleep(1)
        far.say(FLOOD)
        await asyncio.sleep(WINDOW_S / 2)
        assert far.pauses == [True]
        assert 0 < len(heard) < len(FLOOD) // 8
        await asyncio.sleep(100 * WINDOW_S)
        assert far.pauses == [True, False]
        assert len(heard) == len(FLOOD) // 8
        await wire.close()

    in_simulated_time(happens)


def test_nothing_is_heard_of_a_flood_once_it_is_closed() -> None:
    async def happens() -> None:
        wire, far, heard = _connected()
        await asyncio.sleep(1)
        far.say(FLOOD)
        await asyncio.sleep(WINDOW_S / 2)
        before = len(heard)
        await wire.close()
        await asyncio.sleep(100 * WINDOW_S)
        assert len(heard) == before

    in_simulated_time(happens)


def test_what_is_left_of_a_flood_when_the_port_goes_away_is_counted() -> None:
    async def happens() -> None:
        wire, far, heard = _connected()
        await asyncio.sleep(1)
        far.say(FLOOD)
        await asyncio.sleep(WINDOW_S / 2)
        far.hang_up()
        await asyncio.sleep(100 * WINDOW_S)
        assert 8 * len(heard) + wire.losses.junk_bytes == pytest.approx(len(FLOOD), abs=PIECE_BYTES)
        await wire.close()

    in_simulated_time(happens)
