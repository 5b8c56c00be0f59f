"""A real MQTT broker, one per test, that can be stopped and started again on its port."""

import socket
import subprocess
from collections.abc import Mapping
from pathlib import Path

from tests.support.patience import HANG_S
from tests.support.ports import free_port
from tests.support.process import Process

CONNECT = b"\x10\x11\x00\x04MQTT\x04\x02\x00\x3c\x00\x05probe"
CONNACK = b"\x20"
"""MQTT 3.1.1, sections 3.1 and 3.2."""


class Mosquitto:
    """Listens on loopback; `lines` go into its configuration, `users` (name: password) close it to everyone else."""

    def __init__(self, folder: Path, lines: tuple[str, ...] = (), users: Mapping[str, str] | None = None) -> None:
        self.port = free_port()
        self._config = folder / f"mosquitto-{self.port}.conf"
        self._folder = folder
        self._process: Process | None = None
        settings = [
            f"listener {self.port} 127.0.0.1",
            f"allow_anonymous {'false' if users else 'true'}",
            "max_queued_messages 0",  # by default what a slow subscriber has not taken is dropped from 1000 on
            "log_type all",
            "log_dest stderr",
            *([f"password_file {_password_file(folder, users)}"] if users else []),
            *(["user root"] if not any(line.startswith("user ") for line in lines) else []),
            *lines,
        ]
        self._config.write_text("\n".join(settings) + "\n")

    @property
    def url(self) -> str:
        return f"mqtt://127.0.0.1:{self.port}"

    @property
    def log(self) -> list[str]:
        """What the broker has written since it was last started."""
        assert self._process is not None
        return self._process.lines

    def start(self) -> None:
        """Return once it serves: it says that it runs before it can be stopped."""
        self._process = Process(["mosquitto", "-c", self._config])
        self._process.wait_for_line(lambda line: line.endswith(" running"))
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as probe:
            probe.sendall(CONNECT)
            assert probe.recv(1) == CONNACK

    def wait_for_line(self, part: str, timeout_s: float = HANG_S) -> str:
        """The first line of the broker's log that contains `part`."""
        assert self._process is not None
        return self._process.wait_for_line(lambda line: part in line, timeout_s)

    def set_password(self, user: str, password: str) -> None:
        """Give a user another one; it counts from the next start."""
        _password_file(self._folder, {user: password})

    def stop(self) -> None:
        """The polite end: every client is told, or at least hung up on. Harmless when stopped."""
        if self._process is not None and self._process.returncode is None:
            self._process.terminate()

    def kill(self) -> None:
        """As when the power goes: no client is told."""
        if self._process is not None:
            self._process.kill()


def _password_file(folder: Path, users: Mapping[str, str]) -> Path:
    path = folder / "mosquitto.passwords"
    path.touch(mode=0o600)
    for name, password in users.items():
        subprocess.run(["mosquitto_passwd", "-b", path, name, password], check=True)
    return path
