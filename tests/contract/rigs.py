"""What the contract suite needs of each adapter: two devices on one link, of which one can fall silent.

An adapter of ours, or a stranger's, joins by an entry in RIGS.
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

from adapters.modbus import ModbusAdapter
from adapters.modbus.config import ModbusLink
from adapters.modbus.simulator import Simulation, fault_of
from gateway.adapter import Adapter
from gateway.model import Command
from tests.modbus.faulty import FaultyServer, faulty_server, hang
from tests.modbus.setup import device, link_to

QUIET, TALKATIVE = "quiet", "talkative"
"""The two devices: `quiet` is the one that can be silenced. Each has a point `value` that can be read and written."""


def read(device: str, point: str = "value") -> Command:
    return Command("c", device, asyncio.get_running_loop().time() + 5, read=(point,))


def write(device: str, point: str = "value") -> Command:
    return Command("c", device, asyncio.get_running_loop().time() + 5, write={point: 1})


class Rig(ABC):
    """A running peer and a way to make adapters for it."""

    link: Any
    devices: dict[str, Any]
    adapter: type[Adapter]

    def make(self) -> Adapter:
        """A fresh instance."""
        return self.adapter(self.link, self.devices, {name: {} for name in self.devices})

    @property
    @abstractmethod
    def scan_options(self) -> dict[str, Any]:
        """Of a scan that is soon over and finds `talkative`."""

    @property
    @abstractmethod
    def peek(self) -> str:
        """What `talkative` has, raw."""

    @abstractmethod
    def silence(self) -> None:
        """`quiet` stops answering."""

    @abstractmethod
    def cut(self) -> None:
        """The link is lost with the next request."""

    @abstractmethod
    async def all_closed(self) -> None:
        """Wait until the peer sees that everything was closed."""


class ModbusRig(Rig):
    """Two units behind one connection."""

    adapter = ModbusAdapter

    def __init__(self) -> None:
        points = {"value": {"address": 7, "writable": True}, "far": {"address": 5000}}
        self.devices = {QUIET: device(points, unit_id=1, timeout="50ms"), TALKATIVE: device(points, unit_id=2)}

    @property
    def scan_options(self) -> dict[str, Any]:
        return {"units": "1-4", "timeout": "50ms"}

    @property
    def peek(self) -> str:
        return "holding:7/1"


class FaultyRig(ModbusRig):
    """On a server that any rubbish can be sent with."""

    def __init__(self, server: FaultyServer) -> None:
        super().__init__()
        self._server = server
        self.link = link_to(server.port)

    def silence(self) -> None:
        self._server.units[1] = hang

    def cut(self) -> None:
        self._server.react = lambda _query: None

    async def all_closed(self) -> None:
        await self._server.all_closed()


class SimulatedRig(ModbusRig):
    """On the adapter's own simulator, for `link` to be found."""

    simulation: Simulation

    def silence(self) -> None:
        self.simulation.spoil(QUIET, fault_of("dead", 0.0))

    def cut(self) -> None:
        for name in self.devices:
            self.simulation.spoil(name, fault_of("hang-up", 0.0))

    async def all_closed(self) -> None:
        async with asyncio.timeout(5):
            while self._is_held:  # noqa: ASYNC110  # the kernel tells nobody that a terminal was closed
                await asyncio.sleep(0.01)

    @property
    def _is_held(self) -> bool:
        simulation = self.simulation
        return bool(simulation.connections) if simulation.port else _holders(simulation.path) > 1


def _holders(path: str) -> int:
    """How often this process has a terminal open, the simulator's own hold on it among them."""
    terminal = Path(path).resolve()
    return sum(each.resolve() == terminal for each in Path("/proc/self/fd").iterdir())


@asynccontextmanager
async def modbus() -> AsyncIterator[Rig]:
    async with faulty_server() as server:
        yield FaultyRig(server)


def modbus_over(transport: str, **where: Any) -> Callable[[], AbstractAsyncContextManager[Rig]]:
    @asynccontextmanager
    async def rig() -> AsyncIterator[Rig]:
        made = SimulatedRig()
        link = ModbusLink.model_validate({"adapter": "modbus", "transport": transport, **where})
        async with ModbusAdapter.simulate(link, made.devices, {"elsewhere": True}) as made.simulation:
            made.link = link.model_copy(update=dict(made.simulation.settings))
            yield made

    return rig


RIGS: dict[str, Callable[[], AbstractAsyncContextManager[Rig]]] = {
    "modbus": modbus,
    "modbus over rtu": modbus_over("rtu", port="/dev/nowhere"),
    "modbus over rtu-over-tcp": modbus_over("rtu-over-tcp", host="127.0.0.1"),
}
"""By the name of the entry point, and what follows it."""
