"""Every transport against a server that nobody here wrote."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from pymodbus import FramerType
from pymodbus.server import ModbusSerialServer, ModbusTcpServer, ModbusTlsServer, ModbusUdpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from adapters.modbus import ModbusAdapter
from adapters.modbus.config import ModbusLink
from gateway.adapter import AdapterError, to_nobody
from gateway.model import Command, DeviceState, ResultStatus
from tests.modbus.setup import device
from tests.support.emitted import Emitted, running, untold
from tests.support.ports import free_port
from tests.support.ptys import Ptys, ptys

TLS = Path(__file__).parent / "tls"
POINTS: Mapping[str, Mapping[str, Any]] = {
    "plain": {"address": 10, "writable": True, "verify": True},
    "far": {"address": 400},
    "on": {"address": 3, "table": "coil", "type": "bool", "writable": True},
}
TRANSPORTS = ["tcp", "tls", "udp", "rtu", "ascii", "rtu-over-tcp", "ascii-over-tcp"]


def memory() -> list[SimDevice]:
    bits = SimData(0, count=512, values=False, datatype=DataType.BITS)
    words = SimData(0, count=512, values=77, datatype=DataType.REGISTERS)
    return [SimDevice(1, ([bits], [bits], [words], [words]))]


def server_of(transport: str, port: int, path: str) -> Any:
    address = ("127.0.0.1", port)
    if transport in {"rtu", "ascii"}:
        return ModbusSerialServer(memory(), framer=FramerType(transport), port=path, baudrate=115200)
    if transport == "udp":
        return ModbusUdpServer(memory(), address=address)
    if transport == "tls":
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(TLS / "device.pem", TLS / "device.key")
        return ModbusTlsServer(memory(), address=address, sslctx=context)
    return ModbusTcpServer(
        memory(), framer=FramerType(transport.partition("-")[0].replace("tcp", "socket")), address=address
    )


@asynccontextmanager
async def served(transport: str, port: int, path: str) -> AsyncIterator[None]:
    server = server_of(transport, port, path)
    await server.serve_forever(background=True)
    try:
        yield
    finally:
        await server.shutdown()


def link_of(transport: str, port: int, path: str) -> ModbusLink:
    given: dict[str, Any] = {"adapter": "modbus", "transport": transport}
    if transport in {"rtu", "ascii"}:
        given |= {"port": path, "baudrate": 115200, "parity": "none"}
    else:
        given |= {"host": "127.0.0.1", "port": port}
    if transport == "tls":
        given["tls"] = {"ca": str(TLS / "device.pem")}
    return ModbusLink.model_validate(given)


def adapter_on(link: ModbusLink) -> ModbusAdapter:
    return ModbusAdapter(link, {"d": device(POINTS, timeout="1s")}, {"d": {}})


@pytest.fixture
async def pair() -> AsyncIterator[Ptys]:
    async with ptys() as made:
        yield made


async def execute(adapter: ModbusAdapter, **what: Any) -> Any:
    deadline_s = asyncio.get_running_loop().time() + 5
    return await adapter.execute(Command("c", "d", deadline_s=deadline_s, **what), untold)


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_a_device_is_read_and_written(transport: str, pair: Ptys) -> None:
    port = free_port()
    async with served(transport, port, pair.theirs):
        adapter = adapter_on(link_of(transport, port, pair.ours))
        async with running(adapter) as emitted:
            await emitted.state("d", DeviceState.ONLINE)
            assert emitted.values("d") == {"plain": 77, "far": 77, "on": False}
            result = await execute(adapter, write={"plain": 5, "on": True})
            assert (result.status, result.values) == (ResultStatus.DONE, {"plain": 5, "on": True})
            await emitted.until(lambda: emitted.values("d") == {"plain": 5, "far": 77, "on": True})
            counters = adapter.counters()
            assert {name: counters[name] for name in ("timeouts", "late", "garbage")} == dict.fromkeys(
                ("timeouts", "late", "garbage"), 0
            )


@pytest.mark.parametrize("transport", ["rtu", "ascii"])
async def test_a_port_that_is_unplugged_ends_the_link_with_a_word(transport: str, pair: Ptys) -> None:
    async with served(transport, 0, pair.theirs):
        adapter = adapter_on(link_of(transport, 0, pair.ours))
        emitted = Emitted()
        running_on = asyncio.create_task(adapter.run(emitted))
        await emitted.state("d", DeviceState.ONLINE)
    pair.unplug()
    with pytest.raises(AdapterError, match=pair.ours):
        async with asyncio.timeout(5):
            await running_on
    with pytest.raises(AdapterError, match="is the adapter plugged in"):
        await adapter_on(link_of(transport, 0, pair.ours)).run(Emitted())


async def test_a_port_has_one_owner(pair: Ptys) -> None:
    async with served("rtu", 0, pair.theirs):
        adapter = adapter_on(link_of("rtu", 0, pair.ours))
        async with running(adapter) as emitted:
            await emitted.state("d", DeviceState.ONLINE)
            with pytest.raises(AdapterError, match="another program holds"):
                await adapter_on(link_of("rtu", 0, pair.ours)).run(Emitted())


async def test_what_is_no_serial_port_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(AdapterError, match="no serial port"):
        await adapter_on(link_of("rtu", 0, str(tmp_path / "file"))).run(Emitted())


async def test_a_device_whose_certificate_nobody_vouches_for_is_not_spoken_to() -> None:
    port = free_port()
    async with served("tls", port, ""):
        link = link_of("tls", port, "").model_copy(update={"tls": type(link_of("tls", port, "").tls)()})
        with pytest.raises(AdapterError, match="certificate"):
            await adapter_on(link).run(Emitted())


async def test_nobody_at_a_udp_port_is_told() -> None:
    with pytest.raises(AdapterError, match="refused"):
        async with asyncio.timeout(5):
            await adapter_on(link_of("udp", free_port(), "")).run(Emitted())


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_it_is_scanned_and_read_raw_over_every_transport(transport: str, pair: Ptys) -> None:
    port = free_port()
    link = link_of(transport, port, pair.ours)
    async with served(transport, port, pair.theirs):
        found = await ModbusAdapter.survey(link, {}, {"units": "1", "timeout": "1s"}, to_nobody)
        adapter = adapter_on(link)
        async with running(adapter) as emitted:
            await emitted.state("d", DeviceState.ONLINE)
            deadline_s = asyncio.get_running_loop().time() + 5
            result = await adapter.peek(Command("c", "d", deadline_s, peek="10/2"))
    assert found == [{"unit_id": 1, "answer": "registers"}]
    assert result.found[0]["words"] == [77, 77]
