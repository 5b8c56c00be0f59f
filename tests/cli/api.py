"""A gateway's control API as a client meets it: answers that were told to it, on a unix socket."""

import json
import socketserver
import threading
from collections.abc import Iterable
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

import pytest
from typing_extensions import override

from gateway import cli
from tests.support.repo import ROOT

SETPOINT = {"type": "int16", "kind": "float", "unit": "°C", "writable": True, "min": 20.0, "max": 80.0}
FLOW = {"type": "float32", "kind": "float", "unit": "°C", "writable": False}
PUMP = {"type": "bool", "kind": "bool", "unit": None, "writable": True, "confirm": True}
MODE = {"type": "uint16", "kind": "text", "unit": None, "writable": True, "enum": {"0": "off", "1": "on", "2": "auto"}}
FILL = {
    "kg": {"kind": "float", "min": 0, "max": 500, "unit": "kg"},
    "lot": {"kind": "text", "max_length": 8},
    "mode": {"kind": "text", "choices": ["fast", "slow"], "default": "fast"},
    "rinse": {"kind": "bool", "default": False},
    "times": {"kind": "int", "default": 1},
}
BOILER = {
    "link": "plc",
    "address": "10.0.0.1 unit 1",
    "state": "online",
    "reason": None,
    "detail": None,
    "since": "2026-11-24T09:00:00.000Z",
    "points": {"flow": FLOW, "setpoint": SETPOINT, "pump": PUMP, "mode": MODE},
    "commands": {
        "start": {"description": "fan first", "confirm": False, "args": {}},
        "fill": {"description": "", "confirm": True, "args": FILL},
    },
}
STATUS = {
    "state": "online",
    "gateway": "mill-3",
    "version": "0.1.0",
    "system_clock": "synced",
    "endpoints": {"cloud": {"state": "up", "fault": None, "outbox": {"depth": 12, "oldest_age_s": 4.2, "lost": {}}}},
    "links": {"plc": {"state": "up", "failures": 0}},
    "trouble": {"links": {}, "devices": {}},
}


class Ask(NamedTuple):
    """A question as it came."""

    method: str
    path: str
    query: dict[str, str]
    body: Any = None


class Stream(NamedTuple):
    """Lines, one chunk each; `torn`: the connection ends in their midst."""

    lines: Iterable[Any]
    torn: bool = False


class Said(NamedTuple):
    """How a verb has ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        content: dict[str, Any] = json.loads(self.out)
        return content


class Api:
    """Answers each `METHOD path` with what stands for it: the last of several again and again."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.asked: list[Ask] = []
        self.answers: dict[str, list[Any]] = {}
        self.hangs = threading.Event()
        self.hung = threading.Event()
        self.let_go = threading.Event()
        self.tell("GET /v1/devices", {"devices": {"boiler": BOILER}})
        self.tell("GET /v1/devices/boiler", {"device": "boiler", **BOILER})
        self.tell("GET /v1/status", STATUS)
        self._server = _Server(str(path), _handler(self))
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    def tell(self, what: str, *answers: Any) -> None:
        """An answer is a document, an HTTP status with one, or a stream."""
        self.answers[what] = list(answers)

    def posted(self) -> list[Ask]:
        return [ask for ask in self.asked if ask.method == "POST"]

    def close(self) -> None:
        self.let_go.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        self.path.unlink(missing_ok=True)

    def answer(self, ask: Ask) -> Any:
        self.asked.append(ask)
        waiting = self.answers.get(f"{ask.method} {ask.path}", [(404, error("unknown", "there is no such thing"))])
        return waiting.pop(0) if len(waiting) > 1 else waiting[0]


def error(code: str, detail: str) -> dict[str, Any]:
    return {"error": {"code": code, "detail": detail}}


def result(status: str = "done", **more: Any) -> dict[str, Any]:
    return {"command": "local-1", "device": "boiler", "status": status, **more}


class _Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True

    @override
    def handle_error(self, request: object, client_address: object) -> None:
        """A client that goes is no error."""


def _handler(api: Api) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            if api.hangs.is_set():
                api.hung.set()
                api.let_go.wait()
                self.close_connection = True
                return
            found = urlsplit(self.path)
            text = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            query = {name: values[0] for name, values in parse_qs(found.query).items()}
            answer = api.answer(Ask(self.command, found.path, query, json.loads(text) if text else None))
            if isinstance(answer, Stream):
                self._stream(answer)
                return
            status, document = answer if isinstance(answer, tuple) else (200, answer)
            self._head(status, "Content-Length", str(len(content := json.dumps(document).encode())))
            self.wfile.write(content)

        do_POST = do_GET  # noqa: N815 -- the name that http.server looks for

        def _stream(self, stream: Stream) -> None:
            self._head(200, "Transfer-Encoding", "chunked")
            for line in stream.lines:
                content = json.dumps(line).encode() + b"\n"
                self.wfile.write(b"%x\r\n%b\r\n" % (len(content), content))
            self.wfile.write(b"5\r\nab" if stream.torn else b"0\r\n\r\n")
            self.close_connection = True

        def _head(self, status: int, name: str, value: str) -> None:
            self.send_response(status)
            self.send_header(name, value)
            self.end_headers()

        @override
        def address_string(self) -> str:
            return "here"

        @override
        def log_message(self, *_args: object) -> None:
            return

    return Handler


class Verbs(NamedTuple):
    """Verbs in this process: another one costs a second of CPU before it has read its arguments."""

    monkeypatch: pytest.MonkeyPatch
    capture: pytest.CaptureFixture[str]

    def __call__(self, *arguments: str, cwd: Path = ROOT) -> Said:
        self.monkeypatch.chdir(cwd)
        self.monkeypatch.setenv("NO_COLOR", "1")
        return run(*arguments, capture=self.capture)


def run(*arguments: str, capture: Any) -> Said:
    """A verb in this process."""
    code = cli.dispatch(list(arguments))
    return Said(code, *capture.readouterr())
