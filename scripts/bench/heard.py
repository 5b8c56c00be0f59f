"""Counts and checks every reading of what devices send unasked that arrives at the broker: a subscriber at QoS 0.

Talks as `counter` does; its columns are device, number of the frame and when it arrived, in monotonic microseconds.
"""

from __future__ import annotations

import argparse
import json
from array import array
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec

from scripts.bench import adverts, telegrams
from scripts.bench.counter import count, subscribe
from scripts.bench.lines import PROBE
from scripts.bench.unwrap import reader_of

Values = Callable[[int, int], Mapping[str, float]]
"""What a device and a number of it come to; `number` is one of them."""

SAID: Mapping[str, Values] = {
    "telegrams": lambda device, number: telegrams.kind_of(device).values(device, number),
    "adverts": lambda device, number: adverts.kind_of(device).values(number),
}

COLUMNS = ("device", "number", "arrived_us")


class _Reading(msgspec.Struct):
    device: str
    values: dict[str, float | bool] = {}
    """Empty where all are bad: a device that has gone silent at the end."""


class Heard:
    """What arrived, checked against what the devices must have said.

    After a message that was lost what has not changed since the one before need not be told again.
    """

    def __init__(self, said: Values) -> None:
        self._said = said
        self.columns = {name: array("q") for name in COLUMNS}
        self.malformed = self.wrong = self.bytes = 0
        self._probed = set[int]()
        self._last = dict[int, int]()
        self._read = reader_of(_Reading)

    def __len__(self) -> int:
        """Devices of which a probe has arrived, and messages since."""
        return len(self._probed) + len(self.columns[COLUMNS[0]])

    def take(self, topic: bytes, payload: bytes, arrived_us: int) -> None:
        """One message: readings of one frame each; other kinds are passed over."""
        if not topic.endswith((b"/reading", b"/batch")):
            return
        self.bytes += len(payload)
        try:
            readings = self._read(topic, payload)
        except msgspec.DecodeError:
            self.malformed += 1
            return
        for reading in readings:
            self._take(reading, arrived_us)

    def _take(self, reading: _Reading, arrived_us: int) -> None:
        if not reading.values:
            return
        device, number = int(reading.device[1:]), int(reading.values.get("number", -1))
        if number == PROBE:
            self._probed.add(device)
            return
        said, last = self._said(device, number), self._last.get(device)
        self._last[device] = number
        is_next = last is None or last + 1 == number
        if reading.values != said if is_next else not reading.values.items() <= said.items():
            self.wrong += 1
            return
        for name, value in zip(COLUMNS, (device, number, arrived_us), strict=True):
            self.columns[name].append(value)


def main() -> None:
    """Subscribe, count until told to stop, and say what was heard."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--topic", required=True)
    parser.add_argument("--said", choices=SAID, required=True)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    heard = Heard(SAID[options.said])
    with subscribe(options.port, options.topic) as connection:
        print("subscribed", flush=True)
        count(connection, heard)
    with options.out.open("wb") as out:
        for column in heard.columns.values():
            column.tofile(out)
    print(json.dumps({"malformed": heard.malformed, "wrong": heard.wrong, "bytes": heard.bytes}), flush=True)


if __name__ == "__main__":
    main()
