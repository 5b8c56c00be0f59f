"""A TCP server of a test's own making: for peers that misbehave as no real one can be told to."""

import socket
import threading
from contextlib import suppress
from typing import Self

from tests.support.patience import HANG_S
from tests.support.ports import free_port

LOOK_S = 0.05
"""How soon a thread that accepts sees that it is to end."""


class Server:
    """One port on loopback, one thread for each connection; stopped it refuses, and it can be started again."""

    def __init__(self) -> None:
        self.port = free_port()
        self._listener: socket.socket | None = None
        self._accepting: threading.Thread | None = None
        self._open: set[socket.socket] = set()
        self._changed_open = threading.Condition()

    def handle(self, connection: socket.socket) -> None:
        """Serve one connection; an OSError ends it quietly."""
        raise NotImplementedError

    def start(self) -> None:
        """Return once it listens."""
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", self.port))
        listener.listen()
        listener.settimeout(LOOK_S)
        self._listener = listener
        self._accepting = threading.Thread(target=self._accept, args=[listener], name="accept", daemon=True)
        self._accepting.start()

    def stop(self) -> None:
        """Refuse from now on, and cut every connection; harmless when stopped."""
        listener, self._listener = self._listener, None
        if listener is None or self._accepting is None:
            return
        self._accepting.join()
        listener.close()
        with self._changed_open:
            connections, self._open = self._open, set()
        for connection in connections:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def wait_until_alone(self, timeout_s: float = HANG_S) -> None:
        """Return once nobody is connected, and all that was sent has been dealt with."""
        with self._changed_open:
            assert self._changed_open.wait_for(lambda: not self._open, timeout_s), "somebody is still connected"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _accept(self, listener: socket.socket) -> None:
        while self._listener is listener:
            with suppress(TimeoutError):
                connection, _ = listener.accept()
                connection.settimeout(None)
                with self._changed_open:
                    self._open.add(connection)
                threading.Thread(target=self._serve, args=[connection], name="serve", daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            self.handle(connection)
        with self._changed_open:
            self._open.discard(connection)
            self._changed_open.notify_all()


def read_exactly(connection: socket.socket, size: int) -> bytes:
    """So many bytes; ConnectionError when the peer has closed before."""
    data = b""
    while len(data) < size:
        piece = connection.recv(size - len(data))
        if not piece:
            raise ConnectionError("closed")
        data += piece
    return data
