"""Counts and checks every reading that arrives at the broker, singly or in batches: a subscriber at QoS 0.

Prints a line once subscribed, and the number of readings so far for each line on stdin; when stdin ends it writes what
it saw to the file it was given: `COLUMNS` arrays of 64-bit integers one after the other, and prints its counts as JSON.
"""

from __future__ import annotations

import argparse
import json
import select
import socket
import struct
import sys
import time
from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import msgspec

from scripts.bench.signals import Frame, frame_of
from scripts.bench.unwrap import reader_of

COLUMNS = ("device", "poll", "read_us", "arrived_us")
CONNECT, CONNACK, PUBLISH, SUBSCRIBE, SUBACK = 0x10, 0x20, 0x30, 0x82, 0x90
"""First bytes of MQTT 3.1.1 control packets: section 2.2."""


class Taker(Protocol):
    """Takes messages; its length is what the rig is told."""

    def __len__(self) -> int: ...

    def take(self, topic: bytes, payload: bytes, arrived_us: int, /) -> None:
        """One message, when it has arrived."""


class Readings:
    """What arrived, checked against what the fleet must have served."""

    def __init__(self, frame: Frame) -> None:
        self.columns = {name: array("q") for name in COLUMNS}
        self.malformed = 0
        self.wrong = 0
        self.bytes = 0
        self._frame = frame
        number = int if frame.type == "uint16" else float
        values = msgspec.defstruct("Values", [(f"r{index}", number) for index in range(frame.points)])
        reading = msgspec.defstruct("Reading", [("device", str), ("values", values)])
        self._read = reader_of(reading)

    def __len__(self) -> int:
        return len(self.columns[COLUMNS[0]])

    def take(self, topic: bytes, payload: bytes, arrived_us: int) -> None:
        """One message: readings of one device and one poll each; other kinds are passed over."""
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

    def _take(self, reading: Any, arrived_us: int) -> None:
        values = msgspec.structs.astuple(reading.values)
        device = int(reading.device[1:])
        poll, read_us = self._frame.unpack(values[: self._frame.marks])
        start = self._frame.start(device, poll)
        if list(values[self._frame.marks :]) != self._frame.expected[start : start + self._frame.values]:
            self.wrong += 1
        for name, value in zip(COLUMNS, (device, poll, read_us, arrived_us), strict=True):
            self.columns[name].append(value)


def packets(buffer: bytearray) -> Iterator[tuple[int, bytes]]:
    """Whole MQTT packets, taken from the front of the buffer: first byte and body."""
    at = 0
    while (found := _packet_at(buffer, at)) is not None:
        first, body_start, end = found
        yield first, bytes(memoryview(buffer)[body_start:end])
        at = end
    del buffer[:at]


def _packet_at(buffer: bytearray, at: int) -> tuple[int, int, int] | None:
    length = shift = 0
    for index in range(at + 1, min(at + 5, len(buffer))):
        length |= (buffer[index] & 0x7F) << shift
        shift += 7
        if buffer[index] < 0x80:
            end = index + 1 + length
            return (buffer[at], index + 1, end) if end <= len(buffer) else None
    return None


def subscribe(port: int, topic: str, client_id: str = "bench-counter") -> socket.socket:
    """A connection on which the topic's messages arrive at QoS 0."""
    connection = socket.create_connection(("127.0.0.1", port))
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    body = text("MQTT") + bytes([4, 2, 0, 0]) + text(client_id)
    connection.sendall(bytes([CONNECT, len(body)]) + body)
    _expect(connection, CONNACK)
    body = bytes([0, 1]) + text(topic) + bytes([0])
    connection.sendall(bytes([SUBSCRIBE, len(body)]) + body)
    _expect(connection, SUBACK)
    return connection


def text(words: str) -> bytes:
    """As MQTT writes it: section 1.5.3."""
    encoded = words.encode()
    return struct.pack(">H", len(encoded)) + encoded


def _expect(connection: socket.socket, first: int) -> None:
    answer = connection.recv(64)
    if not answer or answer[0] != first or answer[-1] >= 0x80:
        raise SystemExit(f"the broker answered {answer.hex()}")


def count(connection: socket.socket, readings: Taker) -> None:
    """Until stdin ends."""
    buffer = bytearray()
    rig = sys.stdin.fileno()
    is_over = False
    while True:
        ready, _, _ = select.select([connection, rig], [], [])
        if rig in ready and not is_over:
            is_over = not sys.stdin.readline()
            if not is_over:
                print(len(readings), flush=True)
        if connection in ready:
            data = connection.recv(1 << 18)
            arrived_us = time.monotonic_ns() // 1000
            if not data:
                raise SystemExit("the broker hung up")
            buffer += data
            for first, body in packets(buffer):
                if first & 0xF0 == PUBLISH:
                    end = 2 + (body[0] << 8 | body[1])
                    readings.take(body[2:end], body[end:], arrived_us)
        elif is_over:
            return


def write(readings: Readings, path: Path, **more: int) -> None:
    """What was seen, to the file; print the counts, and more of them."""
    with path.open("wb") as out:
        for column in readings.columns.values():
            column.tofile(out)
    counts = {"malformed": readings.malformed, "wrong": readings.wrong, "bytes": readings.bytes}
    print(json.dumps({**counts, **more}), flush=True)


def main() -> None:
    """Subscribe, count until told to stop, and say what was seen."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--topic", required=True)
    parser.add_argument("--type", required=True)
    parser.add_argument("--registers", type=int, required=True)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    readings = Readings(frame_of(options.type, options.registers))
    with subscribe(options.port, options.topic) as connection:
        print("subscribed", flush=True)
        count(connection, readings)
    write(readings, options.out)


if __name__ == "__main__":
    main()
