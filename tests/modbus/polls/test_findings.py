"""What a device lacks is told to people, once, and so is its return."""

from typing import Any

from adapters.modbus.config import ModbusDevice
from gateway.model import Notice
from tests.modbus.faulty import FaultyServer, Query, faulty_server, well
from tests.modbus.setup import adapter_to, device, registers
from tests.support.emitted import Emitted, running

LACKING = {13, 31}


def lacks(query: Query) -> bytes:
    return query.refused(2) if any(map(query.touches, LACKING)) else query.good()


async def polled(server: FaultyServer, configured: ModbusDevice, memory: dict[str, Any], times: int = 3) -> Emitted:
    async with running(adapter_to(server.port, {"d": configured}, {"d": memory})) as emitted:
        await emitted.sample("d", times)
    return emitted


async def test_missing_points_are_told_in_one_sentence_with_addresses_as_the_manual_counts() -> None:
    points: dict[str, dict[str, Any]] = {
        "flow": {"address": 14},
        "power": {"address": 31, "type": "float32"},
        "good": {"address": 40},
    }
    async with faulty_server() as server:
        server.react = lacks
        (told,) = (await polled(server, device(points, address_base=1), {})).notices("d")
    assert told.startswith(
        "flow (holding 14), power (holding 31 to 32) can't be read: the device has no such address; manuals often "
        "count from 1, see address_base (exception 2). Compare with the manual"
    )


async def test_many_missing_points_are_not_all_named() -> None:
    async with faulty_server() as server:
        server.react = lambda query: query.refused(2) if query.address < 20 else query.good()
        (told,) = (await polled(server, registers(*range(25)), {})).notices("d")
    assert "r7 (holding 7) and 12 more can't" in told


async def test_each_refusal_is_told_with_its_own_reason() -> None:
    def refuses(query: Query) -> bytes:
        return query.refused(3 if query.address == 2 else 2) if query.touches(1) or query.touches(2) else query.good()

    async with faulty_server() as server:
        server.react = refuses
        told = (await polled(server, registers(0, 1, 2), {})).notices("d")
    assert ["(exception 2)" in told[0], "(exception 3)" in told[1], len(told)] == [True, True, 2]


async def test_a_finding_is_not_told_again_by_the_next_instance_nor_searched_for() -> None:
    memory: dict[str, Any] = {}
    async with faulty_server() as server:
        server.react = lacks
        assert len((await polled(server, registers(*range(10, 40)), memory)).notices("d")) == 1
        server.queries.clear()
        assert (await polled(server, registers(*range(10, 40)), memory)).notices("d") == []
        assert not any(query.touches(address) for query in server.queries for address in LACKING)


async def test_a_retry_that_finds_the_same_is_not_told() -> None:
    memory: dict[str, Any] = {}
    async with faulty_server() as server:
        server.react = lacks
        await polled(server, registers(*range(10, 40)), memory)
        memory["since_s"] = 1.0
        server.queries.clear()
        assert (await polled(server, registers(*range(10, 40)), memory)).notices("d") == []
        assert any(query.touches(13) for query in server.queries)
        assert sorted(span[1] for span in memory["absent"]) == sorted(LACKING)


async def test_a_retry_that_finds_a_point_again_tells_so_once() -> None:
    memory: dict[str, Any] = {}
    async with faulty_server() as server:
        server.react = lacks
        await polled(server, registers(*range(10, 40)), memory)
        server.react = lambda query: query.refused(2) if query.touches(31) else query.good()
        memory["since_s"] = 1.0
        emitted = await polled(server, registers(*range(10, 40)), memory)
        assert [item for item in emitted.items if isinstance(item, Notice)] == [
            Notice("d", "r13 (holding 13) can be read again", mended=True)
        ]
        assert set(emitted.bad("d")) == {"r31"}
        assert memory["told"] == [["holding", 31, 32]]
        assert (await polled(server, registers(*range(10, 40)), memory)).notices("d") == []


async def test_a_device_that_lacks_everything_tells_when_it_is_there() -> None:
    async with faulty_server() as server:
        server.react = lambda query: query.refused(2)
        async with running(adapter_to(server.port, {"d": registers(7, 8)})) as emitted:
            await emitted.sample("d", 2)
            server.react = well
            await emitted.until(lambda: emitted.values("d") == {"r7": 7, "r8": 8})
            await emitted.until(lambda: len(emitted.notices("d")) == 2)
    assert emitted.notices("d")[1] == "r7 (holding 7), r8 (holding 8) can be read again"


async def test_a_hole_that_may_not_be_read_is_told_once() -> None:
    memory: dict[str, Any] = {}
    async with faulty_server() as server:
        server.react = lambda query: query.refused(2) if query.touches(15) else query.good()
        (told,) = (await polled(server, registers(10, 18), memory)).notices("d")
        assert told.startswith("it refuses to have holding 18 read together with addresses before it")
        assert (await polled(server, registers(10, 18), memory)).notices("d") == []


async def test_what_was_learned_of_one_unit_is_not_believed_of_another() -> None:
    memory: dict[str, Any] = {}
    async with faulty_server() as server:
        server.react = lacks
        await polled(server, registers(13, 14), memory)
        server.units[2] = well
        emitted = await polled(server, registers(13, 14, unit_id=2), memory, times=1)
        assert emitted.values("d") == {"r13": 13, "r14": 14}


async def test_without_blocks_nothing_is_searched_for_a_point_that_is_missing() -> None:
    async with faulty_server() as server:
        server.react = lacks
        emitted = await polled(server, registers(12, 13, 14, blocks=False), {}, times=1)
        assert set(emitted.bad("d")) == {"r13"}
        assert [query.size for query in server.queries[:3]] == [1, 1, 1]
        assert len(emitted.notices("d")) == 1


async def test_a_table_that_a_device_does_not_have_is_asked_for_no_more_and_told_once() -> None:
    points: dict[str, dict[str, Any]] = {
        "a": {"address": 1},
        "b": {"address": 5, "table": "input"},
        "c": {"address": 6, "table": "input"},
    }
    async with faulty_server() as server:
        server.react = lambda query: query.refused(1) if query.function == 4 else query.good()
        emitted = await polled(server, device(points), {}, times=5)
        assert [query.function for query in server.queries].count(4) == 1
    assert {name: bad.code for name, bad in emitted.bad("d").items()} == {"b": 1, "c": 1}
    (told,) = emitted.notices("d")
    assert told.startswith("b (input 5), c (input 6) can't be read: the device does not know this function; the point")
