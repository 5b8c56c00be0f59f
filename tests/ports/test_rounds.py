"""Ports that are read in rounds: nothing is lost, and nobody who waits has to."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from gateway.ports import SerialSettings, rounds
from gateway.ports.connect import Port, connect
from tests.support.listener import Listener
from tests.support.patience import HANG_S
from tests.support.ptys import Ptys, ptys

NEVER_S = 4 * HANG_S


class Patient(Listener):
    """Lets what comes next wait."""

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self.transport.read_later()


@asynccontextmanager
async def heard(pair: Ptys) -> AsyncIterator[tuple[Port, Patient, int]]:
    """A port, who hears it, and a file of the far end."""
    listener = Patient()
    port = await connect(pair.ours, SerialSettings(), 5, lambda: listener)
    far = os.open(pair.theirs, os.O_RDWR | os.O_NOCTTY)
    try:
        yield port, listener, far
    finally:
        os.close(far)
        port.abort()
        await listener.ended()


@pytest.fixture
async def pair() -> AsyncIterator[Ptys]:
    async with ptys() as made:
        yield made


async def test_all_that_comes_is_heard_in_order(pair: Ptys) -> None:
    async with heard(pair) as (_, listener, far):
        said = b""
        for number in range(300):
            said += (piece := b"%d;" % number)
            os.write(far, piece)
            if number % 3:
                await asyncio.sleep(0)
        await listener.hears(said)


async def test_events_tell_again_after_a_round_in_which_nothing_came(pair: Ptys) -> None:
    async with heard(pair) as (_, listener, far):
        for said in (b"a", b"ab", b"abc"):
            os.write(far, said[-1:])
            await listener.hears(said)
            await asyncio.sleep(3 * rounds.EVERY_S)


async def test_what_has_come_can_be_read_at_once(pair: Ptys, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rounds, "EVERY_S", NEVER_S)
    async with heard(pair) as (port, listener, far):
        os.write(far, b"one")
        await listener.hears(b"one")
        os.write(far, b"two")
        async with asyncio.timeout(HANG_S):
            while bytes(listener.heard) != b"onetwo":
                await asyncio.sleep(0.01)  # the pair's own way to our end
                port.read_now()


async def test_once_read_at_once_a_port_tells_of_what_comes_next(pair: Ptys, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rounds, "EVERY_S", NEVER_S)
    async with heard(pair) as (port, listener, far):
        os.write(far, b"one")
        await listener.hears(b"one")
        port.read_now()
        os.write(far, b"two")
        await listener.hears(b"onetwo")


async def test_a_port_that_is_paused_is_not_read_in_rounds(pair: Ptys) -> None:
    async with heard(pair) as (port, listener, far):
        os.write(far, b"one")
        await listener.hears(b"one")
        port.pause_reading()
        os.write(far, b"two")
        await asyncio.sleep(5 * rounds.EVERY_S)
        port.read_now()
        assert bytes(listener.heard) == b"one"
        port.resume_reading()
        await listener.hears(b"onetwo")


async def test_a_port_that_was_closed_is_not_read_any_more(pair: Ptys) -> None:
    async with heard(pair) as (port, listener, far):
        os.write(far, b"one")
        await listener.hears(b"one")
        port.abort()
        os.write(far, b"two")
        await asyncio.sleep(5 * rounds.EVERY_S)
        assert bytes(listener.heard) == b"one"
