"""Serial lines in a process of their own: pseudo terminals whose devices send without pause, at the speed of a wire.

A device's next frame begins when the last one has ended; a character takes 10 bits. What has come over a wire until
then is handed on each millisecond, as a USB adapter does it, so that frames are cut anywhere. What the far end's buffer
has no room for is lost, as on a wire.

Prints the terminals' paths. Answers on stdin: `probe` with frame number 0 of every device, `begin` (sends from now on)
and `end` (no more) with the number of frames sent so far, an empty line likewise. When stdin ends it writes, for each
device, how many frames it sent and when each one's last byte went, in monotonic microseconds, as 64-bit integers, and
prints how many bytes were lost.
"""

from __future__ import annotations

import argparse
import json
import os
import select
import sys
import time
import tty
from array import array
from contextlib import suppress
from pathlib import Path

from scripts.bench.telegrams import FRAME_BYTES, kind_of

CHARACTER_BITS = 10
TICK_NS = 1_000_000
"""A USB frame."""
PROBE = 0


class Device:
    """One terminal, and the device behind it."""

    def __init__(self, number: int, bytes_per_s: float) -> None:
        self._end, self._daemon_end = os.openpty()
        tty.setraw(self._daemon_end)  # and kept open: a terminal nobody has open can't be written to
        os.set_blocking(self._end, False)
        self.path = os.ttyname(self._daemon_end)
        self.sent_us = array("q")
        """Of each frame from number 1 on, its last byte."""
        self.lost_bytes = 0
        self._number = number
        self._pack = kind_of(number).pack
        self._bytes_per_ns = bytes_per_s / 1e9
        self._began_ns = 0
        self._passed = 0
        self._rest = b""

    def probe(self) -> None:
        """One frame that counts for nothing."""
        self._write(self._pack(self._number, PROBE))

    def begin(self, now_ns: int) -> None:
        """Its wire has been idle until now."""
        self._began_ns = now_ns

    def hand_on(self, now_ns: int) -> None:
        """What has come over the wire since the last time."""
        due = int((now_ns - self._began_ns) * self._bytes_per_ns) - self._passed
        data, number = self._rest, len(self.sent_us) + bool(self._rest)
        while len(data) < due:
            number += 1
            data += self._pack(self._number, number)
        self._write(data[:due])
        sent_us = time.monotonic_ns() // 1000
        self._passed += due
        self._rest = data[due:]
        while (len(self.sent_us) + 1) * FRAME_BYTES <= self._passed:
            self.sent_us.append(sent_us)

    def finish(self) -> None:
        """The frame that has begun, to its end."""
        if self._rest:
            self._write(self._rest)
            self._passed += len(self._rest)
            self._rest = b""
            self.sent_us.append(time.monotonic_ns() // 1000)

    def _write(self, data: bytes) -> None:
        written = 0
        with suppress(BlockingIOError):
            written = os.write(self._end, data) if data else 0
        self.lost_bytes += len(data) - written


class Lines:
    """All of them."""

    def __init__(self, count: int, baudrate: int) -> None:
        self.devices = [Device(number, baudrate / CHARACTER_BITS) for number in range(count)]
        self._is_sending = False

    def serve(self) -> None:
        """Until stdin ends."""
        rig = sys.stdin.fileno()
        next_ns = time.monotonic_ns()
        while True:
            next_ns = max(next_ns + TICK_NS, time.monotonic_ns())
            ready, _, _ = select.select([rig], [], [], self._patience_s(next_ns))
            if ready:
                if not (question := sys.stdin.readline()):
                    return
                self._obey(question.strip())
            if self._is_sending:
                for device in self.devices:
                    device.hand_on(time.monotonic_ns())

    def _patience_s(self, next_ns: int) -> float | None:
        return max(0, next_ns - time.monotonic_ns()) / 1e9 if self._is_sending else None

    def _obey(self, question: str) -> None:
        for device in self.devices:
            if question == "probe":
                device.probe()
            elif question == "begin":
                device.begin(time.monotonic_ns())
            elif question == "end":
                device.finish()
        self._is_sending = (self._is_sending or question == "begin") and question != "end"
        print(sum(len(device.sent_us) for device in self.devices), flush=True)


def main() -> None:
    """Say where they are, and serve."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", type=int, required=True)
    parser.add_argument("--baudrate", type=int, required=True)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    lines = Lines(options.lines, options.baudrate)
    with suppress(PermissionError):  # a wire does not wait for other programs; only root may say so
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
    print(json.dumps([device.path for device in lines.devices]), flush=True)
    lines.serve()
    with options.out.open("wb") as out:
        for device in lines.devices:
            array("q", [len(device.sent_us)]).tofile(out)
            device.sent_us.tofile(out)
    print(json.dumps(sum(device.lost_bytes for device in lines.devices)), flush=True)


if __name__ == "__main__":
    main()
