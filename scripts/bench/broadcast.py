"""Devices that advertise, in a process of their own: on a simulated BlueZ, or handed to the gateway over a socket.

Ten devices of ten say something new each time where `--mix` is not given; with it seven, two more say again what they
have said last, and one is a stranger. Advertisements of the same millisecond come at once.

Prints where the gateway finds them. Answers on stdin as `lines` does, with all advertisements so far, and writes the
same; its last word is how many bytes nobody has taken.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from array import array
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Protocol

import msgspec

from adapters.ble.advert import Advert
from adapters.ble.simulator.bluez import Bluez, Radio
from adapters.ble.simulator.bus import Bus
from adapters.ble.simulator.forge.format import Packet
from scripts.bench.adverts import HEAD, address_of, kind_of, stranger, written
from scripts.bench.lines import PROBE

RADIO = "00:1A:7D:DA:71:13"
TICK_S = 0.001
REPEAT, STRANGE = (3, 7), 9
"""Of each ten, where `--mix` is given."""
RSSI_DBM = -60


class Outlet(Protocol):
    """Takes what is advertised to the gateway."""

    place: str

    def say(self, address: str, packet: Packet) -> None:
        """One advertisement."""

    def flush(self) -> int:
        """No more in this tick; bytes that wait."""


class Air:
    """The simulated BlueZ."""

    def __init__(self, place: str, radio: Radio) -> None:
        self.place = place
        self._radio = radio

    def say(self, address: str, packet: Packet) -> None:
        name, manufacturer, services = packet.name, packet.manufacturer, packet.services
        self._radio.advertise(address, RSSI_DBM, name=name, manufacturer=manufacturer, services=services)

    def flush(self) -> int:
        return 0


class Pipe:
    """A socket that the gateway connects to; what is said before it does is lost."""

    def __init__(self, place: str) -> None:
        self.place = place
        self.writer: asyncio.StreamWriter | None = None
        self._batch: list[Advert] = []

    def say(self, address: str, packet: Packet) -> None:
        now_ms = time.time_ns() // 1_000_000
        self._batch.append(
            Advert(address, now_ms, RSSI_DBM, packet.name, None, dict(packet.manufacturer), dict(packet.services))
        )

    def flush(self) -> int:
        if self.writer is None or not self._batch:
            self._batch.clear()
            return 0
        data = msgspec.msgpack.encode(self._batch)
        self._batch.clear()
        self.writer.write(HEAD.pack(len(data)) + data)
        return self.writer.transport.get_write_buffer_size()


class Devices:
    """All of them."""

    def __init__(self, count: int, rate: float, outlet: Outlet, *, mix: bool) -> None:
        self.sent_us = [array("q") for _ in range(count)]
        self.said = 0
        self.waiting_bytes = 0
        self._addresses = [address_of(device) for device in range(count)]
        self._names = [written(address) for address in self._addresses]
        self._rate = rate
        self._outlet = outlet
        self._mix = mix
        self._next = 0
        self._last: tuple[str, Packet] = ("", Packet())
        self._began_s: float | None = None

    async def advertise(self) -> None:
        """At their rate while they are to, for ever."""
        while True:
            await asyncio.sleep(TICK_S)
            if self._began_s is None:
                continue
            due = int((time.monotonic() - self._began_s) * self._rate)
            while self.said < due:
                self._say()
            self.waiting_bytes = self._outlet.flush()

    def obey(self, question: str) -> None:
        """What the rig wants."""
        if question == "probe":
            for device in range(len(self._names)):
                self._outlet.say(*self._packet(device, PROBE))
            self._outlet.flush()
        elif question == "begin":
            self._began_s = time.monotonic()
        elif question == "end":
            self._began_s = None
        print(self.said, flush=True)

    def _say(self) -> None:
        turn = self.said % 10
        self.said += 1
        if self._mix and turn in REPEAT:
            self._outlet.say(*self._last)
        elif self._mix and turn == STRANGE:
            address, packet = stranger(self.said)
            self._outlet.say(written(address), packet)
        else:
            device, self._next = self._next, (self._next + 1) % len(self._names)
            self._last = self._packet(device, len(self.sent_us[device]) + 1)
            self._outlet.say(*self._last)
            self.sent_us[device].append(time.monotonic_ns() // 1000)

    def _packet(self, device: int, number: int) -> tuple[str, Packet]:
        return self._names[device], kind_of(device).pack(self._addresses[device], number)


@asynccontextmanager
async def _air() -> AsyncIterator[Air]:
    async with Bus() as bus, Bluez(bus.address) as bluez:
        yield Air(bus.address, bluez.add_radio(RADIO))


@asynccontextmanager
async def _pipe(folder: Path) -> AsyncIterator[Pipe]:
    pipe = Pipe(f"unix:path={folder / 'adverts'}")

    def connected(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        pipe.writer = writer

    async with await asyncio.start_unix_server(connected, folder / "adverts"):
        yield pipe
        if pipe.writer is not None:
            pipe.writer.close()


async def _serve(options: argparse.Namespace) -> Devices:
    """Until stdin ends."""
    async with _pipe(options.out.parent) if options.fed else _air() as outlet:
        devices = Devices(options.devices, options.rate, outlet, mix=options.mix)
        print(json.dumps(outlet.place), flush=True)
        advertising = asyncio.create_task(devices.advertise(), name="devices")
        reader = asyncio.StreamReader()
        loop = asyncio.get_running_loop()
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
        while question := await reader.readline():
            devices.obey(question.decode().strip())
        advertising.cancel()
        return devices


def main() -> None:
    """Say where they are, and serve."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--devices", type=int, required=True)
    parser.add_argument("--rate", type=float, required=True, metavar="PER_SECOND")
    parser.add_argument("--mix", action="store_true")
    parser.add_argument("--fed", action="store_true", help="over a socket rather than a simulated BlueZ")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    devices = asyncio.run(_serve(options))
    with options.out.open("wb") as out:
        for sent_us in devices.sent_us:
            array("q", [len(sent_us)]).tofile(out)
            sent_us.tofile(out)
    print(devices.waiting_bytes, flush=True)


if __name__ == "__main__":
    main()
