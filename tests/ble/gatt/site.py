"""Devices that the adapter connects to, through bleak and a BlueZ of the test's own."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from adapters.ble.adapter import BleAdapter
from adapters.ble.config import BleDevice, BleLink
from adapters.ble.simulator.bluez import Characteristic, Descriptor, Peripheral, Radio, Service
from gateway.adapter import AdapterError, Wrote
from gateway.model import Command, DeviceStatus, Result, Value
from tests.ble.bluez import repeated
from tests.support.emitted import Emitted, running, untold

SENSOR = "C0:FF:EE:00:00:10"
LEVEL = "00002a19-0000-1000-8000-00805f9b34fb"
TEMPERATURE = "00002a6e-0000-1000-8000-00805f9b34fb"
OWN = "f0001111-0451-4000-b000-000000000000"
TOLD = "f0002222-0451-4000-b000-000000000000"
SECRET = "f0003333-0451-4000-b000-000000000000"
NAMED = "00002901-0000-1000-8000-00805f9b34fb"
BATTERY = "0000180f-0000-1000-8000-00805f9b34fb"
SERVICE = "f0000000-0451-4000-b000-000000000000"
DEADLINE_S = 20.0
SOON = "50ms"
"""A period that no test has to wait for."""


def sensor(address: str = SENSOR, **more: Any) -> Peripheral:
    """A battery, a temperature, four bytes of its own that are written, and what it tells."""
    flags = ["read", "write", "write-without-response"]
    own = Characteristic(OWN, flags, bytes(4), descriptors=[Descriptor(NAMED, b"knobs")])
    return Peripheral(
        address,
        "Sensor",
        [
            Service(BATTERY, [Characteristic(LEVEL, ["read", "notify"], b"\x5a")]),
            Service(
                SERVICE,
                [
                    Characteristic(TEMPERATURE, ["read"], bytes.fromhex("6608")),
                    own,
                    Characteristic(TOLD, ["notify", "indicate"]),
                    Characteristic(SECRET, ["read", "encrypt-read"], b"sesame"),
                ],
            ),
        ],
        **more,
    )


def device(address: str = SENSOR, **settings: Any) -> dict[str, Any]:
    return {"link": "radio", "address": address, "every": SOON, **settings}


class Site:
    """An adapter at work."""

    def __init__(self, adapter: BleAdapter, emitted: Emitted, radio: Radio) -> None:
        self.adapter = adapter
        self.emitted = emitted
        self.radio = radio
        self.ended = ""

    def status(self, device: str) -> DeviceStatus:
        """The newest."""
        return [item for item in self.emitted.items if isinstance(item, DeviceStatus) and item.device == device][-1]

    def detail(self, device: str) -> str:
        return self.status(device).detail or ""

    def reason(self, device: str) -> str | None:
        return self.status(device).reason

    async def write(self, device: str = "sensor", within_s: float = DEADLINE_S, **values: Value) -> Result:
        return await self.execute(device, within_s, write=values)

    async def read(self, *names: str, device: str = "sensor", within_s: float = DEADLINE_S) -> Result:
        return await self.execute(device, within_s, read=names)

    async def invoke(self, name: str, device: str = "sensor", within_s: float = DEADLINE_S, **args: Value) -> Result:
        return await self.execute(device, within_s, invoke=name, args=args)

    async def execute(self, device: str, within_s: float, wrote: Wrote = untold, **what: Any) -> Result:
        deadline_s = asyncio.get_running_loop().time() + within_s
        return await self.adapter.execute(Command("c", device, deadline_s, **what), wrote)


@asynccontextmanager
async def site(
    radio: Radio,
    peripherals: Sequence[Peripheral],
    devices: dict[str, dict[str, Any]],
    /,
    *,
    ends: bool = False,
    **link: Any,
) -> AsyncIterator[Site]:
    """Everybody advertises who is not connected. `ends`: the adapter may end with an error, which is `ended` then."""
    for peripheral in peripherals:
        radio.add(peripheral)

    def advertise() -> None:
        for peripheral in peripherals:
            if not peripheral.connected:
                radio.advertise(peripheral.address, -50, name=peripheral.name)

    adapter = BleAdapter(
        BleLink.model_validate({"adapter": "ble", **link}),
        {name: BleDevice.model_validate(given) for name, given in devices.items()},
        defaultdict(dict),
    )
    here: Site | None = None
    try:
        async with repeated(advertise), running(adapter) as emitted:
            await until(lambda: "connects" in adapter.counters() or emitted.over)
            here = Site(adapter, emitted, radio)
            yield here
    except AdapterError as error:
        if here is None or not ends:
            raise
        here.ended = str(error)


async def until(holds: Callable[[], object], within_s: float = 10.0) -> None:
    """Return when it does, for what tells nobody."""
    async with asyncio.timeout(within_s):
        while not holds():  # noqa: ASYNC110 -- see above
            await asyncio.sleep(0.005)
