"""One measurement: fleet, broker, subscriber and the daemon as processes, and what they did in a window of time."""

from __future__ import annotations

import json
import shlex
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from scripts.bench import usage
from scripts.bench.far_ends import Start, broker, layout
from scripts.bench.kept import kept_readings
from scripts.bench.processes import Processes
from scripts.bench.result import Case, Moment, Reading, Row, Window, load_readings, row_of
from scripts.bench.signals import Frame, frame_of

START_TIMEOUT_S = 60.0
"""40 devices of 100 points each are read from YAML in a few seconds on a small machine."""
SETTLE_S = 1.0
"""From the end of the window until the daemon is stopped: what was read in it may still arrive."""


class Rig:
    """Everything that runs during one measurement; ends all of it on the way out."""

    def __init__(self, case: Case, folder: Path, far_end: Start = broker) -> None:
        self.state = folder / "state"
        self.processes = Processes(folder)
        self.port = 0
        """Of the far end: the broker's, where nothing stands before it."""
        self.started_s = 0.0
        """From the start of the daemon until every device was read."""
        self._case = case
        self._folder = folder
        self._start_far_end = far_end
        self._frame = frame_of(case.type, case.registers)

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self.processes.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.processes.__exit__()

    @property
    def points(self) -> int:
        """Values of a reading."""
        return self._frame.points

    @property
    def last_point(self) -> str:
        """Commands write to it; what the device shows there is not what was written, which nothing looks at."""
        return f"r{self._frame.points - 1}"

    def measure(self) -> Row:
        """Warm up, watch the window, stop the daemon, and compare what was read with what arrived."""
        time.sleep(self._case.warmup_s)
        before = self.moment()
        time.sleep(self._case.seconds)
        return self.row_since(before)

    def row_since(self, before: Moment) -> Row:
        """The row of `window_since`."""
        return row_of(self._case, self.points, self.window_since(before))

    def window_since(self, before: Moment) -> Window:
        """The window from then until now; stops the daemon once what was read in it may have arrived."""
        after = self.moment()
        peak_bytes = usage.tree_peak_bytes(self.processes.pid("daemon"))
        time.sleep(SETTLE_S)
        counts, readings = self.stop()
        return Window(before, after, peak_bytes, counts, readings, kept_readings(self.state, self._frame))

    def moment(self) -> Moment:
        """Every meter, now."""
        self.processes.fail_if_ended()
        fleet = self.processes.ask("fleet", "")
        return Moment(
            time_ns=time.monotonic_ns(),
            polls=fleet["polls"],
            requests=fleet["requests"],
            arrived=self.processes.ask("counter", ""),
            cpu_ns=self.processes.cpu_ns(),
            machine_ns=usage.machine_cpu_ns(),
        )

    def stop(self) -> tuple[dict[str, int], list[Reading]]:
        """Stop the daemon; what the subscriber counted, and every reading that ever arrived."""
        self.processes.stop_daemon()
        counts = self.processes.ask("counter", None)
        return counts, load_readings(self._folder / "readings")

    def _start(self) -> None:
        case, run = self._case, self.processes.run
        fleet = ["--devices", str(case.devices), "--units", str(case.units), "--takes", str(case.takes_s)]
        run("fleet", [sys.executable, "-m", "scripts.bench.fleet", *layout(case), *fleet])
        ports = json.loads(self.processes.line("fleet"))
        settings, self.port = self._start_far_end(case, self.processes, self._folder)
        config = self._folder / "gateway.yaml"
        config.write_text(site(case, self._frame, ports, settings))
        self.state.mkdir(exist_ok=True)
        places = {"config": shlex.quote(str(config)), "state": shlex.quote(str(self.state))}
        began_s = time.monotonic()
        run("daemon", shlex.split(case.daemon.format(**places)), stderr=self._folder / "daemon.log")
        self._wait_for_first_polls()
        self.started_s = time.monotonic() - began_s

    def _wait_for_first_polls(self) -> None:
        deadline_s = time.monotonic() + START_TIMEOUT_S
        while not all(self.processes.ask("fleet", "")["polls"]):
            self.processes.fail_if_ended()
            if time.monotonic() > deadline_s:
                raise SystemExit(f"the daemon does not read every device:\n{self.processes.daemon_log()}")
            time.sleep(0.1)


def site(case: Case, frame: Frame, ports: Sequence[int], far_end: Sequence[str]) -> str:
    """The daemon's YAML: every link has as many devices as the case says, all of one kind."""
    width = frame.registers // frame.points
    more = "".join(f", {setting}" for setting in case.point)
    points = ", ".join(f"r{n}: {{address: {n * width}, type: {frame.type}{more}}}" for n in range(frame.points))
    endpoint = ", ".join((*far_end, *case.endpoint))
    return "\n".join(
        [
            "version: 1",
            "gateway: {id: bench}",
            *case.site,
            "endpoints:",
            f"  cloud: {{{endpoint}}}",
            "links:",
            *(
                f"  l{n}: {{adapter: modbus, transport: tcp, host: 127.0.0.1, port: {port}}}"
                for n, port in enumerate(ports)
            ),
            "devices:",
            *(
                f"  d{n}: {{link: l{n // case.units}, unit_id: {n % case.units + 1}, every: {case.period_s * 1000:g}ms,"
                f" points: {'*all' if n else f'&all {{{points}}}'}}}"
                for n in range(len(ports) * case.units)
            ),
            "",
        ]
    )
