"""The tests' IoT Hub in a process of its own: checks all that the contract asks, and every reading as `counter` does.

Prints as JSON where it is and who may log in; talks as `counter` does from then on.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

from typing_extensions import override

from scripts.bench.counter import Readings, write
from scripts.bench.signals import frame_of
from tests.support.authority import Authority
from tests.support.iothub import IotHub, Telemetry

DEVICE = "bench"
SHOWN = 5
"""Violations, at most."""


class CountingHub(IotHub):
    """Keeps no messages: there are too many."""

    def __init__(self, authority: Authority, readings: Readings) -> None:
        super().__init__(authority)
        self._readings = readings

    @override
    def store(self, message: Telemetry) -> None:
        if message.properties.get("kind") == "reading":
            kind = b"/batch" if message.body.startswith(b"[") else b"/reading"
            self._readings.take(kind, message.body, time.monotonic_ns() // 1000)


def main() -> None:
    """Serve until stdin ends, and say what was seen."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True, help="for certificates")
    parser.add_argument("--type", required=True)
    parser.add_argument("--registers", type=int, required=True)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    (options.folder / "authority").mkdir()
    readings = Readings(frame_of(options.type, options.registers))
    with CountingHub(Authority(options.folder / "authority"), readings) as hub:
        hub.add_device(DEVICE)
        place = {"port": hub.port, "websocket_port": hub.websocket_port, "ca": str(hub.ca)}
        print(json.dumps({**place, "connection_string": hub.connection_string(DEVICE)}), flush=True)
        for _ in sys.stdin:
            print(len(readings), flush=True)
        for violation in hub.violations[:SHOWN]:
            print(f"the hub's contract forbids: {violation}", file=sys.stderr)
        write(readings, options.out, violations=len(hub.violations))


if __name__ == "__main__":
    main()
