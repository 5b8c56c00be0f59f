"""A real Modbus TCP server (pymodbus) that can be read, written, stopped and started again on its port."""

import asyncio
import threading
from collections.abc import Coroutine, Sequence
from typing import Any, NamedTuple, Self, TypeVar

from pymodbus.constants import ExcCodes
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from tests.support.patience import HANG_S
from tests.support.ports import free_port

READ_FUNCTION = {"coil": 1, "discrete": 2, "holding": 3, "input": 4}
WRITE_FUNCTION = {"coil": 15, "discrete": 2, "holding": 16, "input": 4}
REGISTERS = 1000
"""Every table has the addresses 0..999, if nothing else is said."""

T = TypeVar("T")


class Request(NamedTuple):
    """One request as the server saw it; `values` is None for a read."""

    function: int
    address: int
    size: int
    values: list[int] | list[bool] | None


class ModbusServer:
    """Serves the given unit ids on loopback, on a thread with a loop of its own; so many registers of each kind."""

    def __init__(self, units: Sequence[int] = (1,), registers: int = REGISTERS) -> None:
        self.port = free_port()
        self.requests: list[Request] = []
        self.failures: dict[tuple[int, int], ExcCodes] = {}
        """(unit, address): a request that touches it gets this exception."""
        self._units = units
        self._registers = registers
        self._memory: dict[tuple[int, str, int], list[int]] = {}
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="modbus server", daemon=True)
        self._server: ModbusTcpServer | None = None

    def __enter__(self) -> Self:
        self._thread.start()
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self._run(self._settle())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def start(self) -> None:
        """Listen, on the same port as before; registers keep their values."""
        self._run(self._start())

    def stop(self) -> None:
        """Close the port and every connection; harmless when stopped."""
        self._run(self._stop())

    def set(self, table: str, address: int, values: Sequence[int], unit: int = 1) -> None:
        """Give registers (or bits: 0 and 1) new values."""
        self._memory[unit, table, address] = list(values)
        if self._server is not None:
            self._run(self._write(self._server, unit, table, address, list(values)))

    def get(self, table: str, address: int, count: int = 1, unit: int = 1) -> list[int]:
        """What registers or bits hold now."""
        assert self._server is not None, "stopped"
        values = self._run(self._server.async_getValues(unit, READ_FUNCTION[table], address, count))
        self.requests.pop()
        return [int(value) for value in values]

    def writes(self) -> list[Request]:
        """The write requests so far."""
        return [request for request in self.requests if request.values is not None]

    async def _start(self) -> None:
        server = ModbusTcpServer([self._device(unit) for unit in self._units], address=("127.0.0.1", self.port))
        await server.serve_forever(background=True)
        for (unit, table, address), values in self._memory.items():
            await self._write(server, unit, table, address, values)
        self._server = server

    async def _stop(self) -> None:
        if self._server is not None:
            await self._server.shutdown()  # type: ignore[no-untyped-call]  # pymodbus leaves it bare
            self._server = None

    async def _settle(self) -> None:
        """End what still serves a connection, and let its socket be closed."""
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await asyncio.sleep(0)

    async def _write(self, server: ModbusTcpServer, unit: int, table: str, address: int, values: list[int]) -> None:
        bits = table in {"coil", "discrete"}
        await server.async_setValues(
            unit, WRITE_FUNCTION[table], address, [bool(value) for value in values] if bits else values
        )
        self.requests.pop()

    def _device(self, unit: int) -> SimDevice:
        async def note(
            function: int, _start: int, address: int, count: int, _registers: list[int], values: Any
        ) -> ExcCodes | None:
            self.requests.append(Request(function, address, count, values))
            return next(
                (self.failures[unit, a] for a in range(address, address + count) if (unit, a) in self.failures), None
            )

        bits = SimData(0, count=REGISTERS, values=False, datatype=DataType.BITS)
        words = SimData(0, count=self._registers, values=0, datatype=DataType.REGISTERS)
        return SimDevice(unit, ([bits], [bits], [words], [words]), action=note)

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(HANG_S)
