"""What the smallest start costs, and a daemon that has nothing to do."""

from __future__ import annotations

import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from scripts.bench import usage
from scripts.bench.result import MIB, Case
from scripts.bench.rig import Rig


def wall_ms(command: Sequence[str], runs: int) -> list[float]:
    """How long each run of a command takes, in milliseconds."""
    took_ms = list[float]()
    for _ in range(runs):
        began_s = time.monotonic()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        took_ms.append((time.monotonic() - began_s) * 1000)
    return took_ms


def idle_memory_mib(case: Case) -> tuple[float, float]:
    """What a daemon has in memory after its warm-up, and its highest so far."""
    with tempfile.TemporaryDirectory(prefix="fieldgate-bench-") as folder, Rig(case, Path(folder)) as rig:
        time.sleep(case.warmup_s)
        pid = rig.processes.pid("daemon")
        return usage.rss_bytes(pid) / MIB, usage.tree_peak_bytes(pid) / MIB
