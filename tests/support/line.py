"""A network cable between the daemon and what it talks to: it can be cut, mended and frozen."""

import socket
import threading
from contextlib import suppress

from typing_extensions import override

from tests.support.server import Server


class Line(Server):
    """Forwards to a port on loopback. `stop` cuts it, `start` mends it."""

    def __init__(self, to_port: int) -> None:
        super().__init__()
        self._to_port = to_port
        self._out, self._back = threading.Event(), threading.Event()
        self.thaw()

    @property
    def url(self) -> str:
        return f"mqtt://127.0.0.1:{self.port}"

    def freeze(self) -> None:
        """Deliver nothing in either direction, and tell nobody."""
        self._out.clear()
        self._back.clear()

    def mute(self) -> None:
        """Deliver what the daemon sends, but none of the answers."""
        self._back.clear()

    def thaw(self) -> None:
        """Deliver again, first what was held back."""
        self._out.set()
        self._back.set()

    @override
    def stop(self) -> None:
        super().stop()
        self.thaw()

    @override
    def handle(self, connection: socket.socket) -> None:
        with socket.create_connection(("127.0.0.1", self._to_port)) as far:
            back = threading.Thread(
                target=self._pump, args=[far, connection, self._back], name="line back", daemon=True
            )
            back.start()
            self._pump(connection, far, self._out)
            back.join()

    def _pump(self, source: socket.socket, target: socket.socket, flowing: threading.Event) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                flowing.wait()
                target.sendall(data)
        for end in (source, target):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
