"""Raw reads of a device, ahead of its polls."""

import asyncio
from typing import Any

import pytest

from adapters.modbus import ModbusAdapter
from adapters.modbus.commands.plain import DAMAGED_MIN
from adapters.modbus.wire.framing import Rtu
from gateway.adapter import Rejected
from gateway.model import Command, DeviceState, Result, ResultStatus
from tests.modbus.faulty import FaultyServer, faulty_server, hang, well
from tests.modbus.setup import adapter_to, registers
from tests.support.emitted import running

READS = {1, 2, 3, 4}


async def peeked(adapter: ModbusAdapter, what: str, after_s: float = 5.0, device: str = "d") -> Result:
    return await adapter.peek(Command("c", device, asyncio.get_running_loop().time() + after_s, peek=what))


async def of(server: FaultyServer, what: str, after_s: float = 5.0, **more: Any) -> Result:
    adapter = adapter_to(server.port, {"d": registers(7, **more)})
    async with running(adapter) as emitted:
        await emitted.state("d", DeviceState.ONLINE)
        return await peeked(adapter, what, after_s)


async def test_registers_are_read_where_the_device_counts_them_in_one_request() -> None:
    async with faulty_server() as server:
        result = await of(server, "input:201/4", address_base=1)
    assert result.status is ResultStatus.DONE
    assert result.found[0]["words"] == [200, 201, 202, 203]
    assert [(each.function, each.size) for each in server.queries if each.address == 200] == [(4, 4)]
    assert {each.function for each in server.queries} <= READS


async def test_bits_are_read() -> None:
    async with faulty_server() as server:
        result = await of(server, "coil:3/4")
    assert result.found[0]["bits"] == [1, 0, 0, 1]


async def test_what_the_device_refuses_failed() -> None:
    async with faulty_server() as server:
        server.react = lambda query: query.refused(2) if query.touches(300) else well(query)
        result = await of(server, "300")
    assert (result.status, result.reason) == (ResultStatus.FAILED, "device-error")
    assert "no such address" in (result.detail or "")


async def test_a_silent_device_is_told_with_who_else_is_there() -> None:
    async with faulty_server() as server:
        server.units[9] = hang
        devices = {"d": registers(7), "lost": registers(7, unit_id=9, timeout="50ms")}
        adapter = adapter_to(server.port, devices)
        async with running(adapter) as emitted:
            await emitted.state("d", DeviceState.ONLINE)
            result = await peeked(adapter, "7", device="lost")
    assert (result.status, result.reason) == (ResultStatus.UNREACHABLE, "timeout")
    assert result.detail == (
        f"lost (id 9 on 127.0.0.1:{server.port}) does not answer."
        " Other ids on this bus do: wrong id, or the device is off."
    )


async def test_a_read_of_a_silent_devices_points_is_told_likewise() -> None:
    async with faulty_server() as server:
        server.react = hang
        adapter = adapter_to(server.port, {"d": registers(7, timeout="50ms")})
        async with running(adapter) as emitted:
            await emitted.state("d", DeviceState.OFFLINE)
            deadline_s = asyncio.get_running_loop().time() + 5
            result = await adapter.execute(Command("c", "d", deadline_s, read=("r7",)), lambda _: None)
    assert (result.status, result.reason) == (ResultStatus.UNREACHABLE, "timeout")
    assert f"d (id 1 on 127.0.0.1:{server.port}) does not answer. The connection itself stands" in (result.detail or "")


async def test_too_late_it_is_not_sent() -> None:
    async with faulty_server() as server:
        result = await of(server, "200", after_s=0)
    assert result.status is ResultStatus.EXPIRED
    assert 200 not in {each.address for each in server.queries}


async def test_without_a_connection_nothing_is_read() -> None:
    result = await peeked(adapter_to(1, {"d": registers(7)}), "7")
    assert (result.status, result.reason) == (ResultStatus.UNREACHABLE, "no-link")


@pytest.mark.parametrize(("device", "what"), [("nobody", "7"), ("d", "7/0"), ("d", "")])
async def test_what_makes_no_sense_is_rejected(device: str, what: str) -> None:
    with pytest.raises(Rejected):
        await peeked(adapter_to(1, {"d": registers(7)}), what, device=device)


async def damaged(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Every answer as if two devices spoke at once."""
    try:
        while request := await reader.readexactly(8):
            frame = bytearray(Rtu().frame(bytes([request[0], request[1], 2, 0, 7])))
            frame[-1] ^= 0x55
            writer.write(bytes(frame))
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


async def test_answers_that_arrive_damaged_are_told_with_what_does_it() -> None:
    server = await asyncio.start_server(damaged, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        adapter = adapter_to(port, {"d": registers(7, unit_id=5)}, transport="rtu-over-tcp")
        async with running(adapter) as emitted:
            await emitted.state("d", DeviceState.OFFLINE)
            for _ in range(DAMAGED_MIN):
                result = await peeked(adapter, "7/1")
    assert result.status is not ResultStatus.DONE
    assert (result.detail or "").startswith("Answers arrive damaged")
    assert "two devices with id 5" in (result.detail or "")
