"""What the contract suite needs of each adapter: two devices on one link, of which one can fall silent.

An adapter of ours, or a stranger's, joins by an entry in RIGS.
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from adapters.ble import BleAdapter
from adapters.ble import simulator as ble
from adapters.ble.config import BleDevice, BleLink
from adapters.modbus import ModbusAdapter
from adapters.modbus.config import ModbusLink
from adapters.modbus.simulator import Simulation, fault_of
from adapters.serial import SerialAdapter
from adapters.serial.config import SerialDevice, SerialLink
from gateway.adapter import Adapter
from gateway.model import Command, Value
from tests.modbus.faulty import FaultyServer, faulty_server, hang
from tests.modbus.setup import device, link_to
from tests.serial.chain import ADDRESS, FRAMING, MATCH, POLL, WRITE, Chain, holders, over_pty, over_tcp

QUIET, TALKATIVE = "quiet", "talkative"
"""The two devices: `quiet` is the one that can be silenced. Each has a point `value` that can be read and written."""


def read(device: str, point: str = "value") -> Command:
    return Command("c", device, asyncio.get_running_loop().time() + 5, read=(point,))


def write(device: str, point: str = "value") -> Command:
    return Command("c", device, asyncio.get_running_loop().time() + 5, write={point: 1})


def invoke(device: str, name: str, args: Mapping[str, Value]) -> Command:
    return Command("c", device, asyncio.get_running_loop().time() + 5, invoke=name, args=args)


class Rig(ABC):
    """A running peer and a way to make adapters for it."""

    named: tuple[str, Mapping[str, Value]] | None = None
    """A command that the adapter carries out itself on each of the devices, and with what; None: it has none."""

    link: Any
    devices: dict[str, Any]
    adapter: type[Adapter]

    def make(self) -> Adapter:
        """A fresh instance."""
        return self.adapter(self.link, self.devices, {name: {} for name in self.devices})

    @property
    @abstractmethod
    def scan_options(self) -> dict[str, Any]:
        """Of a scan that is soon over and finds something."""

    def finds(self, found: list[dict[str, Any]], *, alone: bool = False) -> bool:
        """Whether a scan, or a survey of a link that nobody serves, has found what is there."""
        return TALKATIVE in [each.get("device") for each in found]

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


RigMaker = Callable[[], AbstractAsyncContextManager[Rig]]


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
        return bool(simulation.connections) if simulation.port else holders(simulation.path) > 1


class SerialRig(Rig):
    """Two devices of one line, told apart by an address."""

    adapter = SerialAdapter
    named = ("set", {"value": 7})

    def __init__(self) -> None:
        asked = {"poll": POLL, "match": MATCH, "every": "50ms", "timeout": "300ms"}
        points = {"value": {"type": "int", "writable": True, "write": WRITE}}
        commands = {"set": {**WRITE, "args": {"value": {"type": "int", "max": 999}}}}
        given = {"link": "line", "points": points, "commands": commands, **asked}
        self.devices = {
            name: SerialDevice.model_validate({**given, "address": address})
            for name, address in ((QUIET, "1"), (TALKATIVE, "2"))
        }

    @property
    def scan_options(self) -> dict[str, Any]:
        return {"as_set": True, "listen": "300ms"}

    def finds(self, found: list[dict[str, Any]], *, alone: bool = False) -> bool:
        """What is said there, and how that can be described; nobody speaks here unless he is asked."""
        return not any(each["bytes"] for each in found) if alone else bool(found)

    @property
    def peek(self) -> str:
        return "value"

    def reach(self, place: str) -> None:
        """Make the link of it."""
        given = {"adapter": "serial", "port": place, "framing": FRAMING, "address": ADDRESS}
        self.link = SerialLink.model_validate(given)


class ChainRig(SerialRig):
    """On a peer that is no part of the adapter."""

    def __init__(self, chain: Chain) -> None:
        super().__init__()
        self._chain = chain
        self.reach(chain.place)

    def silence(self) -> None:
        self._chain.silent.add("1")

    def cut(self) -> None:
        self._chain.is_cut = True

    async def all_closed(self) -> None:
        await self._chain.all_closed()


def serial_on(
    chain: Callable[[], AbstractAsyncContextManager[Chain]],
) -> Callable[[], AbstractAsyncContextManager[Rig]]:
    @asynccontextmanager
    async def rig() -> AsyncIterator[Rig]:
        async with chain() as peer:
            yield ChainRig(peer)

    return rig


@asynccontextmanager
async def modbus() -> AsyncIterator[Rig]:
    async with faulty_server() as server:
        yield FaultyRig(server)


def modbus_over(transport: str, **where: Any) -> RigMaker:
    @asynccontextmanager
    async def rig() -> AsyncIterator[Rig]:
        made = SimulatedRig()
        link = ModbusLink.model_validate({"adapter": "modbus", "transport": transport, **where})
        async with ModbusAdapter.simulate(link, made.devices, {"elsewhere": True}) as made.simulation:
            made.link = link.model_copy(update=dict(made.simulation.settings))
            yield made

    return rig


class BleRig(Rig):
    """Two devices that are connected to, on the adapter's own simulator."""

    adapter = BleAdapter
    named = ("set", {"value": 7})
    simulation: ble.Simulation

    def __init__(self) -> None:
        soon = {"timeout": "200ms", "connect": "kept", "attempts": 1}
        value = {"characteristic": "fff1", "type": "uint8"}
        command = {"characteristic": "fff2", "send": {"hex": "{value:uint8}"}, "args": {"value": {"type": "int"}}}
        given = {
            "link": "radio",
            "every": "50ms",
            "gatt": soon,
            "points": {"value": {**value, "writable": True}},
            "commands": {"set": command},
        }
        addresses = {QUIET: "C0:FF:EE:00:00:01", TALKATIVE: "C0:FF:EE:00:00:02"}
        self.devices = {
            name: BleDevice.model_validate({**given, "address": address}) for name, address in addresses.items()
        }

    @property
    def scan_options(self) -> dict[str, Any]:
        return {"listen": "500ms"}

    @property
    def peek(self) -> str:
        return "gatt"

    def silence(self) -> None:
        self.simulation.spoil(QUIET, ble.fault_of("slow:1h", 0.0))

    def cut(self) -> None:
        self._pulled = asyncio.create_task(self.simulation.fault(QUIET, "radio-gone"))

    async def all_closed(self) -> None:
        async with asyncio.timeout(5):
            while self.simulation.is_used:  # noqa: ASYNC110  # a radio tells nobody who has gone
                await asyncio.sleep(0.01)


@asynccontextmanager
async def over_the_air() -> AsyncIterator[Rig]:
    made = BleRig()
    link = BleLink.model_validate({"adapter": "ble", "connect_timeout": "1s"})
    async with ble.simulate(link, made.devices, {"elsewhere": True, "every": "50ms"}) as made.simulation:
        made.link = link.model_copy(update=dict(made.simulation.settings))
        yield made


RIGS: dict[str, RigMaker] = {
    "ble": over_the_air,
    "modbus": modbus,
    "modbus over rtu": modbus_over("rtu", port="/dev/nowhere"),
    "modbus over rtu-over-tcp": modbus_over("rtu-over-tcp", host="127.0.0.1"),
    "serial": serial_on(over_pty),
    "serial over tcp": serial_on(over_tcp),
}
"""By the name of the entry point, and what follows it."""
