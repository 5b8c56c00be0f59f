"""Mutated replies in arbitrary pieces at arbitrary times: nothing raises, nothing hangs, only a reply is a value.

What is a value must stand in what has come since its request was sent, whole and with a check that fits.
"""

import asyncio
import struct
from collections.abc import Callable
from itertools import pairwise
from typing import Any, NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st
from typing_extensions import override

from adapters.modbus.blocks.plan import Block
from adapters.modbus.bus.bus import Bus
from adapters.modbus.wire.exact import Loose
from adapters.modbus.wire.exchange import EXCEPTION_SIZE, Exchange
from adapters.modbus.wire.frames import Frames, read_frames
from adapters.modbus.wire.framing import Ascii, Framing, Rtu
from adapters.modbus.wire.line import DRAIN_S, MAX_HEARD_BYTES, Line
from adapters.modbus.wire.mbap import BUFFER_BYTES, Datagrams, Stream
from adapters.modbus.wire.wire import Pace, Wire
from gateway.model import Bad
from tests.modbus.setup import cell
from tests.modbus.slave import SILENCE_S, TIMEOUT_S
from tests.support.examples import examples
from tests.support.simulated import in_simulated_time

UNITS, FUNCTIONS = st.sampled_from((5, 5, 5, 6, 0)), st.sampled_from((3, 3, 3, 4, 0x83, 16))
REQUESTS = 4
LONGEST_S = 12.0
"""Every piece has come by then."""


class Mutation(NamedTuple):
    """A reply to `at`, the how manieth request, and what has become of it on the way."""

    at: int
    unit: int
    function: int
    size: int
    flips: list[tuple[int, int]]
    cut: slice
    times: int
    before: bytes


mutations = st.builds(
    Mutation,
    at=st.integers(0, REQUESTS - 1),
    unit=UNITS,
    function=FUNCTIONS,
    size=st.sampled_from((4, 4, 4, 2, 6, 3)),
    flips=st.lists(st.tuples(st.integers(0, 30), st.integers(1, 255)), max_size=2),
    cut=st.builds(slice, st.sampled_from((0, 0, 0, 1, 3)), st.sampled_from((None, None, None, 5, 8))),
    times=st.integers(1, 2),
    before=st.one_of(st.just(b""), st.binary(max_size=9)),
)
Pieces = list[tuple[float, bytes]]


@st.composite
def timed(draw: st.DrawFn) -> list[tuple[float, list[Mutation], list[int]]]:
    """Mutations glued together, where they are cut, and when that begins to come."""
    moments = st.floats(0, LONGEST_S / 2)
    glued = st.tuples(moments, st.lists(mutations, min_size=1, max_size=3), st.lists(st.integers(0, 60), max_size=4))
    return draw(st.lists(glued, max_size=10))


class Peer(asyncio.Transport, asyncio.DatagramTransport):
    """Remembers when it was asked, and by which frames; hears nothing else."""

    def __init__(self, wire: Wire) -> None:
        super().__init__()
        self.sent: list[bytes] = []
        self.since: list[int] = []
        """How many bytes had come before each of these."""
        self.came = bytearray()
        self._wire = wire

    @override
    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.sent.append(bytes(data))
        self.since.append(len(self.came))

    @override
    def sendto(self, data: Any, addr: Any = None) -> None:
        self.write(data)

    @override
    def abort(self) -> None:
        asyncio.get_running_loop().call_soon(self._wire.connection_lost, None)

    def say(self, data: bytes) -> None:
        if not self._wire.open or not data:
            return
        self.came += data
        match self._wire:
            case Line() as line:
                line.data_received(data)
            case Datagrams() as datagrams:
                datagrams.datagram_received(data, None)
            case Stream() as stream:
                assert len(stream.get_buffer(-1)) >= BUFFER_BYTES - 262, "a frame that is not whole, and no more"
                stream.get_buffer(-1)[: len(data)] = data
                stream.buffer_updated(len(data))


class Asked(Exchange):
    """One of a few requests, one after the other; `ended` once."""

    def __init__(self, frames: Frames, ended: Callable[["Asked", bytes | Bad], None]) -> None:
        super().__init__(frames, TIMEOUT_S)
        self._ended = ended

    @override
    def arrived(self, buffer: bytes | bytearray, at: int) -> None:
        self._ended(self, bytes(buffer[at : at + 4]))

    @override
    def failed(self, bad: Bad) -> None:
        self._ended(self, bad)


def body_of(mutation: Mutation) -> bytes:
    data = bytes([mutation.at, *range(1, mutation.size)])
    if mutation.function & 0x80:
        return bytes([mutation.unit, mutation.function, 2])
    return bytes([mutation.unit, mutation.function, mutation.size]) + data


def mangled(frame: bytes, mutation: Mutation) -> bytes:
    damaged = bytearray(frame)
    for at, flip in mutation.flips:
        damaged[at % len(damaged)] ^= flip
    return (mutation.before + bytes(damaged[mutation.cut])) * mutation.times


def cut_up(data: bytes, cuts: list[int]) -> list[bytes]:
    edges = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    return [data[a:b] for a, b in pairwise(edges) if a < b]


def ask_all(wire: Wire, feed: Callable[[Peer], None]) -> tuple[Peer, list[tuple[float, bytes | Bad, int]]]:
    """Ask REQUESTS times while this comes; what became of each, and up to which byte it had heard."""
    loop = asyncio.get_running_loop()
    peer, ended = Peer(wire), []
    wire.connection_made(peer)
    bus = Bus(wire, 0.3)

    def end(asked: Asked, outcome: bytes | Bad) -> None:
        ended.append((loop.time(), outcome, len(peer.came)))
        if len(ended) < REQUESTS and wire.open:
            loop.call_soon(bus.poll, (asked,), loop.time())

    bus.poll((Asked(read_frames(5, Block((cell(0, 10, "uint32"),))), end),), 0.0)
    feed(peer)
    return peer, ended


def check_in_simulated_time(make: Callable[[], Wire], feed: Callable[[Peer], None], right: Callable[..., bool]) -> None:
    raised: list[dict[str, Any]] = []

    async def happens() -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _loop, context: raised.append(context))
        wire = make()
        peer, ended = ask_all(wire, feed)
        await asyncio.sleep(LONGEST_S + REQUESTS * 3 * (TIMEOUT_S + 1))
        assert len(ended) == REQUESTS or (ended and not wire.open), "a request hangs"
        times = [0.0] + [at_s for at_s, _, _ in ended]
        assert all(b - a <= 2 * (TIMEOUT_S + 1.0 + DRAIN_S) + 2 for a, b in pairwise(times))
        for _, outcome, heard in ended:
            assert isinstance(outcome, Bad) or right(peer, outcome, heard)
        if wire.open:
            wire.lost.cancel()
        elif wire.lost.done():
            wire.lost.exception()
        await wire.close()

    in_simulated_time(happens)
    assert raised == []


def feeder(pieces: Pieces) -> Callable[[Peer], None]:
    def feed(peer: Peer) -> None:
        for at_s, data in pieces:
            asyncio.get_running_loop().call_later(at_s, peer.say, data)

    return feed


def pieces_of(drawn: list[tuple[float, list[Mutation], list[int]]], frame: Callable[[Mutation], bytes]) -> Pieces:
    pieces: Pieces = []
    for at_s, glued, cuts in drawn:
        whole = b"".join(mangled(frame(mutation), mutation) for mutation in glued)
        pieces += [(at_s + 0.03 * n, piece) for n, piece in enumerate(cut_up(whole, cuts))]
    return pieces


def line_of(framing: Framing) -> Line:
    loop = asyncio.get_running_loop()
    return Line(loop, "line", framing, Loose(loop), Pace(silence_s=SILENCE_S), echo=False)


@settings(max_examples=examples(150))
@given(timed(), st.sampled_from((Rtu, Ascii)))
def test_on_a_line_nothing_is_a_value_but_a_whole_reply(drawn: Any, kind: type[Rtu] | type[Ascii]) -> None:
    framing = kind()
    pieces = pieces_of(drawn, lambda mutation: framing.frame(body_of(mutation)))

    def right(peer: Peer, value: bytes, heard: int) -> bool:
        reply = framing.frame(bytes([5, 3, 4]) + value)
        since = max(since for since in peer.since if since < heard)
        return reply.upper() in bytes(peer.came[since:heard]).upper()

    check_in_simulated_time(lambda: line_of(framing), feeder(pieces), right)


@settings(max_examples=examples(150))
@given(timed(), st.booleans())
def test_with_transaction_numbers_nothing_is_a_value_but_a_whole_reply(drawn: Any, udp: bool) -> None:
    def frame(mutation: Mutation) -> bytes:
        body = body_of(mutation)
        return struct.pack(">HHH", mutation.at + 1, 0, len(body)) + body

    def right(peer: Peer, value: bytes, heard: int) -> bool:
        replies = [sent[:2] + bytes([0, 0, 0, 7, 5, 3, 4]) + value for sent in peer.sent]
        return any(reply in bytes(peer.came[:heard]) for reply in replies)

    def make() -> Wire:
        loop = asyncio.get_running_loop()
        return Datagrams(loop, "peer") if udp else Stream(loop, "peer")

    check_in_simulated_time(make, feeder(pieces_of(drawn, frame)), right)


@settings(max_examples=examples(100))
@given(st.lists(st.binary(min_size=1, max_size=2500), min_size=1, max_size=30), st.sampled_from((Rtu, Ascii)))
def test_noise_without_an_end_takes_bounded_memory(noise: list[bytes], kind: type[Rtu] | type[Ascii]) -> None:
    async def happens() -> None:
        line = line_of(kind())
        peer, ended = ask_all(line, feeder([]))
        for n in range(300):
            await asyncio.sleep(0.01)
            peer.say(noise[n % len(noise)])
            assert len(line._data) < MAX_HEARD_BYTES + 2500
        await asyncio.sleep(10)
        assert all(isinstance(outcome, Bad) for _, outcome, _ in ended)
        line.lost.cancel()
        await line.close()

    in_simulated_time(happens)


replies = st.builds(
    lambda size, data: bytes([5, 3, size]) + data[:size].ljust(size, b"\0"), st.just(4), st.binary(max_size=4)
)


@settings(max_examples=examples(300))
@given(replies, st.binary(max_size=40), st.binary(max_size=40))
def test_a_good_reply_is_found_in_front_of_anything_and_behind_what_is_no_head(
    body: bytes, noise: bytes, behind: bytes
) -> None:
    exchange = Asked(read_frames(5, Block((cell(0, 10, "uint32"),))), lambda _asked, _outcome: None)
    for framing in (Rtu(), Ascii()):
        harmless = bytes(byte | 0xF8 for byte in noise)
        assert framing.find(framing.frame(body) + behind, exchange) == body
        assert framing.find(harmless + framing.frame(body) + behind, exchange) == body


@settings(max_examples=examples(300))
@given(replies, st.binary(max_size=60), st.binary(max_size=20), st.lists(st.integers(0, 90), max_size=6))
def test_what_is_looked_for_bit_by_bit_is_found_as_soon_as_in_one_go(
    body: bytes, noise: bytes, behind: bytes, cuts: list[int]
) -> None:
    exchange = Asked(read_frames(5, Block((cell(0, 10, "uint32"),))), lambda _asked, _outcome: None)
    data = bytes(byte | 0xF8 for byte in noise) + Rtu().frame(body) + behind
    seen, found = 0, []
    for end in [*sorted(cut % (len(data) + 1) for cut in cuts), len(data)]:
        found.append(Rtu().find(data[:end], exchange, seen))
        assert found[-1] == Rtu().find(data[:end], exchange)
        if found[-1] is not None:
            break
        seen = end
    assert found[-1] == body


@settings(max_examples=examples(500))
@given(st.binary(max_size=300), st.sampled_from((Rtu, Ascii)))
def test_what_is_found_has_the_head_that_was_asked_for(data: bytes, kind: type[Rtu] | type[Ascii]) -> None:
    exchange = Asked(read_frames(5, Block((cell(0, 10, "uint32"),))), lambda _asked, _outcome: None)
    body = kind().find(data, exchange)
    kind().spoilt(data, exchange)
    assert body is None or body[:3] == exchange.expected or body[:2] == bytes(exchange.refusal)
    assert body is None or len(body) in {exchange.size, EXCEPTION_SIZE}


@settings(max_examples=examples(300))
@given(st.integers(1, 247), st.binary(min_size=1, max_size=120), st.data())
def test_no_reply_is_found_inside_the_frame_of_another(unit: int, filling: bytes, data: st.DataObject) -> None:
    """Also while that frame is still coming in."""
    exchange = Asked(read_frames(5, Block((cell(0, 10, "uint32"),))), lambda _asked, _outcome: None)
    inner = Rtu().frame(bytes([5, 3, 4, 1, 2, 3, 4]))
    at = data.draw(st.integers(0, len(filling)))
    payload = filling[:at] + inner + filling[at:]
    outer = Rtu().frame(bytes([unit, 3, len(payload)]) + payload)
    found = [Rtu().find(outer[:end], exchange) for end in range(len(outer) + 1)]
    assert set(found) == {None}
