"""The devices of a configuration, served by a real Modbus server: for tests and demonstrations."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager

from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from adapters.modbus.config import BIT_TABLES, MAX_READ_BITS, MAX_READ_REGISTERS, ModbusDevice, ModbusLink, Table
from adapters.modbus.fields import wire_of
from adapters.modbus.frames import READS
from adapters.modbus.plan import Block, Cell, Limits, cell_of, plan
from adapters.modbus.registers import layout
from gateway.model import Value

TABLES: tuple[Table, ...] = ("coil", "discrete", "holding", "input")
"""In the order in which pymodbus takes them."""
BITS_PER_WORD = 16
SPANS = Limits(MAX_READ_REGISTERS, MAX_READ_BITS, MAX_READ_REGISTERS, MAX_READ_BITS)
"""What lies between points exists, too, so that every plan can be read."""


class Simulation:
    """A running server; every point begins at zero."""

    def __init__(self, devices: Mapping[str, ModbusDevice], server: ModbusTcpServer) -> None:
        self._devices = devices
        self._server = server

    @property
    def port(self) -> int:
        """Where it listens; of use when the link's port was 0."""
        port: int = self._server.transport.sockets[0].getsockname()[1]  # type: ignore[attr-defined]  # a server's
        return port

    async def get(self, device: str, point: str) -> Value | None:
        """What a point is worth now; None where that is no good value."""
        cell = self._cell(device, point)
        words = await self._server.async_getValues(
            self._devices[device].unit_id, READS[cell.table].function_code, cell.start, cell.end - cell.start
        )
        data = bytes(words) if cell.table in BIT_TABLES else b"".join(word.to_bytes(2, "big") for word in words)
        (value,), _ = layout(Block((cell,))).sift(data, 0)
        return value

    async def set(self, device: str, point: str, value: Value) -> None:
        """Change what a point is worth, whether writable or not; Unwritable if it can't hold that."""
        cell = self._cell(device, point)
        wire = wire_of(cell, value)
        function, unit = READS[cell.table].function_code, self._devices[device].unit_id
        if cell.table in BIT_TABLES:
            await self._server.async_setValues(unit, function, cell.start, [any(wire.data)])
            return
        words = await self._server.async_getValues(unit, function, cell.start, cell.end - cell.start)
        data = wire.merged(b"".join(word.to_bytes(2, "big") for word in words))
        words = [int.from_bytes(data[at : at + 2], "big") for at in range(0, len(data), 2)]
        await self._server.async_setValues(unit, function, cell.start, words)

    def _cell(self, device: str, point: str) -> Cell:
        return cell_of(self._devices[device], point)


@asynccontextmanager
async def simulate(link: ModbusLink, devices: Mapping[str, ModbusDevice]) -> AsyncIterator[Simulation]:
    """Serve these devices at the link's address for as long as the context lasts."""
    by_unit: dict[int, list[Cell]] = {}
    for device in devices.values():
        by_unit.setdefault(device.unit_id, []).extend(cell_of(device, name) for name in device.points)
    units = [SimDevice(unit, _tables(cells)) for unit, cells in by_unit.items()]
    server = ModbusTcpServer(units, address=link.address)
    await server.serve_forever(background=True)
    try:
        yield Simulation(devices, server)
    finally:
        await server.shutdown()  # type: ignore[no-untyped-call]  # pymodbus leaves it bare


def _tables(cells: list[Cell]) -> tuple[list[SimData], list[SimData], list[SimData], list[SimData]]:
    coil, discrete, holding, input_ = (
        list(_memory(table, plan((cell for cell in cells if cell.table == table), SPANS))) for table in TABLES
    )
    return coil, discrete, holding, input_


def _memory(table: Table, blocks: Iterable[Block]) -> Iterable[SimData]:
    """pymodbus wants something in every table, and bits by the word."""
    bits = table in BIT_TABLES
    spans = [(block.start, block.start + block.size) for block in blocks] or [(0, 1)]
    if bits:
        spans = [(0, -(-max(end for _, end in spans) // BITS_PER_WORD) * BITS_PER_WORD)]
    for start, end in spans:
        if bits:
            yield SimData(start, count=end - start, values=False, datatype=DataType.BITS)
        else:
            yield SimData(start, count=end - start, values=0, datatype=DataType.REGISTERS)
