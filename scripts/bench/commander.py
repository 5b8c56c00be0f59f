"""Sends commands to one device and takes in what is answered: one after the other, or all as fast as the broker goes.

Command n writes n to its point, so that each is known by its value. Prints a line once subscribed. Does what a line of
JSON on stdin says, `{"count": 500, "pause_s": 0.01}` or `{"count": 500}` for all at once, and prints how many answers
came. When stdin ends it listens a little longer, and prints when commands were sent and all answers as they came. Times
are monotonic microseconds.
"""

from __future__ import annotations

import argparse
import json
import random
import select
import socket
import struct
import sys
import time
from typing import NamedTuple

import msgspec

from scripts.bench.counter import PUBLISH, packets, subscribe, text

PUBLISH_QOS_1 = 0x32
"""First byte of a PUBLISH at QoS 1, neither retained nor sent before: MQTT 3.1.1, 3.3.1."""
ANSWER_TIMEOUT_S = 30.0
"""So long nothing may be answered: what is not then never will be."""
EXTRA_S = 0.5
"""After the last answer that was waited for, time for those that should not come."""
SHORT_LENGTH = 128
"""A remaining length below it has one byte: 2.2.3."""


class Result(msgspec.Struct):
    """What is looked at of an answer."""

    command: str
    status: str
    reason: str | None = None


class Answer(NamedTuple):
    """To the command of this number; `word` is the reason where there is one, else the status."""

    number: int
    arrived_us: int
    word: str


class Commander:
    """Commands to a topic, and their answers."""

    def __init__(self, connection: socket.socket, topic: str, point: str) -> None:
        self.sent_us = list[int]()
        """One by one each command's, else when the first left."""
        self.answers = list[Answer]()
        self._connection = connection
        self._topic = topic
        self._point = point
        self._buffer = bytearray()
        self._decode = msgspec.json.Decoder(Result).decode

    def one_by_one(self, count: int, pause_s: float) -> None:
        """Each once the one before is answered and a while has passed, so that they come at any moment of a poll."""
        rng = random.Random(1)
        for number in range(1, count + 1):
            time.sleep(rng.uniform(0, 2 * pause_s))
            self.sent_us.append(_now_us())
            self._connection.sendall(publish(self._topic, self._point, number))
            if not self._wait(number):
                return

    def flood(self, count: int) -> None:
        """All at once."""
        rest = memoryview(b"".join(publish(self._topic, self._point, number) for number in range(1, count + 1)))
        self.sent_us.append(_now_us())
        self._connection.setblocking(False)
        while rest:
            readable, writable, _ = select.select([self._connection], [self._connection], [])
            if readable:
                self._take()
            if writable:
                rest = rest[self._connection.send(rest) :]
        self._connection.setblocking(True)
        self._wait(count)

    def listen(self, seconds: float) -> None:
        """Take in what comes."""
        until_s = time.monotonic() + seconds
        while (left_s := until_s - time.monotonic()) > 0 and select.select([self._connection], [], [], left_s)[0]:
            self._take()

    def _wait(self, count: int) -> bool:
        """Whether so many answers have come before nothing more came."""
        while len(self.answers) < count:
            if not select.select([self._connection], [], [], ANSWER_TIMEOUT_S)[0]:
                return False
            self._take()
        return True

    def _take(self) -> None:
        data = self._connection.recv(1 << 18)
        arrived_us = _now_us()
        if not data:
            raise SystemExit("the broker hung up")
        self._buffer += data
        for first, body in packets(self._buffer):
            if first & 0xF0 == PUBLISH:
                result = self._decode(body[2 + (body[0] << 8 | body[1]) :])
                self.answers.append(Answer(number_of(result.command), arrived_us, result.reason or result.status))


def publish(topic: str, point: str, number: int) -> bytes:
    """The packet of command `number`."""
    payload = b'{"id":"c%d","write":{"%s":%d}}' % (number, point.encode(), number)
    body = text(topic) + struct.pack(">H", number) + payload
    assert len(body) < SHORT_LENGTH
    return bytes([PUBLISH_QOS_1, len(body)]) + body


def number_of(command: str) -> int:
    """Which command has this id."""
    return int(command.removeprefix("c"))


def _now_us() -> int:
    return time.monotonic_ns() // 1000


def main() -> None:
    """Subscribe to the answers, then do what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--device", required=True, help="its topic, as in fieldgate/mill-3/boiler")
    parser.add_argument("--point", required=True)
    options = parser.parse_args()
    with subscribe(options.port, f"{options.device}/result", "bench-commander") as connection:
        print("subscribed", flush=True)
        commander = Commander(connection, f"{options.device}/command", options.point)
        for line in sys.stdin:
            wanted = json.loads(line)
            if "pause_s" in wanted:
                commander.one_by_one(wanted["count"], wanted["pause_s"])
            else:
                commander.flood(wanted["count"])
            print(len(commander.answers), flush=True)
        commander.listen(EXTRA_S)
    print(json.dumps({"sent_us": commander.sent_us, "answers": commander.answers}), flush=True)


if __name__ == "__main__":
    main()
