"""The processes of one measurement: started, asked, watched and ended by name."""

from __future__ import annotations

import ctypes
import json
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self

from scripts.bench import usage
from scripts.bench.result import Name

FIELDGATE = Path(sys.executable).with_name("fieldgate")
STOP_TIMEOUT_S = 10.0
"""Twice what the daemon may take to stop."""
LISTEN_TIMEOUT_S = 10.0
LOG_LINES = 30
PR_SET_PDEATHSIG = 1
"""prctl(2): the signal that a process gets when its parent ends, however that came to be."""

_libc = ctypes.CDLL(None)


class Processes:
    """Ends all of them on the way out. They talk JSON, line by line, on their standard streams."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._processes: dict[Name, subprocess.Popen[str]] = {}
        self._ending = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.close()

    def run(self, name: Name, command: Sequence[str], stderr: Path | None = None) -> None:
        """Start it; `stderr` is a file for what it logs."""
        log = self._ending.enter_context(stderr.open("w")) if stderr else None
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            start_new_session=True,
            preexec_fn=_end_with_us,  # noqa: PLW1509 -- this process has one thread
        )
        self._processes[name] = process
        self._ending.callback(_end, process)

    def run_broker(self, lines: Sequence[str] = ()) -> int:
        """Start mosquitto, with more lines of configuration; returns its port once it listens."""
        port = free_port()
        config = self._folder / "mosquitto.conf"
        config.write_text(
            f"listener {port} 127.0.0.1\nallow_anonymous true\npersistence false\nset_tcp_nodelay true\nlog_dest none\n"
            "max_queued_messages 0\n"  # by default it drops what waits for the daemon beyond 1000
            + "".join(f"{line}\n" for line in lines)
        )
        self.run("broker", ["mosquitto", "-c", str(config)], stderr=self._folder / "broker.log")
        self.wait_for_listener("broker", port)
        return port

    def wait_for_listener(self, name: Name, port: int) -> None:
        """Return once it listens there."""
        deadline_s = time.monotonic() + LISTEN_TIMEOUT_S
        while time.monotonic() < deadline_s:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    return
            time.sleep(0.02)
        raise SystemExit(f"the {name} does not listen")

    def pid(self, name: Name) -> int:
        """For /proc."""
        return self._processes[name].pid

    def cpu_ns(self) -> dict[Name, int]:
        """What each has used so far."""
        return {name: usage.tree_cpu_ns(process.pid) for name, process in self._processes.items()}

    def ask(self, name: Name, question: str | None) -> Any:
        """The process's answer to a line, or, for None, to the end of its input."""
        pipe = self._processes[name].stdin
        assert pipe is not None
        if question is None:
            pipe.close()
        else:
            print(question, file=pipe, flush=True)
        return json.loads(self.line(name))

    def line(self, name: Name) -> str:
        """The next line it prints."""
        pipe = self._processes[name].stdout
        assert pipe is not None
        line = pipe.readline()
        if not line:
            raise SystemExit(f"the {name} ended early\n{self.daemon_log()}")
        return line

    def stop_daemon(self) -> None:
        """As systemd does."""
        self.fail_if_ended()
        daemon = self._processes["daemon"]
        daemon.send_signal(signal.SIGTERM)
        try:
            daemon.communicate(timeout=STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            print(f"the daemon did not stop within {STOP_TIMEOUT_S:g} s")

    def fail_if_ended(self) -> None:
        """Nothing that runs may end by itself."""
        for name, process in self._processes.items():
            if (code := process.poll()) is not None:
                raise SystemExit(f"the {name} ended with {code}:\n{self.daemon_log()}")

    def daemon_log(self) -> str:
        """Its last lines."""
        log = self._folder / "daemon.log"
        return "\n".join(log.read_text().splitlines()[-LOG_LINES:]) if log.exists() else ""


def daemon_command(profile: str | None, module: str | None = None) -> str:
    """Runs the daemon, or what stands for it, under cProfile if there is a file for that.

    {config} and {state} are to be filled in.
    """
    python = [sys.executable, *(["-m", "cProfile", "-o", profile] if profile else [])]
    program = [*python, "-m", module] if module else [*(python if profile else []), str(FIELDGATE)]
    return shlex.join([*program, "run"]) + " -c {config} --state-dir {state}"


def _end_with_us() -> None:
    """However we end: a daemon that is left behind keeps ports of others busy."""
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _end(process: subprocess.Popen[str]) -> None:
    process.kill()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None and not pipe.closed:
            pipe.close()
    process.wait()


def free_port() -> int:
    """On loopback, and nobody's just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
