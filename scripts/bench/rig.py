"""One measurement: fleet, broker, subscriber and the daemon as processes, and what they did in a window of time."""

from __future__ import annotations

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
from scripts.bench.result import Case, Moment, Name, Row, Window, load_readings, row_of
from scripts.bench.signals import REGISTERS, Frame, frame_of

START_TIMEOUT_S = 60.0
"""40 devices of 100 points each are read from YAML in a few seconds on a small machine."""
SETTLE_S = 1.0
"""From the end of the window until the daemon is stopped: what was read in it may still arrive."""
STOP_TIMEOUT_S = 10.0
"""Twice what the daemon may take to stop."""


class Rig:
    """Everything that runs during one measurement; ends all of it on the way out."""

    def __init__(self, case: Case, folder: Path) -> None:
        self._case = case
        self._folder = folder
        self._frame = frame_of(case.type)
        self._processes: dict[Name, subprocess.Popen[str]] = {}
        self._ending = ExitStack()

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self._ending.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.close()

    def measure(self) -> Row:
        """Warm up, watch the window, stop the daemon, and compare what was read with what arrived."""
        time.sleep(self._case.warmup_s)
        before = self._moment()
        time.sleep(self._case.seconds)
        after = self._moment()
        peak_bytes = usage.tree_peak_bytes(self._processes["daemon"].pid)
        time.sleep(SETTLE_S)
        self._stop_daemon()
        counts = self._ask("counter", None)
        window = Window(before, after, peak_bytes, counts, load_readings(self._folder / "readings"))
        return row_of(self._case, self._frame.points, window)

    def _start(self) -> None:
        case = self._case
        python = [sys.executable, "-m"]
        fleet = [*python, "scripts.bench.fleet", "--devices", str(case.devices), "--type", case.type]
        self._run("fleet", fleet)
        ports = json.loads(self._line("fleet"))
        broker = self._start_broker()
        options = ["--port", str(broker), "--topic", "bench/bench/+/reading", "--type", case.type]
        self._run("counter", [*python, "scripts.bench.counter", *options, "--out", str(self._folder / "readings")])
        self._line("counter")
        config = self._folder / "gateway.yaml"
        config.write_text(site(case, self._frame, ports, broker))
        state = self._folder / "state"
        state.mkdir()
        places = {"config": shlex.quote(str(config)), "state": shlex.quote(str(state))}
        self._run("daemon", shlex.split(case.daemon.format(**places)), stderr=self._folder / "daemon.log")
        self._wait_for_first_polls()

    def _start_broker(self) -> int:
        port = _free_port()
        config = self._folder / "mosquitto.conf"
        config.write_text(
            f"listener {port} 127.0.0.1\nallow_anonymous true\npersistence false\nset_tcp_nodelay true\nlog_dest none\n"
        )
        self._run("broker", ["mosquitto", "-c", str(config)])
        deadline_s = time.monotonic() + 10
        while time.monotonic() < deadline_s:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    return port
            time.sleep(0.02)
        raise SystemExit("mosquitto does not listen")

    def _wait_for_first_polls(self) -> None:
        deadline_s = time.monotonic() + START_TIMEOUT_S
        while not all(self._ask("fleet", "")["polls"]):
            self._fail_if_ended()
            if time.monotonic() > deadline_s:
                raise SystemExit(f"the daemon does not read every device:\n{self._daemon_log()}")
            time.sleep(0.1)

    def _run(self, name: Name, command: Sequence[str], stderr: Path | None = None) -> None:
        log = self._ending.enter_context(stderr.open("w")) if stderr else None
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True, start_new_session=True
        )
        self._processes[name] = process
        self._ending.callback(_end, process)

    def _stop_daemon(self) -> None:
        self._fail_if_ended()
        daemon = self._processes["daemon"]
        daemon.send_signal(signal.SIGTERM)
        try:
            daemon.communicate(timeout=STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            print(f"the daemon did not stop within {STOP_TIMEOUT_S:g} s")

    def _moment(self) -> Moment:
        self._fail_if_ended()
        fleet = self._ask("fleet", "")
        return Moment(
            time_ns=time.monotonic_ns(),
            polls=fleet["polls"],
            requests=fleet["requests"],
            cpu_ns={name: usage.tree_cpu_ns(process.pid) for name, process in self._processes.items()},
            machine_ns=usage.machine_cpu_ns(),
        )

    def _fail_if_ended(self) -> None:
        for name, process in self._processes.items():
            if (code := process.poll()) is not None:
                raise SystemExit(f"the {name} ended with {code}:\n{self._daemon_log()}")

    def _daemon_log(self) -> str:
        log = self._folder / "daemon.log"
        return "\n".join(log.read_text().splitlines()[-30:]) if log.exists() else ""

    def _ask(self, name: Name, question: str | None) -> Any:
        """The process's answer to a line, or, for None, to the end of its input."""
        pipe = self._processes[name].stdin
        assert pipe is not None
        if question is None:
            pipe.close()
        else:
            print(question, file=pipe, flush=True)
        return json.loads(self._line(name))

    def _line(self, name: Name) -> str:
        pipe = self._processes[name].stdout
        assert pipe is not None
        line = pipe.readline()
        if not line:
            raise SystemExit(f"the {name} ended early")
        return line


def site(case: Case, frame: Frame, ports: Sequence[int], broker: int) -> str:
    """The daemon's YAML: every device on a link of its own."""
    width = REGISTERS // frame.points
    points = ", ".join(f"r{n}: {{address: {n * width}, type: {frame.type}}}" for n in range(frame.points))
    protocol = f"protocol: {case.protocol}"
    return "\n".join(
        [
            "version: 1",
            "gateway: {id: bench}",
            *case.site,
            "endpoints:",
            f'  cloud: {{type: mqtt, url: "mqtt://127.0.0.1:{broker}", {protocol}, root: bench}}',
            "links:",
            *(
                f"  l{n}: {{adapter: modbus, transport: tcp, host: 127.0.0.1, port: {port}}}"
                for n, port in enumerate(ports)
            ),
            "devices:",
            *(
                f"  d{n}: {{link: l{n}, unit_id: 1, every: {case.period_s * 1000:g}ms, points: {{{points}}}}}"
                for n in range(len(ports))
            ),
            "",
        ]
    )


def _end(process: subprocess.Popen[str]) -> None:
    process.kill()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None and not pipe.closed:
            pipe.close()
    process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
