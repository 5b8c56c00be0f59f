"""The BLE adapter: one instance per radio."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from adapters.ble.config import BleDevice, BleLink
from adapters.ble.outlook import outlook
from adapters.ble.outlook.advice import advice
from adapters.ble.session import Session
from gateway.adapter import Adapter, Advice, Emit, Memory, Rejected, Wrote
from gateway.model import Command, Result


class BleAdapter(Adapter):
    """A radio, and the devices that it hears and connects to."""

    Link: ClassVar[type[BleLink]] = BleLink
    Device: ClassVar[type[BleDevice]] = BleDevice
    concurrency: ClassVar[int] = 4

    def __init__(self, link: BleLink, devices: Mapping[str, BleDevice], memory: Memory) -> None:
        self._link = link
        self._devices = devices
        self._memory = memory

    async def run(self, emit: Emit) -> None:
        """Scan, connect and emit until cancelled; AdapterError when the radio is lost."""
        await Session(self._link, self._devices, self._memory, emit).run()

    async def execute(self, command: Command, wrote: Wrote) -> Result:  # noqa: ARG002
        """Write, read or invoke over a connection; everything is checked before anything is sent."""
        raise Rejected("not-supported", "commands are not there yet")

    @classmethod
    def advice(cls, link: BleLink, devices: Mapping[str, BleDevice]) -> Iterable[Advice]:
        """What can't work, names of radios that pass, and more connections than a radio has."""
        return tuple(advice(link, devices))

    @classmethod
    def plan_summary(cls, link: BleLink, devices: Mapping[str, BleDevice]) -> list[str]:
        """How each device's points come, and how much of its connections the radio gives them."""
        return outlook.lines(link, devices)

    @classmethod
    def load(cls, link: BleLink, devices: Mapping[str, BleDevice]) -> Mapping[str, Any]:
        """The same as data."""
        return outlook.facts(link, devices)
