"""The serial adapter: one instance per port."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from adapters.serial.config import SerialDevice, SerialLink
from gateway.adapter import Adapter, Emit, Memory, Wrote
from gateway.model import Command, Result


class SerialAdapter(Adapter):
    """Devices whose protocol the configuration describes."""

    Link: ClassVar[type[SerialLink]] = SerialLink
    Device: ClassVar[type[SerialDevice]] = SerialDevice

    def __init__(self, link: SerialLink, devices: Mapping[str, SerialDevice], memory: Memory) -> None:
        self._link = link
        self._devices = devices
        self._memory = memory

    async def run(self, emit: Emit) -> None:
        """Connect, listen, ask and emit until cancelled."""
        raise NotImplementedError

    async def execute(self, command: Command, wrote: Wrote) -> Result:
        """Carry a command out, ahead of polls."""
        raise NotImplementedError
