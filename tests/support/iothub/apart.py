"""The test hub as a process of its own, for tests that count what their own process has open and how long it works.

    python -m tests.support.iothub.apart FOLDER

Each device has a number; what happens to one is a line that begins with its name.
"""

import json
import sys
import time
from pathlib import Path
from typing import NamedTuple

from tests.support.authority import Authority
from tests.support.iothub.hub import IotHub
from tests.support.iothub.hubsession import Telemetry
from tests.support.patience import HANG_S
from tests.support.process import Process

DEVICES = 200
"""More than there are tests that need one."""


class Place(NamedTuple):
    """Where it listens."""

    ca: str
    port: int
    websocket_port: int
    keys: list[str]


class HubApart:
    """Runs from when it is made until `stop`; `device()` is another one each time."""

    def __init__(self, folder: Path) -> None:
        self._process = Process([sys.executable, "-m", "tests.support.iothub.apart", folder])
        told = self._process.wait_for_line(lambda line: line.startswith("{"))
        self.place = Place(**json.loads(told))
        self._given = 0

    def device(self) -> str:
        self._given += 1
        return f"box-{self._given - 1}"

    def connection_string(self, device: str) -> str:
        key = self.place.keys[int(device.removeprefix("box-"))]
        return f"HostName=localhost;DeviceId={device};SharedAccessKey={key}"

    def wait_for(self, device: str, what: str) -> None:
        """`disconnect`, `lost` or a will's body."""
        self._process.wait_for_line(lambda line: line == f"{device} {what}", HANG_S)

    def violations(self, device: str) -> list[str]:
        """What it did that the contract forbids."""
        return [line for line in self._process.lines if line.startswith(f"{device} violates")]

    def stop(self) -> None:
        self._process.kill()


class _Telling(IotHub):
    """Says to stderr what happens."""

    def violate(self, who: str, what: str) -> None:
        say(f"{who} violates: {what}")
        super().violate(who, what)

    def ended(self, who: str, why: str) -> None:
        say(f"{who} {why}")
        super().ended(who, why)

    def store(self, message: Telemetry) -> None:
        if message.properties.get("iothub-MessageType") == "Will":
            say(f"{message.device} {message.body.decode()}")
        super().store(message)


def say(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


def main(folder: Path) -> None:
    with _Telling(Authority(folder)) as hub:
        keys = [hub.add_device(f"box-{number}").keys[0] for number in range(DEVICES)]
        say(json.dumps(Place(str(hub.ca), hub.port, hub.websocket_port, keys)._asdict()))
        while True:
            time.sleep(3600)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
