"""A Modbus TCP device that can be told to misbehave while a daemon works with it."""

import socket
import struct
import threading
import time
from collections.abc import Callable

from typing_extensions import override

from tests.support.patience import HANG_S
from tests.support.server import Server, read_exactly

HEADER_BYTES = 6
READ_BITS = frozenset({1, 2})
READS = frozenset({1, 2, 3, 4})


class Query:
    """One request as it arrived."""

    def __init__(self, frame: bytes) -> None:
        self.frame = frame
        self.unit = frame[6]
        self.function = frame[7]
        self.address, self.size = struct.unpack_from(">HH", frame, 8)

    def words(self, first: int) -> bytes:
        """The reply to a read of registers: consecutive values from this one on."""
        return self.registers(*((first + n) % 65536 for n in range(self.size)))

    def registers(self, *values: int) -> bytes:
        """The reply to a read of registers: these values."""
        data = struct.pack(f">{len(values)}H", *values)
        return self._reply(bytes([len(data)]) + data)

    def well(self) -> bytes:
        """The right reply: every register holds its address, every bit is off; a write succeeds."""
        if self.function not in READS:
            return self._reply(self.frame[8:12])
        if self.function in READ_BITS:
            return self._reply(bytes([-(-self.size // 8)]) + bytes(-(-self.size // 8)))
        return self.words(self.address)

    def _reply(self, body: bytes) -> bytes:
        return self.frame[:4] + struct.pack(">H", len(body) + 2) + self.frame[6:8] + body


React = Callable[[Query], bytes | None]
"""What to answer; nothing for b"", None hangs up."""


def hang(_query: Query) -> bytes:
    return b""


def hang_on_writes(query: Query) -> bytes:
    return query.well() if query.function in READS else b""


def garbage(_query: Query) -> bytes:
    return b"\xde\xad\xbe\xef" * 8


class Device(Server):
    """Answers as `react` says; every request is kept."""

    def __init__(self, react: React = Query.well) -> None:
        super().__init__()
        self.react = react
        self._queries: list[Query] = []
        self._changed = threading.Condition()

    @property
    def queries(self) -> list[Query]:
        """What was asked so far."""
        with self._changed:
            return list(self._queries)

    def forget(self) -> None:
        """What was asked so far."""
        with self._changed:
            self._queries.clear()

    @property
    def writes(self) -> list[Query]:
        """The writes among them."""
        return [query for query in self.queries if query.function not in READS]

    def wait_for(self, wanted: Callable[[Query], bool], timeout_s: float = HANG_S) -> None:
        """Return once such a request has come."""
        deadline_s = time.monotonic() + timeout_s
        with self._changed:
            while not any(wanted(query) for query in self._queries):
                assert self._changed.wait(deadline_s - time.monotonic()), f"nobody asked within {timeout_s} s"

    def wait_for_polls(self, count: int, timeout_s: float = HANG_S) -> None:
        """Return once it has been read so many times more."""
        wanted = len(self.queries) + count
        deadline_s = time.monotonic() + timeout_s
        with self._changed:
            while len(self._queries) < wanted:
                assert self._changed.wait(deadline_s - time.monotonic()), f"{len(self._queries)} of {wanted} requests"

    def wait_for_write(self, timeout_s: float = HANG_S) -> None:
        self.wait_for(lambda query: query.function not in READS, timeout_s)

    def unread(self) -> int:
        """The number of the last request, once who asked has ended: the answer to it may never have been read."""
        self.wait_until_alone()
        return len(self.queries)

    @override
    def handle(self, connection: socket.socket) -> None:
        while True:
            head = read_exactly(connection, HEADER_BYTES)
            query = Query(head + read_exactly(connection, int.from_bytes(head[4:6], "big")))
            with self._changed:
                self._queries.append(query)
                self._changed.notify_all()
            answer = self.react(query)
            if answer is None:
                return
            connection.sendall(answer)


class Counter:
    """A reaction: register 0 counts the reads, so that each reading is worth one more than the last."""

    def __init__(self) -> None:
        self.served = 0

    def __call__(self, query: Query) -> bytes:
        self.served += 1
        return query.words(self.served)
