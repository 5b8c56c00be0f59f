"""A device as a folder: what is configured, a capture of its wire, and what must come of it (cases/README.md)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import yaml
from typing_extensions import override

import gateway.grid
from adapters.serial import SerialAdapter
from adapters.serial.config import SerialDevice, SerialLink
from gateway.adapter.capture import US, Capture, Commanded, Traffic, parse_capture
from gateway.grid import Grid
from tests.support.played import PATIENCE_S, Outcome, Told, perform
from tests.support.simulated import in_simulated_time

LONGEST_S = 7200.0
"""What the wire awaits must come within this: some meters are read each hour."""
CONNECT = "adapters.serial.adapter.connect"
"""By which the adapter reaches its port."""


class Player(asyncio.Transport):
    """The port and the device behind it: takes what is sent, and says what the capture says."""

    def __init__(self, told: Told, initial_baudrate: int) -> None:
        super().__init__()
        self._told = told
        self._sent = asyncio.Queue[bytes]()
        self._protocol: asyncio.Protocol
        self._is_closed = False
        self._baudrate = initial_baudrate

    def attach(self, protocol: asyncio.Protocol) -> None:
        """It is who hears what the device says."""
        self._protocol = protocol
        protocol.connection_made(self)

    @override
    def write(self, data: bytes | bytearray | memoryview) -> None:
        self._sent.put_nowait(bytes(data))

    async def set_baudrate(self, baudrate: int) -> None:
        if baudrate != self._baudrate:
            self._told.append({"baudrate": baudrate})
        self._baudrate = baudrate

    @override
    def is_closing(self) -> bool:
        return self._is_closed

    @override
    def close(self) -> None:
        self.abort()

    @override
    def abort(self) -> None:
        if not self._is_closed:
            self._is_closed = True
            asyncio.get_running_loop().call_soon(self._protocol.connection_lost, None)

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

    async def play(self, entries: Sequence[Traffic | Commanded], command: Callable[[dict[str, Any]], None]) -> None:
        """Until something is sent beyond the last line, or nothing for long."""
        before_us = 0
        for entry in entries:
            after_s, before_us = (entry.at_us - before_us) / US, entry.at_us
            if isinstance(entry, Traffic) and entry.direction == "tx":
                await self._expect(entry.data)
                continue
            await asyncio.sleep(after_s)
            if isinstance(entry, Commanded):
                command(dict(entry.command))
            elif not self._is_closed:
                self._protocol.data_received(entry.data)
        try:
            async with asyncio.timeout(PATIENCE_S):
                await self._sent.get()
        except TimeoutError:
            pass

    async def _expect(self, wanted: bytes) -> None:
        try:
            async with asyncio.timeout(LONGEST_S):
                came = await self._sent.get()
        except TimeoutError:
            raise AssertionError(f"the gateway did not send {wanted!r}") from None
        assert came == wanted, f"the gateway sent {came!r}, not {wanted!r}"


def outcome_of(folder: Path, replace: Callable[[str, Any], None]) -> list[Outcome]:
    """Play a case: what the adapter has emitted and answered, in order. `replace` puts a value at a name."""
    link, devices = configured(folder)
    entries = capture_of(folder).entries
    told = Told()

    async def all_of_it() -> None:
        loop = asyncio.get_running_loop()
        gateway.grid._grids[loop] = Grid(loop, loop.time)
        player = Player(told, link.baudrate)

        async def connect(_port: str, _settings: Any, _timeout_s: float, make: Callable[[], asyncio.Protocol]) -> Any:
            player.attach(make())
            return player

        replace(CONNECT, connect)
        replace("adapters.serial.talk.wire.AMID_S", 0.0)  # a capture begins with a whole frame
        adapter = SerialAdapter(link, devices, {name: {} for name in devices})
        await perform(adapter, told, player.play(entries, lambda what: told.command(adapter, what)))

    in_simulated_time(all_of_it)
    return told


def capture_of(folder: Path) -> Capture:
    """Its wire."""
    path = folder / "wire.txt"
    return parse_capture(path.read_text().splitlines(), path.name)


def configured(folder: Path) -> tuple[SerialLink, dict[str, SerialDevice]]:
    """The one link of gateway.yaml, and its devices."""
    given = yaml.safe_load((folder / "gateway.yaml").read_text())
    ((name, link),) = given["links"].items()
    devices = {each: SerialDevice.model_validate({"link": name, **what}) for each, what in given["devices"].items()}
    return SerialLink.model_validate({"adapter": "serial", **link}), devices
