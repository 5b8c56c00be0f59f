"""A serial line in simulated time: what devices answer is said by the test, and each duration is exact."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from typing_extensions import override

import gateway.grid
from adapters.serial.adapter import SerialAdapter
from adapters.serial.config import SerialDevice, SerialLink
from gateway.grid import Grid
from gateway.model import Command, DeviceStatus, Notice, Relearned, Result, Sample
from tests.support.simulated import in_simulated_time

React = Callable[[bytes], "bytes | tuple[float, bytes] | list[tuple[float, bytes]] | None"]
"""What comes back: at once, after so many seconds, several, or nothing."""


PULLED_OUT = OSError("pulled out")


class FarEnd(asyncio.Transport):
    """The port, and whoever is behind it. `said`: what we said, and when; `speeds` likewise.

    `pauses`: whether reading was stopped, or goes on; `patient`: how often what comes next was said to have time.
    """

    def __init__(self, react: React) -> None:
        super().__init__()
        self.react = react
        self.said: list[tuple[float, bytes]] = []
        self.speeds: list[tuple[float, int]] = []
        self.closed = False
        self.pauses: list[bool] = []
        self.patient = 0
        self._loop = asyncio.get_running_loop()
        self.protocol: asyncio.Protocol

    @property
    def words(self) -> list[bytes]:
        """What we said."""
        return [data for _, data in self.said]

    @override
    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.said.append((self._loop.time(), bytes(data)))
        back = self.react(bytes(data))
        if isinstance(back, bytes):
            back = [(0.01, back)]
        for after_s, answer in [back] if isinstance(back, tuple) else back or []:
            self._loop.call_later(after_s, self.say, answer)

    def say(self, data: bytes) -> None:
        """The far end says something by itself."""
        if not self.closed:
            self.protocol.data_received(data)

    def hang_up(self, why: Exception | None = PULLED_OUT) -> None:
        """The port goes away."""
        self.closed = True
        self.protocol.connection_lost(why)

    async def set_baudrate(self, baudrate: int) -> None:
        self.speeds.append((self._loop.time(), baudrate))

    @override
    def get_write_buffer_size(self) -> int:
        return 0

    @override
    def pause_reading(self) -> None:
        self.pauses.append(True)

    @override
    def resume_reading(self) -> None:
        self.pauses.append(False)

    def read_later(self) -> None:
        self.patient += 1

    def read_now(self) -> None:
        """It is always heard at once."""

    @override
    def abort(self) -> None:
        self.closed = True
        self._loop.call_soon(self.protocol.connection_lost, None)


class Rig:
    """An adapter at work, what it has emitted, and the far end."""

    def __init__(self, adapter: SerialAdapter, far: FarEnd) -> None:
        self.adapter = adapter
        self.far = far
        self.loop = asyncio.get_running_loop()
        self.items: list[tuple[float, Sample | DeviceStatus | Notice | Relearned]] = []
        self.durable_s = 0.0
        self.wrote: list[bytes] = []
        self.running: asyncio.Task[None] | None = None

    def emit(self, item: Sample | DeviceStatus | Notice | Relearned, /) -> None:
        self.items.append((self.loop.time(), item))

    __call__ = emit

    async def durable(self, sample: Sample, /) -> None:
        self.emit(sample)
        await asyncio.sleep(self.durable_s)

    def samples(self, device: str) -> list[dict[str, Any]]:
        """Good values as they are, bad ones as their reason."""
        return [_plain(item) for _, item in self.items if isinstance(item, Sample) and item.group.device == device]

    def times(self, device: str) -> list[float]:
        """When there were samples."""
        return [at for at, item in self.items if isinstance(item, Sample) and item.group.device == device]

    def states(self, device: str) -> list[tuple[str, str | None]]:
        return [
            (item.state.value, item.reason)
            for _, item in self.items
            if isinstance(item, DeviceStatus) and item.device == device
        ]

    def details(self, device: str) -> list[str | None]:
        return [item.detail for _, item in self.items if isinstance(item, DeviceStatus) and item.device == device]

    def notices(self) -> list[tuple[str, str]]:
        """Who and what; a + before what is mended."""
        return [
            (item.device, f"{'+' if item.mended else ''}{item.text}")
            for _, item in self.items
            if isinstance(item, Notice)
        ]

    async def execute(self, device: str, within_s: float = 60.0, **what: Any) -> Result:
        command = Command("c", device, self.loop.time() + within_s, **what)
        return await self.adapter.execute(command, self.wrote.append)

    async def run(self) -> None:
        self.running = asyncio.create_task(self.adapter.run(self))
        await asyncio.sleep(0)


def _plain(sample: Sample) -> dict[str, Any]:
    named = zip(sample.group.points, sample.values, strict=True)
    return {name: sample.bad[name].reason.value if value is None else value for name, value in named}


def nothing(_data: bytes) -> None:
    """A far end that never answers."""


def on_a_line(
    replace: Callable[[str, Any], None],
    link: Mapping[str, Any],
    devices: Mapping[str, Mapping[str, Any]],
    happens: Callable[[Rig], Coroutine[Any, Any, None]],
    react: React = nothing,
    *,
    amid_s: float = 0.0,
) -> None:
    """Run this beside an adapter, from moment 0 on. `replace` puts a value at a name.

    `amid_s`: what comes so soon may have begun before; here it begins when it comes, unless the test is about that.
    """

    async def all_of_it() -> None:
        loop = asyncio.get_running_loop()
        gateway.grid._grids[loop] = Grid(loop, loop.time)
        far = FarEnd(react)

        async def connect(_port: str, _settings: Any, _timeout_s: float, make: Callable[[], Any]) -> FarEnd:
            far.protocol = make()
            far.protocol.connection_made(far)
            return far

        replace("adapters.serial.adapter.connect", connect)
        replace("adapters.serial.talk.wire.AMID_S", amid_s)
        parsed = {name: SerialDevice.model_validate({"link": "l", **device}) for name, device in devices.items()}
        adapter = SerialAdapter(
            SerialLink.model_validate({"adapter": "serial", "port": "/dev/ttyS9", **link}), parsed, {}
        )
        rig = Rig(adapter, far)
        await rig.run()
        try:
            await happens(rig)
        finally:
            assert rig.running is not None
            rig.running.cancel()
            await asyncio.gather(rig.running, return_exceptions=True)
            assert far.closed

    in_simulated_time(all_of_it)
