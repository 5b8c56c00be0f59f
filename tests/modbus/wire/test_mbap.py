"""The wire without a network: whole, byte by byte, damaged, and when nothing comes."""

import asyncio
from collections.abc import Iterable
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.modbus.blocks.plan import Block
from adapters.modbus.wire.exchange import GARBLED, LINK_LOST, TIMED_OUT, Exchange, Odd
from adapters.modbus.wire.frames import read_frames
from adapters.modbus.wire.mbap import Datagrams, Stream
from adapters.modbus.wire.wire import BABBLE_BYTES
from gateway.adapter import AdapterError
from gateway.model import Bad
from tests.modbus.faulty import Query
from tests.modbus.setup import cell
from tests.support.examples import examples
from tests.support.patience import HANG_S
from tests.support.simulated import in_simulated_time

UNIT = 5


class FakeTransport(asyncio.Transport):
    """Remembers what is written; closes at once."""

    def __init__(self, wire: Stream) -> None:
        super().__init__()
        self.wire = wire
        self.written = b""
        self.aborted = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written += bytes(data)

    def abort(self) -> None:
        if not self.aborted:
            self.aborted = True
            self.wire.connection_lost(None)


class Noted(Exchange):
    """Reads registers 10 and 11, and notes what becomes of it."""

    def __init__(self, timeout_s: float = 60.0) -> None:
        super().__init__(read_frames(UNIT, Block((cell(0, 10, "uint32"),))), timeout_s)
        self.outcomes: list[bytes | Bad] = []

    def arrived(self, buffer: bytes | bytearray, at: int) -> None:
        self.outcomes.append(bytes(buffer[at : at + 4]))

    def failed(self, bad: Bad) -> None:
        self.outcomes.append(bad)


class Rig:
    """A wire on a fake transport."""

    def __init__(self) -> None:
        self.wire = Stream(asyncio.get_running_loop(), "peer", 64)
        self.transport = FakeTransport(self.wire)
        self.wire.connection_made(self.transport)

    def send(self, timeout_s: float = 60.0) -> tuple[Noted, Query]:
        exchange = Noted(timeout_s)
        self.wire.send(exchange)
        return exchange, Query(next(reversed(self.wire.in_flight)), UNIT, 3, 10, 2)

    def feed(self, pieces: Iterable[bytes]) -> None:
        for piece in pieces:
            if not self.wire.open:
                return
            self.wire.get_buffer(-1)[: len(piece)] = piece
            self.wire.buffer_updated(len(piece))

    async def end(self) -> None:
        await self.wire.close()


def pieces(data: bytes, cuts: Iterable[int]) -> list[bytes]:
    edges = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    return [data[a:b] for a, b in pairwise(edges) if a < b]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.permutations(range(4)), st.lists(st.integers(0, 200)))
async def test_replies_in_any_order_and_any_pieces_find_their_requests(order: list[int], cuts: list[int]) -> None:
    rig = Rig()
    sent = [rig.send() for _ in range(4)]
    rig.feed(pieces(b"".join(sent[at][1].good() for at in order), cuts))
    assert [exchange.outcomes for exchange, _ in sent] == [[b"\0\x0a\0\x0b"]] * 4
    assert not rig.wire.in_flight
    await rig.end()


async def test_byte_by_byte_with_a_late_reply_and_an_exception_between() -> None:
    rig = Rig()
    first, asked = rig.send()
    second, other = rig.send()
    late = asked._replace(tid=999).good()
    rig.feed(bytes([byte]) for byte in late + other.refused(6) + late + asked.good())
    assert first.outcomes == [b"\0\x0a\0\x0b"]
    assert [bad.code for bad in second.outcomes if isinstance(bad, Bad)] == [6]
    assert (rig.wire.counters.late, rig.wire.counters.exceptions) == (2, 1)
    await rig.end()


@settings(max_examples=examples(300))
@given(st.binary(max_size=300), st.lists(st.integers(0, 300)))
async def test_noise_is_never_a_value_and_never_raises(noise: bytes, cuts: list[int]) -> None:
    rig = Rig()
    exchange, _ = rig.send()
    rig.feed(pieces(noise, cuts))
    await rig.end()
    assert not any(isinstance(outcome, bytes) for outcome in exchange.outcomes)
    assert len(exchange.outcomes) == 1


@settings(max_examples=examples(300))
@given(st.integers(0, 8), st.integers(0, 255), st.lists(st.integers(0, 30)), st.booleans())
async def test_a_reply_with_a_damaged_head_is_never_a_value(
    at: int, byte: int, cuts: list[int], followed: bool
) -> None:
    rig = Rig()
    exchange, asked = rig.send()
    frame = bytearray(asked.good())
    frame[at] = byte if byte != frame[at] else byte ^ 1
    rig.feed(pieces(bytes(frame) + (asked._replace(tid=999).good() if followed else b""), cuts))
    await rig.end()
    assert not any(isinstance(outcome, bytes) for outcome in exchange.outcomes)
    assert len(exchange.outcomes) == 1


async def test_who_sends_replies_without_end_that_nobody_asked_for_is_cut_off() -> None:
    rig = Rig()
    exchange, asked = rig.send()
    late = asked._replace(tid=999).good() * 100
    rig.feed(late for _ in range(BABBLE_BYTES // len(late) + 1))
    assert not rig.wire.open
    with pytest.raises(AdapterError, match="sends without end"):
        await rig.wire.lost
    await rig.end()
    assert exchange.outcomes == [LINK_LOST]


@given(st.integers(0, 12))
async def test_a_reply_that_is_cut_off_is_never_a_value(size: int) -> None:
    rig = Rig()
    exchange, asked = rig.send()
    rig.feed([asked.good()[:size]])
    await rig.end()
    assert exchange.outcomes == [LINK_LOST]


async def test_what_lay_in_the_buffer_before_is_never_taken_for_new() -> None:
    rig = Rig()
    _, asked = rig.send()
    rig.feed([asked.good()])
    again, asked = rig.send()
    rig.feed([asked.good()[:9]])
    assert again.outcomes == []
    rig.feed([asked.good()[9:]])
    assert again.outcomes == [b"\0\x0a\0\x0b"]
    await rig.end()


async def test_each_request_has_its_own_deadline() -> None:
    rig = Rig()
    slow, asked = rig.send(5.0)
    fast, _ = rig.send(0.01)
    ended = asyncio.Event()
    rig.wire.idle = ended.set
    async with asyncio.timeout(HANG_S):
        await ended.wait()
    assert (slow.outcomes, fast.outcomes) == ([], [TIMED_OUT])
    rig.feed([asked.good()])
    assert slow.outcomes == [b"\0\x0a\0\x0b"]
    await rig.end()


@pytest.mark.parametrize("size", [1, 2, 12])
def test_while_a_reply_is_half_here_another_may_be_late(size: int) -> None:
    outcomes: list[bytes | Bad] = []

    async def happens() -> None:
        rig = Rig()
        slow, asked = rig.send(5.0)
        dead, _ = rig.send(1.0)
        rig.feed([asked.good()[:size]])
        await asyncio.sleep(1.1)
        rig.feed([asked.good()[size:]])
        outcomes.extend(dead.outcomes + slow.outcomes)
        await rig.end()

    in_simulated_time(happens)
    assert outcomes == [TIMED_OUT, b"\0\x0a\0\x0b"]


@pytest.mark.parametrize("size", [1, 2, 12])
def test_a_reply_that_stays_half_ends_the_link_when_its_time_is_over(size: int) -> None:
    async def happens() -> None:
        rig = Rig()
        _, asked = rig.send(5.0)
        rig.send(1.0)
        rig.feed([asked.good()[:size]])
        await asyncio.sleep(4.9)
        assert rig.wire.open
        await asyncio.sleep(0.2)
        with pytest.raises(AdapterError, match="middle of a reply"):
            await rig.wire.lost
        await rig.end()

    in_simulated_time(happens)


async def test_a_transaction_number_in_flight_is_not_given_twice() -> None:
    rig = Rig()
    waiting, asked = rig.send()
    rig.wire._number = asked.tid - 1
    _, other = rig.send()
    assert other.tid != asked.tid
    rig.feed([other.good()])
    assert waiting.outcomes == []
    await rig.end()


async def test_transaction_numbers_begin_again_after_the_last() -> None:
    rig = Rig()
    rig.wire._number = 65534
    assert [rig.send()[1].tid for _ in range(3)] == [65535, 0, 1]
    await rig.end()


async def test_a_failure_while_a_deadline_is_served_ends_the_link() -> None:
    class Broken(Noted):
        def failed(self, bad: Bad) -> None:
            super().failed(bad)
            raise LookupError("a bug")

    rig = Rig()
    rig.wire.send(Broken(0.01))
    with pytest.raises(LookupError):
        async with asyncio.timeout(HANG_S):
            await rig.wire.lost
    await rig.end()


async def test_why_a_connection_ended_is_told_once() -> None:
    rig = Rig()
    rig.wire.lose(AdapterError("first"))
    rig.wire.lose(AdapterError("second"))
    with pytest.raises(AdapterError, match="first"):
        await rig.wire.lost


@pytest.mark.parametrize("outcome", [GARBLED])
async def test_a_frame_of_another_unit_is_refused(outcome: Bad) -> None:
    rig = Rig()
    exchange, asked = rig.send()
    rig.feed([asked.good(unit=UNIT + 1)])
    assert exchange.outcomes == [outcome]
    await rig.end()


async def test_a_failure_while_a_datagram_is_served_ends_the_link() -> None:
    class Broken(Noted):
        def arrived(self, buffer: bytes | bytearray, at: int) -> None:
            raise LookupError("a bug")

    rig = DatagramRig()
    rig.wire.send(Broken())
    rig.feed([rig.query().good()])
    with pytest.raises(LookupError):
        async with asyncio.timeout(HANG_S):
            await rig.wire.lost
    await rig.end()


class DatagramTransport(asyncio.DatagramTransport):
    """Closes at once; what is sent is lost."""

    def __init__(self, wire: Datagrams) -> None:
        super().__init__()
        self._wire: Datagrams | None = wire

    def sendto(self, data: Any, addr: Any = None) -> None:
        pass

    def abort(self) -> None:
        if self._wire is not None:
            wire, self._wire = self._wire, None
            wire.connection_lost(None)


class DatagramRig:
    """A wire of datagrams."""

    def __init__(self) -> None:
        self.wire = Datagrams(asyncio.get_running_loop(), "peer", 64)
        self.wire.connection_made(DatagramTransport(self.wire))

    def query(self) -> Query:
        return Query(next(reversed(self.wire.in_flight)), UNIT, 3, 10, 2)

    def feed(self, datagrams: Iterable[bytes]) -> None:
        for datagram in datagrams:
            self.wire.datagram_received(datagram, None)

    async def end(self) -> None:
        await self.wire.close()


@settings(max_examples=examples(300))
@given(st.lists(st.binary(max_size=60), max_size=12))
async def test_datagrams_of_noise_hurt_nobody_and_the_reply_is_taken(noise: list[bytes]) -> None:
    rig = DatagramRig()
    exchange = Noted()
    rig.wire.send(exchange)
    good = rig.query().good()
    rig.feed(noise)
    assert exchange.outcomes == []
    rig.feed([good, *noise, good])
    assert exchange.outcomes == [b"\0\x0a\0\x0b"]
    await rig.end()


@settings(max_examples=examples(300))
@given(st.integers(0, 12), st.integers(1, 255), st.integers(0, 13))
async def test_a_damaged_or_cut_datagram_is_never_a_value_but_in_its_data(at: int, flip: int, size: int) -> None:
    rig = DatagramRig()
    exchange = Noted()
    rig.wire.send(exchange)
    frame = bytearray(rig.query().good())
    frame[at] ^= flip
    rig.feed([bytes(frame[:size])])
    values = [outcome for outcome in exchange.outcomes if isinstance(outcome, bytes)]
    assert values == ([bytes(frame[9:])] if at >= 9 and size == 13 else [])
    await rig.end()


def test_who_answers_late_is_told_from_who_answers_twice_or_under_no_number_of_ours() -> None:
    odd: list[tuple[int, Odd]] = []

    async def happens() -> None:
        rig = Rig()
        rig.wire.odd = lambda unit, what: odd.append((unit, what))
        _, asked = rig.send(timeout_s=1.0)
        await asyncio.sleep(1.1)
        rig.feed([asked.good()])
        _, other = rig.send()
        rig.feed([other.good(), other.good(), other.good(tid=0)])
        await rig.end()

    in_simulated_time(happens)
    assert odd == [(UNIT, Odd.LATE), (UNIT, Odd.TWICE), (UNIT, Odd.UNNUMBERED)]
