"""The adapter on libmodbus' server, and libmodbus' client on our simulator."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from adapters.modbus import ModbusAdapter
from adapters.modbus.config import ModbusLink
from gateway.model import BadReason, Command, DeviceState, ResultStatus
from tests.modbus.setup import device, link_to
from tests.support.emitted import running, untold
from tests.support.libmodbus import BAUDRATE, COUNT, Client, Server
from tests.support.ports import free_port
from tests.support.ptys import ptys

POINTS: dict[str, dict[str, Any]] = {
    "single": {"address": 10, "writable": True, "verify": True},
    "double": {"address": 20, "type": "uint32", "writable": True, "verify": True},
    "last": {"address": COUNT - 1},
    "input": {"address": 300, "table": "input"},
    "coil": {"address": 5, "table": "coil", "type": "bool", "writable": True, "verify": True},
    "discrete": {"address": 6, "table": "discrete", "type": "bool"},
    "absent": {"address": COUNT, "table": "input"},
}
HELD = {"single": 10, "double": 20 << 16 | 21, "last": 599, "input": 300, "coil": False, "discrete": True}
WRITTEN = {"single": 4711, "double": 0xDEADBEEF, "coil": True}


@asynccontextmanager
async def served(transport: str) -> AsyncIterator[ModbusLink]:
    """A link to libmodbus' server."""
    if transport == "tcp":
        port = free_port()
        with Server("tcp", str(port)):
            yield link_to(port)
        return
    async with ptys() as pair:
        with Server("rtu", pair.theirs):
            yield ModbusLink.model_validate(
                {"adapter": "modbus", "transport": "rtu", "port": pair.ours, "baudrate": BAUDRATE, "parity": "none"}
            )


async def execute(adapter: ModbusAdapter, **what: Any) -> Any:
    deadline_s = asyncio.get_running_loop().time() + 5
    return await adapter.execute(Command("c", "d", deadline_s=deadline_s, **what), untold)


@pytest.mark.parametrize("transport", ["tcp", "rtu"])
async def test_all_four_tables_of_its_server_are_read_and_what_is_missing_is_told(transport: str) -> None:
    async with served(transport) as link:
        adapter = ModbusAdapter(link, {"d": device(POINTS, timeout="1s")}, {"d": {}})
        async with running(adapter) as emitted:
            await emitted.until(lambda: emitted.samples("d") and set(emitted.bad("d")) == {"absent"})
            values = emitted.values("d")
            assert {name: values[name] for name in HELD} == HELD
            assert (emitted.bad("d")["absent"].reason, emitted.bad("d")["absent"].code) == (BadReason.DEVICE_ERROR, 2)


@pytest.mark.parametrize("transport", ["tcp", "rtu"])
async def test_its_server_is_written_and_holds_what_was_written(transport: str) -> None:
    points = {name: point for name, point in POINTS.items() if name != "absent"}
    async with served(transport) as link:
        adapter = ModbusAdapter(link, {"d": device(points, timeout="1s")}, {"d": {}})
        async with running(adapter) as emitted:
            await emitted.state("d", DeviceState.ONLINE)
            result = await execute(adapter, write=WRITTEN)
            assert (result.status, result.values) == (ResultStatus.DONE, WRITTEN)
            await emitted.until(lambda: emitted.values("d") == {**HELD, **WRITTEN})


@pytest.mark.parametrize(("transport", "options"), [("tcp", {"tcp": 0}), ("rtu", {"pty": ""})])
async def test_its_client_masks_bits_and_writes_while_it_reads_on_the_simulator(
    transport: str, options: dict[str, Any]
) -> None:
    devices = {"d": device({"a": {"address": 100}, "b": {"address": 103}, "wide": {"address": 104, "type": "int64"}})}

    def work(where: str) -> list[Any]:
        with Client(transport, where) as client:
            client.mask_write(100, 0xFFF0, 0x0005)
            both = client.write_and_read(102, [7, 8, 9], 100, 6)
            with pytest.raises(OSError, match="Illegal data address"):
                client.write_and_read(100, [1], 107, 2)
            with pytest.raises(OSError, match="Illegal data address"):
                client.registers(99, 2)
            return [both, client.registers(100, 8)]

    async with ModbusAdapter.simulate(link_to(1), devices, options) as simulation:
        await simulation.set("d", "a", 0xABCD)
        found = await asyncio.to_thread(work, str(simulation.port or simulation.path))
    assert found == [[0xABC5, 0, 7, 8, 9, 0], [0xABC5, 0, 7, 8, 9, 0, 0, 0]]
