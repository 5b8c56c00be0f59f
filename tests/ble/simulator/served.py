"""Simulated devices where the real bleak finds them: the `serve` fixture."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import pytest
from bleak.backends.bluezdbus.version import BlueZFeatures

from adapters.ble.config import BleDevice, BleLink
from adapters.ble.simulator import Simulation, simulate
from tests.ble.bluez import forget_bleak

ADDRESS = "A4:C1:38:11:22:{:02X}"

Serve = Callable[..., AbstractAsyncContextManager[Simulation]]
"""Takes devices as the configuration has them, without address and link; and the link; and options."""


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Serve:
    """Each advertises every 20 ms."""
    monkeypatch.setattr(BlueZFeatures, "checked_bluez_version", True)  # else it looks for bluetoothctl

    @asynccontextmanager
    async def served(
        devices: Mapping[str, Mapping[str, Any]], link: Mapping[str, Any] | None = None, **options: Any
    ) -> AsyncIterator[Simulation]:
        configured = {name: device(number, **given) for number, (name, given) in enumerate(devices.items())}
        radio = BleLink.model_validate({"adapter": "ble", **(link or {})})
        async with simulate(radio, configured, {"elsewhere": True, "every": "20ms", **options}) as simulation:
            monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", simulation.settings["bus"])
            try:
                yield simulation
            finally:
                await forget_bleak()

    return served


def device(number: int = 0, **given: Any) -> BleDevice:
    return BleDevice.model_validate({"link": "radio", "address": ADDRESS.format(number), **given})
