"""An adapter and simulated devices on one wire, in simulated time: each duration is exact, and takes none."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from typing_extensions import override

import gateway.grid
from adapters.serial import SerialAdapter
from adapters.serial.config import SerialDevice, SerialLink
from adapters.serial.simulator.chain import Chain
from adapters.serial.simulator.faults import fault_of
from adapters.serial.simulator.parties import Devices
from gateway.grid import Grid
from tests.support.emitted import Emitted
from tests.support.simulated import in_simulated_time

CONNECT = "adapters.serial.adapter.connect"
"""By which the adapter reaches its port."""


class End(asyncio.Transport):
    """One end of a wire: what is written comes out at the other, where `takes` has it."""

    def __init__(self) -> None:
        super().__init__()
        self.takes: Callable[[bytes], object]
        self.lost: Callable[[], object] = lambda: None
        self._open = True

    @override
    def write(self, data: bytes | bytearray | memoryview) -> None:
        asyncio.get_running_loop().call_soon(lambda: self._open and self.takes(bytes(data)))

    async def set_baudrate(self, baudrate: int) -> bool:
        return False

    @property
    def tunable(self) -> bool:
        return False

    @override
    def is_closing(self) -> bool:
        return not self._open

    @override
    def close(self) -> None:
        self.abort()

    @override
    def abort(self) -> None:
        if self._open:
            self._open = False
            asyncio.get_running_loop().call_soon(self.lost)

    def read_later(self) -> None:
        """It is always heard at once."""

    def read_now(self) -> None:
        """It has been."""

    @override
    def get_write_buffer_size(self) -> int:
        return 0

    @override
    def pause_reading(self) -> None:
        pass

    @override
    def resume_reading(self) -> None:
        pass


class Wired:
    """An adapter at work, what it has emitted, and the devices."""

    def __init__(self, adapter: SerialAdapter, chain: Chain, emitted: Emitted) -> None:
        self.adapter = adapter
        self.chain = chain
        self.emitted = emitted

    def fault(self, device: str, fault: str) -> None:
        """From now on."""
        unit = self.chain.units[device]
        unit.fault = fault_of(fault, unit.device.timeout)


def wired(
    replace: Callable[[str, Any], None],
    link: SerialLink,
    devices: Mapping[str, SerialDevice],
    happens: Callable[[Wired], Coroutine[Any, Any, None]],
) -> None:
    """Run this beside both, from moment 0 on. `replace` puts a value at a name."""

    async def all_of_it() -> None:
        loop = asyncio.get_running_loop()
        gateway.grid._grids[loop] = Grid(loop, loop.time)
        ours, theirs = End(), End()
        chain = Chain(link, devices)

        async def connect(_port: str, _settings: Any, _timeout_s: float, make: Callable[[], Any]) -> End:
            protocol = make()
            theirs.takes = protocol.data_received
            ours.lost = lambda: protocol.connection_lost(None)
            protocol.connection_made(ours)
            return ours

        replace(CONNECT, connect)
        party = Devices(chain, theirs, echoes=link.local_echo, left=lambda _: None)
        ours.takes = party.hear
        emitted = Emitted()
        adapter = SerialAdapter(link, devices, {name: {} for name in devices})
        running = asyncio.create_task(adapter.run(emitted))
        try:
            await happens(Wired(adapter, chain, emitted))
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            party.leave()

    in_simulated_time(all_of_it)
