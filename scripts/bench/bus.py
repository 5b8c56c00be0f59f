"""A serial bus in a process of its own: a pseudo terminal behind which every character takes its time, both ways.

A request begins when it is written and takes 11 bits a character (8E1); after a silence of 3.5 characters (1.75 ms
above 19200 baud) its unit answers, whichever it is. What has passed of the reply is handed on eight characters at a
time, as a 16550's FIFO does, the last ones at once. After the reply and one more silence the next request may begin:
all this together is what the specification allows for a transaction (MODBUS over Serial Line V1.02, 2.5.1.1).

Prints the terminal's path. Answers an empty line on stdin with what has passed so far, `BEGUN` with the moments at
which requests began, for how long the line was free before each but the first, and the values of those that wrote.
Times are monotonic microseconds. Ends with stdin.
"""

from __future__ import annotations

import argparse
import json
import os
import select
import struct
import sys
import time
import tty
from contextlib import suppress
from typing import Final

from pymodbus.framer import FramerRTU

BEGUN = "begun"
CHARACTER_BITS = 11
FAST_BAUDRATE, FAST_SILENCE_NS, SILENT_CHARACTERS = 19200, 1_750_000, 3.5
"""MODBUS over Serial Line V1.02, 2.5.1.1."""
READ_HOLDING, WRITE_REGISTER = 3, 6
REQUEST = struct.Struct(">BBHHH")
"""Unit, function, address, count or value, CRC (MODBUS Application Protocol V1.1b3, 6.3 and 6.6)."""
FIFO: Final = 8
SPIN_NS = 150_000
"""So long before a moment sleeping ends and looking at the clock begins: a sleeper is woken late."""
WATCH_NS = 2_000_000
"""So long after its silence a request is watched for without sleeping."""
VALUES = struct.pack(">1024H", *range(1024))


class Bus:
    """The terminal's end of the line, and all units on it."""

    def __init__(self, baudrate: int) -> None:
        self._end, self._daemon_end = os.openpty()
        tty.setraw(self._daemon_end)  # and kept open: a terminal nobody has open can't be waited on
        os.set_blocking(self._end, False)
        self.path = os.ttyname(self._daemon_end)
        self._character_ns = CHARACTER_BITS * 1_000_000_000 / baudrate
        self._silence_ns = FAST_SILENCE_NS if baudrate > FAST_BAUDRATE else SILENT_CHARACTERS * self._character_ns
        self._begun_us = list[int]()
        self._idle_us = list[float]()
        self._writes = list[tuple[int, int]]()
        self._allowed_ns = 0.0
        self._late_ns = 0.0
        self._free_ns = 0.0

    def serve(self) -> None:
        """Until stdin ends."""
        rig = sys.stdin.fileno()
        patience_s: float | None = None
        while True:
            ready, _, _ = select.select([self._end, rig], [], [], patience_s)
            if rig in ready:
                if not (question := sys.stdin.readline()):
                    return
                self._tell(question.strip())
            patience_s = 0 if self.serve_one() else None

    def serve_one(self) -> bool:
        """One transaction; False where none is asked for soon."""
        request = self._request()
        if request is None:
            return False
        self._transact(request)
        return True

    def _request(self) -> bytes | None:
        """What is sent before it is no use to watch any longer."""
        request, until_ns = b"", time.monotonic_ns() + WATCH_NS
        while len(request) < REQUEST.size:
            try:
                request += os.read(self._end, REQUEST.size - len(request))
            except BlockingIOError:
                if not request and time.monotonic_ns() > until_ns:
                    return None
        return request

    def _transact(self, request: bytes) -> None:
        began_ns = time.monotonic_ns()
        if self._free_ns:
            self._idle_us.append((began_ns - self._free_ns) / 1000)
        unit, function, address, number, _ = REQUEST.unpack(request)
        self._begun_us.append(began_ns // 1000)
        if function == WRITE_REGISTER:
            self._writes.append((number, began_ns // 1000))
        reply = request if function == WRITE_REGISTER else self._read(unit, address, number)
        answers_ns = began_ns + REQUEST.size * self._character_ns + self._silence_ns
        ended_ns = answers_ns + len(reply) * self._character_ns
        for at in range(0, len(reply), FIFO):
            passed = reply[at : at + FIFO]
            _sleep_until(answers_ns + (at + len(passed)) * self._character_ns)
            os.write(self._end, passed)
        self._late_ns += time.monotonic_ns() - ended_ns
        self._free_ns = ended_ns + self._silence_ns
        self._allowed_ns += self._free_ns - began_ns
        _sleep_until(self._free_ns - 2 * SPIN_NS)

    def _read(self, unit: int, address: int, count: int) -> bytes:
        """Other values each time: a reply that is the same as the last one might be the last one."""
        start = 2 * (address + len(self._begun_us) % 512)
        body = bytes([unit, READ_HOLDING, 2 * count]) + VALUES[start : start + 2 * count]
        return body + FramerRTU.compute_CRC(body).to_bytes(2, "big")

    def _tell(self, question: str) -> None:
        if question == BEGUN:
            print(
                json.dumps({"begun_us": self._begun_us, "idle_us": self._idle_us, "writes": self._writes}), flush=True
            )
            return
        past = {"requests": len(self._begun_us), "allowed_us": self._allowed_ns / 1000, "late_us": self._late_ns / 1000}
        print(json.dumps({**past, "free_us": self._free_ns / 1000}), flush=True)


def _sleep_until(moment_ns: float) -> None:
    """Not a microsecond too early, and as little too late as the machine allows."""
    rest_ns = moment_ns - time.monotonic_ns() - SPIN_NS
    if rest_ns > 0:
        time.sleep(rest_ns / 1e9)
    while time.monotonic_ns() < moment_ns:
        pass


def main() -> None:
    """Say where it is, and serve."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--baudrate", type=int, required=True)
    bus = Bus(parser.parse_args().baudrate)
    with suppress(PermissionError):  # a wire does not wait for other programs; only root may say so
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
    print(json.dumps(bus.path), flush=True)
    bus.serve()


if __name__ == "__main__":
    main()
