"""The daemon as a process."""

import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.support.patience import HANG_S
from tests.support.process import Process

FIELDGATE = Path(sys.executable).with_name("fieldgate")

DYING = Path(__file__).with_name("dying.py")

Event = dict[str, Any]


class Daemon:
    """`fieldgate run` on a site of its own; started again it finds the same state."""

    def __init__(self, folder: Path, config: str, env: Mapping[str, str] | None = None) -> None:
        self.config_path = folder / "gateway.yaml"
        self.state_dir = folder / "state"
        self.state_dir.mkdir(exist_ok=True)
        self._env = {**os.environ, **(env or {})}
        self._process: Process | None = None
        self.configure(config)

    def configure(self, config: str) -> None:
        """Write the site's YAML; read at the next start."""
        self.config_path.write_text(config)

    @property
    def process(self) -> Process:
        assert self._process is not None, "start it first"
        return self._process

    @property
    def lines(self) -> list[str]:
        """Everything it has written since it was last started, events and errors alike."""
        return self._process.lines if self._process is not None else []

    @property
    def log(self) -> list[Event]:
        """What it has logged since it was last started."""
        return [event for line in self.process.lines if (event := _parse(line))]

    def start(self, dies_at: Sequence[str] = ()) -> None:
        """Return as soon as the process exists; `dies_at`: where it is killed, as `dying.py` has it."""
        program = [sys.executable, DYING, *dies_at] if dies_at else [FIELDGATE]
        self._process = Process([*program, "run", "-c", self.config_path, "--state-dir", self.state_dir], env=self._env)

    def wait_for(self, wanted: str | Callable[[Event], bool], timeout_s: float = HANG_S, start: int = 0) -> Event:
        """The first log event from line `start` on with this name, or for which the function is true."""
        matches: Callable[[Event], bool] = (lambda e: e.get("event") == wanted) if isinstance(wanted, str) else wanted
        return _parse(self.process.wait_for_line(lambda line: matches(_parse(line)), timeout_s, start))

    def terminate(self, timeout_s: float = HANG_S) -> int:
        """SIGTERM; returns the exit code."""
        return self.process.terminate(timeout_s)

    def kill(self) -> int:
        """SIGKILL; harmless when it has ended or never ran."""
        return self._process.kill() if self._process is not None else 0


def _parse(line: str) -> Event:
    try:
        event = json.loads(line)
    except ValueError:
        return {}
    return event if isinstance(event, dict) else {}
