"""What the contract suite needs of each adapter that hears what comes by itself: two devices that speak as they please.

An adapter of ours, or a stranger's, joins by an entry in HEARD_RIGS; one whose devices have points that nobody
configured by one in LEARNING_RIGS.
"""

import os
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, NamedTuple

from adapters.ble import BleAdapter
from adapters.ble.config import BleDevice, BleLink
from adapters.ble.simulator.bluez import Bluez, Radio
from adapters.ble.simulator.bus import Bus
from adapters.modbus import ModbusAdapter
from adapters.serial import SerialAdapter
from adapters.serial.config import SerialDevice, SerialLink
from gateway.adapter import Adapter
from tests.ble.bluez import RADIO, repeated
from tests.contract.rigs import QUIET, TALKATIVE
from tests.modbus.setup import link_to
from tests.modbus.sunspec.images import sunspec
from tests.support.ptys import ptys

STALE = "700ms"
"""So soon a point is stale that is not told: far more than `SAID_S`."""
SAID_S = 0.02
ADDRESSES = {QUIET: "C0:FF:EE:00:00:01", TALKATIVE: "C0:FF:EE:00:00:02"}
BTHOME = "0000fcd2-0000-1000-8000-00805f9b34fb"


class Said(NamedTuple):
    """What a device says: its points `value` and `other`, of which it may leave one out."""

    value: int
    other: int | None = 1


class HeardRig(ABC):
    """A link on which each device says what stands in `saying`, again and again; who is not there is silent."""

    adapter: type[Adapter]
    link: Any
    devices: Mapping[str, Any]

    def __init__(self) -> None:
        self.saying: dict[str, Said] = {}

    def make(self) -> Adapter:
        """A fresh instance."""
        return self.adapter(self.link, self.devices, {name: {} for name in self.devices})

    def speak(self) -> None:
        """All of them, once."""
        for device, said in self.saying.items():
            self.say(device, said)

    @abstractmethod
    def say(self, device: str, said: Said) -> None:
        """One device does."""


class AirRig(HeardRig):
    """Devices that advertise both points in one packet, or one of them."""

    adapter = BleAdapter

    def __init__(self, bus: str, radio: Radio) -> None:
        super().__init__()
        self._radio = radio
        self.link = BleLink.model_validate({"adapter": "ble", "bus": bus, "radio": RADIO})
        points = {"value": {"from": "temperature"}, "other": {"from": "humidity"}}
        given = {"link": "radio", "decoder": "bthome", "stale_after": STALE, "every": "50ms", "points": points}
        self.devices = {
            name: BleDevice.model_validate({**given, "address": address}) for name, address in ADDRESSES.items()
        }

    def say(self, device: str, said: Said) -> None:
        data = b"\x40\x02" + (said.value * 100).to_bytes(2, "little")
        if said.other is not None:
            data += b"\x03" + (said.other * 100).to_bytes(2, "little")
        self._radio.advertise(ADDRESSES[device], -60, services={BTHOME: data})


class LineRig(HeardRig):
    """Devices that say each point in a line of its own."""

    adapter = SerialAdapter

    def __init__(self, port: str, write: Callable[[bytes], object]) -> None:
        super().__init__()
        self._write = write
        framing = {"type": "line", "terminator": "\r"}
        self.link = SerialLink.model_validate(
            {"adapter": "serial", "port": port, "framing": framing, "address": {"at": 1, "length": 1}}
        )
        given = {
            "link": "line",
            "messages": {
                "first": {"match": r"^V.(?P<value> \d+)$", "stale_after": STALE},
                "second": {"match": r"^O.(?P<other> \d+)$", "stale_after": STALE},
            },
            "points": {
                "value": {"message": "first", "type": "int"},
                "other": {"message": "second", "type": "int"},
            },
        }
        self.devices = {
            QUIET: SerialDevice.model_validate({**given, "address": "1"}),
            TALKATIVE: SerialDevice.model_validate({**given, "address": "2"}),
        }

    def say(self, device: str, said: Said) -> None:
        address = "1" if device == QUIET else "2"
        self._write(f"V{address} {said.value}\r".encode())
        if said.other is not None:
            self._write(f"O{address} {said.other}\r".encode())


@asynccontextmanager
async def air() -> AsyncIterator[HeardRig]:
    async with Bus() as bus, Bluez(bus.address) as bluez:
        rig = AirRig(bus.address, bluez.add_radio(RADIO))
        async with repeated(rig.speak, SAID_S):
            yield rig


@asynccontextmanager
async def line() -> AsyncIterator[HeardRig]:
    async with ptys() as pair:
        end = os.open(pair.theirs, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        rig = LineRig(pair.ours, lambda data: os.write(end, data))
        try:
            async with repeated(rig.speak, SAID_S):
                yield rig
        finally:
            os.close(end)


HEARD_RIGS: dict[str, Callable[[], AbstractAsyncContextManager[HeardRig]]] = {"ble": air, "serial": line}


class Unlearned(NamedTuple):
    """Devices of which nothing is configured but where they are."""

    adapter: type[Adapter]
    link: Any
    devices: Mapping[str, Any]


@asynccontextmanager
async def unlearned_air() -> AsyncIterator[Unlearned]:
    async with air() as rig:
        rig.saying |= {QUIET: Said(20), TALKATIVE: Said(21)}
        given = {"link": "radio", "decoder": "bthome", "every": "50ms"}
        devices = {name: BleDevice.model_validate({**given, "address": address}) for name, address in ADDRESSES.items()}
        yield Unlearned(rig.adapter, rig.link, devices)


@asynccontextmanager
async def unlearned_units() -> AsyncIterator[Unlearned]:
    devices = {QUIET: sunspec(unit_id=1), TALKATIVE: sunspec(unit_id=2)}
    async with ModbusAdapter.simulate(link_to(1), devices, {"tcp": 0}) as simulation:
        yield Unlearned(ModbusAdapter, link_to(simulation.port), devices)


LEARNING_RIGS: dict[str, Callable[[], AbstractAsyncContextManager[Unlearned]]] = {
    "ble": unlearned_air,
    "modbus": unlearned_units,
}
