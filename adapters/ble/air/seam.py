"""What all radios of a process share in bleak: one D-Bus address and one manager, closed with the last radio.

The only module that knows bleak's privates (bleak 3.1): it keeps its manager, and the manager's connection, for ever.
"""

from __future__ import annotations

import asyncio
import logging
import os
from contextlib import suppress
from typing import Any

from bleak import BleakClient
from bleak.backends.bluezdbus import defs
from bleak.backends.bluezdbus import manager as bleak_manager
from bleak.backends.bluezdbus.version import BlueZFeatures
from bleak.backends.scanner import AdvertisementData
from dbus_fast import Message

from adapters.ble.air.fresh import Kept
from gateway.adapter import PermanentError

ADDRESS = "DBUS_SYSTEM_BUS_ADDRESS"
"""Where bleak connects to: it can be told in no other way."""
SYSTEM_BUS = "unix:path=/var/run/dbus/system_bus_socket"
"""Where it is without that (D-Bus Specification 0.43, Well-known Message Bus Instances)."""
CLOSE_S = 1.0

for _name in ("bleak", "dbus_fast"):
    logging.getLogger(_name).setLevel(logging.ERROR)  # they warn of what is told in words, or is as it should be

STANDING = ("Connected", "ServicesResolved", "Paired", "Trusted")
"""What BlueZ says of a device that it has not just heard."""


class _Shared:
    """Of one process."""

    def __init__(self) -> None:
        self.tenants: set[Tenancy] = set()
        self.address = ""
        self.before: str | None = None


_shared = _Shared()


class Tenancy:
    """One radio's use of bleak, from `begin` to `end`."""

    def __init__(self) -> None:
        self._manager: Any = None

    def begin(self, wanted: str | None) -> str:
        """The D-Bus address that all use; raises PermanentError where others use another one."""
        address = wanted or os.environ.get(ADDRESS) or SYSTEM_BUS
        if _shared.tenants and address != _shared.address:
            raise PermanentError(
                f"bus: {address} can't be used beside {_shared.address}, where another link of this gateway is: "
                "all radios of one gateway must be on the same D-Bus"
            )
        if not _shared.tenants:
            _shared.before, _shared.address = os.environ.get(ADDRESS), address
            os.environ[ADDRESS] = address
        _shared.tenants.add(self)
        return address

    async def manage(self) -> None:
        """Have bleak connect now, so that what is wrong shows; raises what bleak does.

        It is kept from running bluetoothctl for the version of BlueZ: a container has none, and a connect that is
        cancelled meanwhile would have all others wait for ever.
        """
        BlueZFeatures.checked_bluez_version = True
        self._manager = await bleak_manager.get_global_bluez_manager()

    async def end(self, *, spoiled: bool) -> None:
        """Close what the last one leaves; what is `spoiled`, as BlueZ has ended, nobody may use any more."""
        _shared.tenants.discard(self)
        is_last = not _shared.tenants
        if is_last and _shared.before is None:
            os.environ.pop(ADDRESS, None)
        elif is_last and _shared.before is not None:
            os.environ[ADDRESS] = _shared.before
        managers, loop = bleak_manager._global_instances, asyncio.get_running_loop()  # noqa: SLF001 -- see above
        manager = managers.get(loop)
        if manager is None or not (is_last or (spoiled and manager is self._manager)):
            return
        del managers[loop]
        await _close(manager)


def is_connected() -> bool:
    """Whether bleak still is: D-Bus ends connections of those who read too slowly."""
    manager: Any = bleak_manager._global_instances.get(asyncio.get_running_loop())  # noqa: SLF001 -- see above
    return manager is not None and manager._bus is not None and manager._bus.connected  # noqa: SLF001 -- likewise


def is_open(client: BleakClient) -> bool:
    """Whether its own connection to D-Bus still is: without it BlueZ notifies nothing, and bleak does not say so."""
    bus: Any = client._backend._bus  # type: ignore[attr-defined]  # noqa: SLF001 -- see above
    return bus is not None and bus.connected


async def abandon(client: BleakClient) -> None:
    """Let go of one that is not open: bleak would call BlueZ over what is closed, and wait for an answer."""
    backend: Any = client._backend  # noqa: SLF001 -- see above
    if backend._is_connected:  # noqa: SLF001 -- likewise
        backend._on_disconnected()  # noqa: SLF001 -- likewise
    bus, backend._bus = backend._bus, None  # noqa: SLF001 -- likewise
    if bus is not None and bus.unique_name is not None:  # else it never was open
        with suppress(Exception):  # why it was closed
            await bus.wait_for_disconnect()


def standing(data: AdvertisementData) -> tuple[object, ...]:
    """Of the device that was heard: where this differs from before, BlueZ may have said that and heard nothing."""
    properties: dict[str, object] = data.platform_data[1]
    return tuple(map(properties.get, STANDING))


def kept(data: AdvertisementData) -> Kept:
    """The parts of what was heard as bleak keeps them: it replaces what BlueZ tells, and nothing else."""
    properties: dict[str, object] = data.platform_data[1]
    return Kept(properties.get("ManufacturerData"), properties.get("ServiceData"))


async def hush(radio: str) -> None:
    """End whatever scan of ours BlueZ knows of; raises what bleak does, and nothing where there is none."""
    manager = await bleak_manager.get_global_bluez_manager()
    stop = Message(defs.BLUEZ_SERVICE, radio, defs.ADAPTER_INTERFACE, "StopDiscovery")
    await manager._bus.call(stop)  # type: ignore[union-attr]  # noqa: SLF001 -- bleak ends only what it has begun


async def _close(manager: Any) -> None:
    bus, watcher = manager._bus, manager._bus_watcher_task  # noqa: SLF001 -- see above
    if bus is None:
        return
    bus.disconnect()
    if watcher is not None:
        await asyncio.wait({watcher}, timeout=CLOSE_S)
