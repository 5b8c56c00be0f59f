"""Where readings go: brokers and a hub, each with a counter behind it, and how the daemon reaches them."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from scripts.bench.processes import Processes, free_port
from scripts.bench.result import Case
from tests.support.authority import Authority


class FarEnd(NamedTuple):
    """One that runs: settings of the daemon's endpoint, and the port that it connects to."""

    settings: tuple[str, ...]
    port: int


Start = Callable[[Case, Processes, Path], FarEnd]
"""Starts a far end and its counter; the folder is the daemon's, too."""


def broker(case: Case, processes: Processes, folder: Path) -> FarEnd:
    """Mosquitto over TCP."""
    port = _counted(case, processes, folder)
    return mqtt(case, f"mqtt://127.0.0.1:{port}", port)


def with_password(case: Case, processes: Processes, folder: Path) -> FarEnd:
    """Likewise, with a login from the secrets; the broker lets everyone in, so that each password is right."""
    keep_secret(folder, "bench")
    far_end = broker(case, processes, folder)
    return far_end._replace(settings=(*far_end.settings, "username: bench", 'password: "${secret:cloud}"'))


class Tls:
    """Mosquitto over TLS, for those alone who have a certificate."""

    def __call__(self, case: Case, processes: Processes, folder: Path) -> FarEnd:
        """Start it."""
        self._authority, port = _authority(folder), free_port()
        self.put_certificate(folder)
        server, key = self._authority.issue("server", server=True)
        files = (f"cafile {self._authority.ca}", f"certfile {server}", f"keyfile {key}")
        listener = (f"listener {port} 127.0.0.1", *files, "require_certificate true", "user root")
        _counted(case, processes, folder, listener)
        return mqtt(case, f"mqtts://127.0.0.1:{port}", port, _client(self._authority))

    def put_certificate(self, folder: Path) -> None:
        """A fresh one for the daemon, in the place of the last."""
        _put_certificate(self._authority, folder)


def websocket(case: Case, processes: Processes, folder: Path) -> FarEnd:
    """Mosquitto behind a WebSocket that a process of its own ends."""
    behind, port = _counted(case, processes, folder), _relay(processes, folder, "websocket")
    return mqtt(case, f"ws://127.0.0.1:{port}/to/{behind}", port)


def websocket_tls(case: Case, processes: Processes, folder: Path) -> FarEnd:
    """Likewise, in TLS."""
    authority = _authority(folder)
    _put_certificate(authority, folder)
    files = map(str, (*authority.issue("server", server=True), authority.ca))
    behind, port = _counted(case, processes, folder), _relay(processes, folder, "websocket", *files)
    return mqtt(case, f"wss://127.0.0.1:{port}/to/{behind}", port, _client(authority))


def socks(case: Case, processes: Processes, folder: Path) -> FarEnd:
    """Mosquitto behind a SOCKS5 proxy."""
    behind, port = _counted(case, processes, folder), _relay(processes, folder, "proxies", "socks5")
    return mqtt(case, f"mqtt://127.0.0.1:{behind}", port, f'proxy: {{url: "socks5://127.0.0.1:{port}"}}')


def hub(case: Case, processes: Processes, folder: Path) -> FarEnd:
    """The tests' IoT Hub, over TLS with a token."""
    place = _hub(case, processes, folder)
    return _azure(place, place["port"], f"127.0.0.1:{place['port']}")


def hub_websocket(case: Case, processes: Processes, folder: Path) -> FarEnd:
    """Likewise, over WebSocket."""
    place = _hub(case, processes, folder)
    return _azure(place, place["websocket_port"], f"ws:127.0.0.1:{place['websocket_port']}")


def keep_secret(folder: Path, secret: str) -> None:
    """What the daemon logs in with, in the place of the last."""
    draft = folder / "secrets.new"
    draft.touch(0o600)
    draft.write_text(f"cloud: {json.dumps(secret)}\n")
    draft.replace(folder / "secrets.yaml")


def mqtt(case: Case, url: str, port: int, *more: str) -> FarEnd:
    """A broker there, whether it runs or not."""
    return FarEnd(("type: mqtt", f'url: "{url}"', f"protocol: {case.protocol}", "root: bench", *more), port)


def layout(case: Case) -> list[str]:
    """What fleet and counter must agree on."""
    return ["--type", case.type, "--registers", str(case.registers)]


def _authority(folder: Path) -> Authority:
    (folder / "authority").mkdir()
    return Authority(folder / "authority")


def _put_certificate(authority: Authority, folder: Path) -> None:
    for path, name in zip(authority.issue("bench"), ("client.pem", "client.key"), strict=True):
        path.replace(folder / name)


def _client(authority: Authority) -> str:
    return f'tls: {{ca: "{authority.ca}", cert: client.pem, key: client.key}}'


def _counted(case: Case, processes: Processes, folder: Path, lines: Sequence[str] = ()) -> int:
    """A broker with a counter behind it; its port for everyone."""
    port = processes.run_broker(lines)
    options = ["--port", str(port), "--topic", "bench/bench/#", *layout(case), "--out", str(folder / "readings")]
    processes.run("counter", [sys.executable, "-m", "scripts.bench.counter", *options])
    processes.line("counter")
    return port


def _relay(processes: Processes, folder: Path, module: str, *more: str) -> int:
    port = free_port()
    command = [sys.executable, "-m", f"tests.support.{module}", str(port), *more]
    processes.run("relay", command, stderr=folder / "relay.log")
    processes.wait_for_listener("relay", port)
    return port


def _hub(case: Case, processes: Processes, folder: Path) -> Any:
    """It is its own counter."""
    options = ["--folder", str(folder), *layout(case), "--out", str(folder / "readings")]
    processes.run("counter", [sys.executable, "-m", "scripts.bench.hub", *options])
    place = json.loads(processes.line("counter"))
    keep_secret(folder, place["connection_string"])
    return place


def _azure(place: Any, port: int, connect: str) -> FarEnd:
    login = ("type: azure-iot-hub", 'connection_string: "${secret:cloud}"', f'connect: "{connect}"')
    return FarEnd((*login, f'tls: {{ca: "{place["ca"]}"}}'), port)
