"""A service on loopback that speaks MQTT 3.1.1 over TLS, in its own thread: what hub and DPS have in common."""

import asyncio
import ssl
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, Self, TypeVar

from websockets.asyncio.server import serve

from tests.support.authority import Authority
from tests.support.iothub.faults import Faults
from tests.support.iothub.line import Line, Talk, TcpLine, WebSocketLine, only_this_path
from tests.support.patience import HANG_S
from tests.support.ports import free_port

T = TypeVar("T")

CIPHERS = "ECDHE+AESGCM:ECDHE+AES+SHA384:ECDHE+AES+SHA256"
"""What is left since weak suites ended (contract sheet, section 1)."""

HANDSHAKE_S = 5.0
"""Nobody who only connects keeps a stop waiting for longer."""

SHUTDOWN_S = 0.5
"""How long TLS waits for the client to agree that it is over."""

LOOPBACK = "127.0.0.1"


class Service(ABC):
    """Listens on `port` (TLS) and `websocket_port` (WebSocket in TLS); stopped it refuses, and it can start again.

    All that a test may call blocks: in a coroutine, by `asyncio.to_thread`.
    """

    def __init__(self, authority: Authority, host: str, clock: Callable[[], float]) -> None:
        self.host = host
        self.ca = authority.ca
        self.port, self.websocket_port = free_port(), free_port()
        self.clock = clock
        self.faults = Faults()
        self.changed = threading.Condition()
        self._violations: list[str] = []
        self._refusals: list[str] = []
        self._ends: list[tuple[str, str]] = []
        self.connections = 0
        """That have sent a CONNECT, refused or not."""
        self._context = _context(authority, host)
        self._lines: set[Line] = set()
        self._thread: threading.Thread | None = None

    @property
    def violations(self) -> list[str]:
        """What clients did that the contract forbids; a test of a good one asserts that there are none."""
        with self.changed:
            return list(self._violations)

    @property
    def refusals(self) -> list[str]:
        """Why CONNECTs were refused, which no client is told."""
        with self.changed:
            return list(self._refusals)

    @property
    def ends(self) -> list[tuple[str, str]]:
        """Who was connected and why that ended: `disconnect` is the client's polite way, `lost` its other one."""
        with self.changed:
            return list(self._ends)

    def trust(self, certificate: Path) -> None:
        """In handshakes from now on: a self-signed client certificate, or an authority."""
        self._context.load_verify_locations(certificate)

    def start(self) -> None:
        """Return once it listens."""
        listening = threading.Event()
        self._thread = threading.Thread(target=self._run, args=[listening], name=type(self).__name__, daemon=True)
        self._thread.start()
        assert listening.wait(HANG_S), "the server does not listen"

    def stop(self) -> None:
        """Refuse from now on, and cut every connection; harmless when stopped."""
        thread, self._thread = self._thread, None
        if thread is not None:
            self._loop.call_soon_threadsafe(self._stopping.set)
            thread.join(HANG_S)
            assert not thread.is_alive(), "the server does not end"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def wait_until(self, so: Callable[[], object], timeout_s: float = HANG_S) -> None:
        """Return once this is so; looked at whenever something has happened here."""
        with self.changed:
            if not self.changed.wait_for(so, timeout_s):
                told = f"violations {self._violations}, refusals {self._refusals}, ends {self._ends}"
                raise AssertionError(f"not within {timeout_s} s; {told}")

    def violate(self, who: str, what: str) -> None:
        """Note what somebody has done."""
        with self.changed:
            self._violations.append(f"{who} {what}")
            self.changed.notify_all()

    def refuse(self, who: str, why: str) -> None:
        """Note why somebody may not connect."""
        with self.changed:
            self._refusals.append(f"{who}: {why}")
            self.changed.notify_all()

    def ended(self, who: str, why: str) -> None:
        """Note that a connection has ended."""
        with self.changed:
            self._ends.append((who, why))
            self.changed.notify_all()

    def stirred(self, change: Callable[[], T]) -> T:
        """Change what tests look at."""
        with self.changed:
            outcome = change()
            self.changed.notify_all()
        return outcome

    @abstractmethod
    def begin(self, line: Line) -> Talk:
        """Somebody has connected."""

    def _do(self, work: Coroutine[Any, Any, T], timeout_s: float = HANG_S) -> T:
        """On the server's loop; returns what it returns."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout_s)

    def _run(self, listening: threading.Event) -> None:
        asyncio.run(self._listen(listening))

    async def _listen(self, listening: threading.Event) -> None:
        self._loop, self._stopping = asyncio.get_running_loop(), asyncio.Event()
        tcp = await self._loop.create_server(
            lambda: TcpLine(self.begin, self._lines),
            LOOPBACK,
            self.port,
            ssl=self._context,
            ssl_handshake_timeout=HANDSHAKE_S,
            ssl_shutdown_timeout=SHUTDOWN_S,
        )
        websockets = await serve(
            lambda websocket: WebSocketLine(websocket).serve(self.begin, self._lines),
            LOOPBACK,
            self.websocket_port,
            ssl=self._context,
            subprotocols=["mqtt"],  # type: ignore[list-item]  # its own kind of text
            process_request=only_this_path,
            compression=None,
            close_timeout=1,
        )
        listening.set()
        await self._stopping.wait()
        tcp.close()
        for line in list(self._lines):
            line.abort()
        websockets.close()
        await websockets.wait_closed()
        while tcp._active_count:  # type: ignore[attr-defined]
            for line in list(self._lines):
                line.abort()
            await asyncio.sleep(0.001)


def _context(authority: Authority, host: str) -> ssl.SSLContext:
    """It asks for a client certificate; whether one is needed is decided at CONNECT (contract sheet, section 1)."""
    context = authority.server_context(names=(host, "localhost", LOOPBACK))
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(CIPHERS)
    context.verify_mode = ssl.CERT_OPTIONAL
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.load_verify_locations(authority.ca)
    return context
