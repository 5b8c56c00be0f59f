"""Against a server that misbehaves: each fault is a bad point or a lost link, never a value, never a hang."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest

from adapters.modbus.bus.unit import LINK_SILENT_S
from gateway.adapter import AdapterError, Unheard
from gateway.model import Bad, BadReason, DeviceState
from tests.modbus.faulty import FaultyServer, Query, faulty_server, hang, well
from tests.modbus.house import housed
from tests.modbus.setup import adapter_to, device, link_to, registers
from tests.support.emitted import running
from tests.support.patience import HANG_S

TIMEOUT = {"r7": Bad(BadReason.TIMEOUT)}
GARBLED = {"r7": Bad(BadReason.DECODE_ERROR)}


@pytest.fixture
async def server() -> AsyncIterator[FaultyServer]:
    async with faulty_server() as faulty:
        yield faulty


async def test_a_reply_that_comes_byte_by_byte_is_a_value(server: FaultyServer) -> None:
    server.piecewise = True
    async with running(adapter_to(server.port, {"d": registers(7, 90)})) as emitted:
        await emitted.sample("d")
        assert emitted.values("d") == {"r7": 7, "r90": 90}


@pytest.mark.parametrize(
    "fit",
    [
        lambda query: query.good(unit=9),
        lambda query: query.frame(b"\x04" + bytes(4)),
        lambda query: query.frame(b"\x02" + bytes(2), function=4),
        lambda query: query.frame(b"\x02" + bytes(3)),
    ],
    ids=["unit", "byte count", "function", "length"],
)
async def test_a_whole_frame_with_a_wrong_field_spoils_only_its_question(
    server: FaultyServer, fit: Callable[[Query], bytes]
) -> None:
    server.react = fit
    async with running(adapter_to(server.port, {"d": registers(7)})) as emitted:
        await emitted.sample("d")
        assert emitted.bad("d") == GARBLED
        server.react = well
        await emitted.until(lambda: emitted.values("d") == {"r7": 7})
    assert server.connections == 1


@pytest.mark.usefixtures("impatient")
async def test_a_late_reply_is_never_the_answer_to_the_next_question(server: FaultyServer) -> None:
    late: list[bytes] = []

    def one_behind(query: Query) -> bytes:
        late.append(query.frame(b"\x02" + len(server.queries).to_bytes(2, "big")))
        return late[-2] if len(late) > 1 else b""

    server.react = one_behind
    async with running(adapter_to(server.port, {"d": registers(7)})) as emitted:
        for _ in range(4):
            await emitted.sample("d")
            assert emitted.bad("d") == TIMEOUT


async def test_a_reply_that_comes_twice_counts_once(server: FaultyServer) -> None:
    server.react = lambda query: query.good() * 2
    async with running(adapter_to(server.port, {"d": registers(7)})) as emitted:
        for _ in range(5):
            await emitted.sample("d")
            assert emitted.values("d") == {"r7": 7}
    assert server.connections == 1


@pytest.mark.parametrize(
    "garbage",
    [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\x00\x01\x00\x01\x00\x05", b"\x00\x01\x00\x00\xff\xff\x01\x03\x02\x00"],
    ids=["text", "protocol", "length"],
)
async def test_garbage_ends_the_link(server: FaultyServer, garbage: bytes) -> None:
    server.react = lambda _query: garbage
    with pytest.raises(AdapterError, match="not Modbus"):
        async with running(adapter_to(server.port, {"d": registers(7)})) as emitted:
            await emitted.until(lambda: False)
    assert emitted.items == []


async def test_a_server_that_closes_in_the_middle_of_a_reply_ends_the_link_at_once(server: FaultyServer) -> None:
    answers = iter([b""])
    server.react = lambda _query: next(answers, None)
    adapter = adapter_to(server.port, {"d": registers(7, timeout="60s"), "e": registers(8)}, max_in_flight=2)
    async with asyncio.timeout(HANG_S):
        with pytest.raises(AdapterError, match="closed"):
            await adapter.run(_Deaf())


async def test_a_server_that_stops_in_the_middle_of_a_reply_ends_the_link(server: FaultyServer) -> None:
    server.react = lambda query: query.good()[:10]
    with pytest.raises(AdapterError, match="middle"):
        async with asyncio.timeout(5):
            await adapter_to(server.port, {"d": registers(7)}).run(_Deaf())


async def test_nobody_listening_is_said_in_plain_words(unused_tcp_port: int) -> None:
    with pytest.raises(AdapterError, match="refuses the connection"):
        await adapter_to(unused_tcp_port, {"d": registers(7)}).run(_Deaf())


async def test_a_dead_unit_is_bad_points_and_a_status_and_its_neighbour_goes_on(server: FaultyServer) -> None:
    server.units[2] = hang
    devices = {"alive": registers(7), "dead": registers(8, unit_id=2, timeout="50ms")}
    async with running(adapter_to(server.port, devices)) as emitted:
        await emitted.state("dead", DeviceState.OFFLINE)
        assert emitted.bad("dead") == {"r8": Bad(BadReason.TIMEOUT)}
        await emitted.sample("alive", 40)
        assert emitted.states("alive") == [DeviceState.ONLINE]
    asked = [query.unit for query in server.queries]
    assert asked.count(2) <= 25, "three failures, at most a second of them, then pauses"


@pytest.mark.usefixtures("impatient")
async def test_a_dead_unit_that_returns_is_found_by_its_probe(server: FaultyServer) -> None:
    server.units[2] = hang
    devices = {"alive": registers(7), "dead": registers(8, 200, unit_id=2, timeout="50ms")}
    async with running(adapter_to(server.port, devices)) as emitted:
        await emitted.state("dead", DeviceState.OFFLINE)
        server.units[2] = well
        await emitted.state("dead", DeviceState.ONLINE)
        assert emitted.values("dead") == {"r8": 8, "r200": 200}


async def test_a_block_that_hangs_spoils_only_itself(server: FaultyServer) -> None:
    server.react = lambda query: b"" if query.touches(200) else query.good()
    async with running(adapter_to(server.port, {"d": registers(7, 200, 400, timeout="50ms")})) as emitted:
        await emitted.state("d", DeviceState.DEGRADED)
        await emitted.sample("d", 10)
        assert emitted.values("d") == {"r7": 7, "r200": None, "r400": 400}
        assert emitted.bad("d") == {"r200": Bad(BadReason.TIMEOUT)}


async def test_an_exception_marks_its_block_with_its_code(server: FaultyServer) -> None:
    server.react = lambda query: query.refused(4) if query.touches(200) else query.good()
    async with running(adapter_to(server.port, {"d": registers(7, 200)})) as emitted:
        await emitted.sample("d")
        assert emitted.values("d") == {"r7": 7, "r200": None}
        assert emitted.bad("d") == {"r200": Bad(BadReason.DEVICE_ERROR, code=4)}


@pytest.mark.parametrize("code", [2, 4, 6])
async def test_what_is_refused_was_read_when_that_was_said(server: FaultyServer, code: int) -> None:
    began_ms = int(time.time() * 1000)
    server.react = lambda query: query.refused(code)
    async with running(adapter_to(server.port, {"d": registers(7)})) as emitted:
        assert (await emitted.sample("d")).time_ms >= began_ms
        server.react = well
        await emitted.until(lambda: emitted.values("d") == {"r7": 7})
        good_ms = emitted.samples("d")[-1].time_ms
        server.react = lambda query: query.refused(code)
        await emitted.until(lambda: emitted.bad("d"))
        assert emitted.samples("d")[-1].time_ms > good_ms


async def test_an_exception_whose_length_is_short_by_one_is_understood(server: FaultyServer) -> None:
    server.react = lambda query: query.frame(b"\x04", function=query.function | 0x80, length=2)
    async with running(adapter_to(server.port, {"d": registers(7)})) as emitted:
        await emitted.sample("d", 3)
        assert emitted.bad("d") == {"r7": Bad(BadReason.DEVICE_ERROR, code=4)}


@pytest.mark.usefixtures("impatient")
async def test_a_gateway_that_says_the_device_is_silent_makes_it_offline(server: FaultyServer) -> None:
    server.units[2] = lambda query: query.refused(0x0B)
    devices = {"alive": registers(7), "dead": registers(8, unit_id=2)}
    async with running(adapter_to(server.port, devices)) as emitted:
        await emitted.state("dead", DeviceState.OFFLINE)
        assert emitted.bad("dead") == {"r8": Bad(BadReason.DEVICE_ERROR, code=0x0B)}


async def test_a_point_that_does_not_exist_spoils_only_itself(server: FaultyServer) -> None:
    server.react = lambda query: query.refused(2) if query.touches(13) else query.good()
    memory: dict[str, dict[str, Any]] = {"d": {}}
    points = registers(*range(10, 60))
    async with running(adapter_to(server.port, {"d": points}, memory)) as emitted:
        await emitted.sample("d")
        assert emitted.bad("d") == {"r13": Bad(BadReason.DEVICE_ERROR, code=2)}
        assert {name for name, value in emitted.values("d").items() if value is None} == {"r13"}
        server.queries.clear()
        await emitted.sample("d", 5)
        assert not any(query.touches(13) for query in server.queries), "what was learned is not asked again"
        assert {(query.address, query.size) for query in server.queries} == {(10, 3), (14, 46)}
    assert memory["d"]["absent"] == [["holding", 13, 14, 2]]


async def test_what_was_learned_is_used_by_the_next_instance_and_forgotten_in_time(server: FaultyServer) -> None:
    memory: dict[str, dict[str, Any]] = {"d": {"absent": [["holding", 13, 14, 2]], "since_s": 1.0}}
    async with running(adapter_to(server.port, {"d": registers(12, 13)}, memory)) as emitted:
        await emitted.until(lambda: emitted.samples("d") and emitted.values("d") == {"r12": 12, "r13": 13})
    assert "absent" not in memory["d"]


async def test_a_hole_that_may_not_be_read_is_read_around(server: FaultyServer) -> None:
    server.react = lambda query: query.refused(2) if query.touches(15) else query.good()
    memory: dict[str, dict[str, Any]] = {"d": {}}
    async with running(adapter_to(server.port, {"d": registers(10, 11, 18, 19)}, memory)) as emitted:
        await emitted.sample("d")
        assert emitted.values("d") == {"r10": 10, "r11": 11, "r18": 18, "r19": 19}
    assert memory["d"]["cuts"] == [["holding", 18]]


async def test_what_a_search_has_read_is_not_reported_again_by_the_next_cycle(server: FaultyServer) -> None:
    answers: Iterator[Callable[[Query], bytes]] = iter([lambda query: query.refused(2), well])

    def react(query: Query) -> bytes:
        return next(answers, hang)(query)

    server.react = react
    async with running(adapter_to(server.port, {"d": registers(10, 11)})) as emitted:
        await emitted.until(lambda: len(emitted.samples("d")) >= 2)
    first, second = emitted.samples("d")[:2]
    assert (first.values, set(first.bad)) == ((10, None), {"r11"})
    assert set(second.bad) == {"r10", "r11"}


async def test_a_device_that_refuses_every_address_is_asked_for_one_until_it_gives_it(server: FaultyServer) -> None:
    server.react = lambda query: query.refused(2)
    async with running(adapter_to(server.port, {"d": registers(7, 8, 9)})) as emitted:
        await emitted.sample("d")
        assert set(emitted.bad("d")) == {"r7", "r8", "r9"}
        server.react = well
        await emitted.until(lambda: emitted.values("d") == {"r7": 7, "r8": 8, "r9": 9})


@pytest.mark.usefixtures("impatient")
async def test_a_link_on_which_nobody_speaks_is_dropped(server: FaultyServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adapters.modbus.bus.unit.LINK_SILENT_S", LINK_SILENT_S / 20)
    server.react = hang
    devices = {"d": registers(7, timeout="50ms"), "e": registers(8, unit_id=2, timeout="50ms")}
    with pytest.raises(Unheard, match="nothing has come"):
        async with asyncio.timeout(5):
            await adapter_to(server.port, devices).run(_Deaf())


@pytest.mark.usefixtures("impatient")
async def test_while_nobody_speaks_the_connection_is_opened_anew_and_nothing_new_is_said_of_devices(
    server: FaultyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adapters.modbus.bus.unit.LINK_SILENT_S", 0.1)
    server.react = hang
    devices = {"d": registers(7, timeout="50ms"), "e": registers(8, unit_id=2, timeout="50ms")}
    link = link_to(server.port, reconnect={"min": "50ms", "max": "60s"})
    async with housed(link, devices) as house:
        await server.until(lambda: server.connections >= 3, within_s=20)
    assert sorted(house.states) == [(name, "offline", "timeout") for name in devices]
    assert "no-link" not in house.reasons()


async def test_a_device_that_closes_what_is_idle_is_connected_to_again_and_nothing_is_said_of_it(
    server: FaultyServer,
) -> None:
    server.hangs_up = True
    link = link_to(server.port, reconnect={"min": "50ms", "max": "60s"})
    async with housed(link, {"d": registers(7, every="10s")}) as house:
        await server.until(lambda: server.connections >= 4)
    assert house.states == [("d", "online", None)]
    assert house.reasons() == []


async def test_as_many_requests_are_under_way_as_the_link_allows(server: FaultyServer) -> None:
    waiting: list[Query] = []

    def answer_in_reverse(query: Query) -> bytes:
        waiting.append(query)
        if len(waiting) < 3:
            return b""
        answers = b"".join(query.good() for query in reversed(waiting))
        waiting.clear()
        return answers

    server.react = answer_in_reverse
    points = registers(7, 200, 400, every="1s", timeout="500ms")
    async with running(adapter_to(server.port, {"d": points}, max_in_flight=3)) as emitted:
        await emitted.sample("d")
        assert emitted.values("d") == {"r7": 7, "r200": 200, "r400": 400}


async def test_bits_and_registers_of_all_tables_come_in_the_order_of_the_file(server: FaultyServer) -> None:
    points: dict[str, dict[str, Any]] = {
        "b": {"address": 300, "table": "input"},
        "c3": {"address": 3, "table": "coil", "type": "bool"},
        "a": {"address": 9},
        "d4": {"address": 4, "table": "discrete", "type": "bool"},
        "on": {"address": 10, "type": "bool"},
    }
    async with running(adapter_to(server.port, {"d": device(points)})) as emitted:
        await emitted.sample("d")
        assert emitted.samples("d")[0].values == (300, True, 9, False, True)


async def test_a_resting_device_is_reported_bad_so_often_that_it_does_not_turn_stale(
    server: FaultyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adapters.modbus.polls.poll.REMIND_S", 0.1)
    server.react = hang
    async with running(adapter_to(server.port, {"d": registers(7, timeout="300ms")})) as emitted:
        await emitted.until(lambda: len(emitted.samples("d")) >= 8)
        assert len(server.queries) <= 5
        assert {tuple(sample.bad.items()) for sample in emitted.samples("d")} == {tuple(TIMEOUT.items())}


async def test_two_periods_of_a_device_that_returns_are_both_read_at_once(server: FaultyServer) -> None:
    server.react = hang
    points: dict[str, dict[str, Any]] = {"fast": {"address": 7}, "slow": {"address": 8, "every": "1h"}}
    async with running(adapter_to(server.port, {"d": device(points, timeout="50ms")})) as emitted:
        await emitted.until(lambda: len(emitted.samples("d")) >= 4)
        server.react = well
        await emitted.until(lambda: any(sample.values == (8,) for sample in emitted.samples("d")))


async def test_an_emit_that_fails_ends_its_own_link(server: FaultyServer) -> None:
    class Failing(_Deaf):
        def __call__(self, item: object, /) -> None:
            raise LookupError("a bug in the core")

    asyncio.get_running_loop().set_exception_handler(lambda _loop, _context: None)
    with pytest.raises(LookupError):
        async with asyncio.timeout(5):
            await adapter_to(server.port, {"d": registers(7)}).run(Failing())
    server.react = hang
    with pytest.raises(LookupError):
        async with asyncio.timeout(5):
            await adapter_to(server.port, {"d": registers(7)}).run(Failing())


async def test_a_value_out_of_its_range_degrades_the_device_and_back(server: FaultyServer) -> None:
    over: dict[str, dict[str, Any]] = {"p": {"address": 7, "range": [0, 7]}}
    server.react = lambda query: query._replace(address=8).good()
    async with running(adapter_to(server.port, {"d": device(over)})) as emitted:
        await emitted.state("d", DeviceState.DEGRADED)
        assert emitted.bad("d") == {"p": Bad(BadReason.OUT_OF_RANGE, value=8)}
        server.react = well
        await emitted.state("d", DeviceState.ONLINE)


class _Deaf:
    def __call__(self, item: object, /) -> None:
        pass

    async def durable(self, sample: object, /) -> None:
        pass


async def test_what_goes_wrong_is_counted_also_for_those_who_look_after_the_end(server: FaultyServer) -> None:
    answers = iter([hang, lambda query: query.good() * 2, lambda query: query.refused(4), lambda q: q.good(unit=9)])

    def one_after_the_other(query: Query) -> bytes:
        return next(answers, well)(query)

    server.react = one_after_the_other
    adapter = adapter_to(server.port, {"d": registers(7, timeout="300ms")})
    assert adapter.counters() == {}
    async with running(adapter) as emitted:
        await emitted.sample("d", 5)
        counted = dict(adapter.counters())
        assert counted.pop("requests") - len(server.queries) in {0, 1}
        assert counted.pop("skipped") >= 1
        assert counted == {"timeouts": 1, "late": 1, "exceptions": 1, "garbage": 1, "resyncs": 0}
    assert adapter.counters()["requests"] >= 5


async def test_a_poll_with_a_defect_ends_its_own_link_and_wakes_its_neighbours(
    server: FaultyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    defect = ZeroDivisionError("a poll's defect")
    broken = adapter_to(server.port, {"a": registers(7)})
    async with running(adapter_to(server.port, {"b": registers(8)})) as neighbour:
        with pytest.raises(ZeroDivisionError):  # noqa: PT012 -- it is raised at the end of the context
            async with running(broken) as emitted:
                await emitted.sample("a")
                assert broken._session is not None
                (_, poll), *_ = broken._session._slots
                monkeypatch.setattr(poll, "_start", lambda _: raised(defect))
                await emitted.until(lambda: emitted.over)
        await neighbour.sample("b", 3)


def raised(error: Exception) -> None:
    raise error
