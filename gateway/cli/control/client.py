"""HTTP on a unix socket: what the control API answers."""

from __future__ import annotations

import http.client
import json
import socket
import struct
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from typing_extensions import override

LOOK_S = 10.0
"""What a gateway knows it answers at once, and a full disk or bus does not keep it: one that takes longer hangs."""

COMMAND_S = 90.0
"""A command is answered by its deadline at the latest, which is 60 s after it came by default."""

CHUNK_BYTES = 65_536


class Unanswered(Exception):
    """The gateway does not answer, or no more; a sentence for people."""


class Denied(Exception):
    """The gateway's answer is no: an HTTP status, and a sentence for people."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status


class Client:
    """One gateway's control API; each question has a connection of its own. Raises Denied and Unanswered."""

    def __init__(self, path: Path, look_s: float = LOOK_S) -> None:
        self.path = path
        self._look_s = look_s

    def get(self, path: str, **query: object) -> Any:
        """What is known."""
        with self._answer("GET", path, query) as answer:
            return json.loads(answer.read())

    def post(self, path: str, body: Mapping[str, Any]) -> Any:
        """What came of it."""
        with self._answer("POST", path, {}, json.dumps(body).encode()) as answer:
            return json.loads(answer.read())

    def lines(self, path: str, body: Mapping[str, Any] | None = None, **query: object) -> Generator[bytes]:
        """JSON Lines as they come, each with its end, until the gateway ends; with a body it is a POST."""
        rest, sent = b"", None if body is None else json.dumps(body).encode()
        with self._answer("GET" if body is None else "POST", path, query, sent) as answer:
            while chunk := answer.read1(CHUNK_BYTES):
                *whole, rest = (rest + chunk).split(b"\n")
                for line in whole:
                    yield line + b"\n"

    @contextmanager
    def _answer(
        self, method: str, path: str, query: Mapping[str, object], body: bytes | None = None
    ) -> Iterator[http.client.HTTPResponse]:
        asked = {name: value for name, value in query.items() if value is not None}
        connection = _Connection(self.path, self._look_s if body is None else COMMAND_S)
        headers = {"Content-Type": "application/json"} if body is not None else {}
        try:
            with _translated():
                connection.request(method, f"{path}?{urlencode(asked)}" if asked else path, body, headers)
                answer = connection.getresponse()
                if answer.status != http.client.OK:
                    raise Denied(answer.status, _detail(answer))
                if answer.chunked:
                    connection.wait_for_ever()
            with _translated():
                yield answer
        finally:
            connection.close()


def address(*parts: str) -> str:
    """A path under which nobody can mean another one."""
    return "/v1/" + "/".join(quote(part, safe="") for part in parts)


class _Connection(http.client.HTTPConnection):
    def __init__(self, path: Path, timeout_s: float) -> None:
        super().__init__("localhost")
        self._path = path
        self._limit_s = timeout_s

    @override
    def connect(self) -> None:
        self.sock = self._dialled = dial(self._path, self._limit_s)

    def wait_for_ever(self) -> None:
        """Nobody knows when a stream's next line comes; its answer may have taken the socket over."""
        self._dialled.settimeout(None)


def dial(path: Path, timeout_s: float) -> socket.socket:
    """A connection; raises OSError."""
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        # Where many wait to be let in, only a blocking connect waits with them; the kernel ends it: socket(7)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", *_timeval(timeout_s)))
        connection.connect(str(path))
        connection.settimeout(timeout_s)
    except BlockingIOError:
        connection.close()
        raise TimeoutError("it takes no connection") from None
    except BaseException:
        connection.close()
        raise
    return connection


def _timeval(span_s: float) -> tuple[int, int]:
    """Whole seconds and microseconds."""
    return divmod(round(span_s * 1_000_000), 1_000_000)


@contextmanager
def _translated() -> Iterator[None]:
    """Whatever may go wrong on the way, as one error."""
    try:
        yield
    except TimeoutError:
        raise Unanswered("the gateway does not answer: it hangs, or is overloaded; its log may tell why") from None
    except (OSError, http.client.HTTPException) as error:
        raise Unanswered("the gateway has ended meanwhile; its log may tell why") from error
    except ValueError as error:
        raise Unanswered(f"what listens there is no fieldgate of this version: {error}") from error


def _detail(answer: http.client.HTTPResponse) -> str:
    """What its error says."""
    text = answer.read().decode(errors="replace")
    try:
        return str(json.loads(text)["error"]["detail"])
    except (ValueError, KeyError, TypeError):
        return f"HTTP {answer.status} {answer.reason}"
