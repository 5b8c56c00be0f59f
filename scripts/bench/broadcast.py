"""Devices that advertise, in a process of their own: on a simulated BlueZ, or handed to the gateway over a socket.

Each advertisement says something new. With `--mix` seven of ten do, two are the last one again, one is a stranger's.
Those of the same millisecond come at once.

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
from pathlib import Path

from adapters.ble.simulator.forge.format import Packet
from scripts.bench.adverts import address_of, kind_of, stranger, written
from scripts.bench.lines import PROBE
from scripts.bench.outlets import Outlet, air, pipe

TICK_S = 0.001
REPEAT, STRANGE = (3, 7), 9
"""Of each ten, where `--mix` is given."""


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


async def _serve(options: argparse.Namespace) -> Devices:
    """Until stdin ends."""
    async with pipe(options.out.parent) if options.fed else air() as outlet:
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
