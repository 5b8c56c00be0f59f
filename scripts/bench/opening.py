"""How long a daemon takes to be ready on an outbox of many rows, and what a healthy one writes to its disk."""

from __future__ import annotations

import json
import os
import shlex
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from scripts.bench import usage
from scripts.bench.far_ends import mqtt
from scripts.bench.prefill import prefill
from scripts.bench.processes import Processes
from scripts.bench.result import Case
from scripts.bench.rig import Rig, site
from scripts.bench.signals import frame_of

LOOK_S = 0.005
READY_TIMEOUT_S = 300.0
UNUSED_PORT = 9
"""discard: nobody listens there."""


@dataclass(frozen=True)
class Opened:
    """Seconds from the start of the process until it is ready."""

    empty_s: float
    full_s: float
    file_bytes: int


def opening(case: Case, rows: int) -> Opened:
    """Without a broker, on an empty outbox and on one of so many rows that no cache knows."""
    with tempfile.TemporaryDirectory(prefix="fieldgate-bench-") as name:
        folder = Path(name)
        config = folder / "gateway.yaml"
        nobody = mqtt(case, f"mqtt://127.0.0.1:{UNUSED_PORT}", UNUSED_PORT)
        config.write_text(site(case, frame_of(case.type), [UNUSED_PORT], nobody.settings))
        empty_s = _until_ready(case, config, folder / "empty")
        (folder / "full").mkdir()
        path = folder / "full" / "outbox-cloud.db"
        prefill(path, rows)
        _forget(path)
        return Opened(empty_s, _until_ready(case, config, folder / "full"), path.stat().st_size)


def _until_ready(case: Case, config: Path, state: Path) -> float:
    state.mkdir(exist_ok=True)
    places = {"config": shlex.quote(str(config)), "state": shlex.quote(str(state))}
    with Processes(state.parent) as processes:
        began_s = time.monotonic()
        log = state.parent / "daemon.log"
        processes.run("daemon", shlex.split(case.daemon.format(**places)), stderr=log)
        while time.monotonic() - began_s < READY_TIMEOUT_S:
            if _is_ready(log):
                return time.monotonic() - began_s
            processes.fail_if_ended()
            time.sleep(LOOK_S)
    raise SystemExit("the daemon does not get ready")


def _is_ready(log: Path) -> bool:
    return any(json.loads(line).get("event") == "ready" for line in log.read_text().splitlines(keepends=True)[:50])


def _forget(path: Path) -> None:
    """Out of the page cache."""
    with path.open("rb") as file:
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


@dataclass(frozen=True)
class Written:
    """What the daemon wrote in so many seconds, and which files in its state directory were touched."""

    seconds: float
    readings: int
    disk_bytes: int
    touched: dict[str, int]
    """By name, with the growth in bytes."""


def healthy(case: Case, seconds: float) -> Written:
    """With an uplink that acknowledges at once."""
    with tempfile.TemporaryDirectory(prefix="fieldgate-bench-") as folder, Rig(case, Path(folder)) as rig:
        time.sleep(case.warmup_s)
        before, files = rig.moment(), _files(rig.state)
        written = usage.disk_bytes(rig.processes.pid("daemon"))
        time.sleep(seconds)
        after, files_after = rig.moment(), _files(rig.state)
        written = usage.disk_bytes(rig.processes.pid("daemon")) - written
        touched = {
            name: size - files.get(name, (0, 0))[1]
            for name, (mtime_ns, size) in files_after.items()
            if files.get(name) != (mtime_ns, size)
        }
        return Written(seconds, after.arrived - before.arrived, written, touched)


def _files(state: Path) -> dict[str, tuple[int, int]]:
    """When each was last written, and its size."""
    return {path.name: (path.stat().st_mtime_ns, path.stat().st_size) for path in state.iterdir()}
