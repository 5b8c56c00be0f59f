"""What the audit is told of a command: the requests that may change something, as they go on the wire."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from adapters.modbus import ModbusAdapter
from gateway.adapter import AdapterError, Rejected
from gateway.model import Command, DeviceState, Result, ResultStatus, Value
from tests.modbus.faulty import FaultyServer, faulty_server, hang
from tests.modbus.setup import adapter_to, device
from tests.support.device import Device, garbage, hang_on_writes
from tests.support.emitted import running

POINTS: dict[str, dict[str, Any]] = {
    "level": {"address": 110, "writable": True, "verify": True},
    "speed": {"address": 120, "type": "float32", "writable": True},
    "pump": {"address": 8, "table": "coil", "type": "bool", "writable": True},
}
WRITES = {5, 6, 16}


class Wire(list[bytes]):
    """Takes what was written; `first` comes with the first of it."""

    def __init__(self) -> None:
        super().__init__()
        self.first = asyncio.Event()

    def __call__(self, frame: bytes) -> None:
        self.append(frame)
        self.first.set()


@pytest.fixture
async def server() -> AsyncIterator[FaultyServer]:
    async with faulty_server() as faulty:
        yield faulty


def adapter_of(port: int, **more: Any) -> ModbusAdapter:
    return adapter_to(port, {"d": device(POINTS, **more)})


async def write(adapter: ModbusAdapter, wire: Wire, within_s: float = 5.0, **values: Value) -> Result:
    deadline_s = asyncio.get_running_loop().time() + within_s
    return await adapter.execute(Command("c", "d", deadline_s, write=values), wire)


async def test_each_write_is_told_whole_with_the_transaction_number_it_went_with(server: FaultyServer) -> None:
    adapter, wire = adapter_of(server.port), Wire()
    async with running(adapter) as emitted:
        await emitted.sample("d")
        await write(adapter, wire, pump=True, speed=1.0, level=110)
    sent = {query.tid: query for query in server.queries if query.function in WRITES}
    tids = [int.from_bytes(frame[:2], "big") for frame in wire]
    assert tids == list(sent)
    assert [frame[2:].hex() for frame in wire] == [
        "0000000601050008ff00",
        "0000000b011000780002043f800000",
        "00000006" + "0106006e006e",
    ]


async def test_what_is_read_is_not_told(server: FaultyServer) -> None:
    adapter, wire = adapter_of(server.port), Wire()
    async with running(adapter) as emitted:
        await emitted.sample("d")
        deadline_s = asyncio.get_running_loop().time() + 5
        await adapter.execute(Command("c", "d", deadline_s, read=("level", "pump")), wire)
    assert wire == []


async def test_what_expires_before_its_turn_is_not_told(server: FaultyServer) -> None:
    server.react = lambda query: b"" if query.function == 3 else query.good()
    adapter, wire = adapter_of(server.port, timeout="20s"), Wire()
    async with running(adapter):
        await server.asked(3)
        assert (await write(adapter, wire, 0.05, pump=True)).status is ResultStatus.EXPIRED
    assert wire == []


async def test_what_is_rejected_is_not_told(server: FaultyServer) -> None:
    adapter, wire = adapter_of(server.port), Wire()
    async with running(adapter) as emitted:
        await emitted.sample("d")
        with pytest.raises(Rejected):
            await write(adapter, wire, pump=True, level=1e9)
    assert wire == []


async def test_a_write_is_told_when_it_goes_and_not_while_it_waits(server: FaultyServer) -> None:
    server.react = lambda query: b"" if query.function == 3 else query.good()
    adapter, wire = adapter_of(server.port, timeout="300ms"), Wire()
    async with running(adapter):
        await server.asked(3)
        writing = asyncio.create_task(write(adapter, wire, pump=True))
        await asyncio.sleep(0)
        assert wire == []
        assert (await writing).status is ResultStatus.DONE
    assert len(wire) == 1


async def test_a_write_that_is_cancelled_on_the_wire_has_been_told(server: FaultyServer) -> None:
    server.react = lambda query: b"" if query.function == 5 else query.good()
    adapter, wire = adapter_of(server.port, timeout="5s"), Wire()
    async with running(adapter) as emitted:
        await emitted.sample("d")
        writing = asyncio.create_task(write(adapter, wire, pump=True))
        await wire.first.wait()
        writing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await writing
    assert len(wire) == 1


async def test_a_write_whose_link_is_lost_has_been_told_and_the_rest_is_not_sent(server: FaultyServer) -> None:
    server.react = lambda query: None if query.function == 5 else query.good()
    adapter, wire = adapter_of(server.port), Wire()
    with pytest.raises(AdapterError):  # noqa: PT012 -- it is raised at the end of the context
        async with running(adapter) as emitted:
            await emitted.sample("d")
            result = await write(adapter, wire, pump=True, level=1)
            assert (result.status, result.reason) == (ResultStatus.UNKNOWN, "no-link")
            await emitted.until(lambda: emitted.over)
    assert [frame[7] for frame in wire] == [5]


async def test_a_write_that_is_answered_with_garbage_has_been_told_and_may_have_happened() -> None:
    with Device(lambda query: garbage(query) if query.function == 5 else query.well()) as peer:
        adapter, wire = adapter_of(peer.port), Wire()
        with pytest.raises(AdapterError, match="not Modbus"):  # noqa: PT012 -- as above
            async with running(adapter) as emitted:
                await emitted.sample("d")
                assert (await write(adapter, wire, pump=True)).status is ResultStatus.UNKNOWN
                await emitted.until(lambda: emitted.over)
        assert wire == [query.frame for query in peer.writes]


async def test_a_device_that_hangs_on_writes_is_told_of_and_polled_on() -> None:
    with Device(hang_on_writes) as peer:
        adapter, wire = adapter_of(peer.port), Wire()
        async with running(adapter) as emitted:
            await emitted.state("d", DeviceState.ONLINE)
            for _ in range(3):
                assert (await write(adapter, wire, pump=True)).status is ResultStatus.UNKNOWN
            await emitted.sample("d", 3)
            assert emitted.states("d") == [DeviceState.ONLINE]
        assert wire == [query.frame for query in peer.writes]


async def test_a_dead_device_that_is_flooded_with_commands_leaves_its_neighbours_polls_alone(
    server: FaultyServer,
) -> None:
    server.units[2] = hang
    devices = {"d": device(POINTS), "dead": device(POINTS, unit_id=2, timeout="50ms", every="1h")}
    adapter = adapter_to(server.port, devices)
    async with running(adapter) as emitted:
        await emitted.state("dead", DeviceState.OFFLINE)

        async def flood() -> None:
            while True:
                deadline_s = asyncio.get_running_loop().time() + 5
                await adapter.execute(Command("c", "dead", deadline_s, write={"pump": True}), Wire())

        flooding = asyncio.create_task(flood())
        await emitted.sample("d", 10)
        assert not emitted.bad("d")
        flooding.cancel()
        await asyncio.gather(flooding, return_exceptions=True)


async def test_a_command_by_name_is_none_of_this_adapters(server: FaultyServer) -> None:
    adapter, wire = adapter_of(server.port), Wire()
    async with running(adapter) as emitted:
        await emitted.sample("d")
        with pytest.raises(Rejected) as caught:
            await adapter.execute(Command("c", "d", asyncio.get_running_loop().time() + 5, invoke="tare"), wire)
    assert caught.value.reason == "unknown-command"
