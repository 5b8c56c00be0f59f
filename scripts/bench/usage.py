"""What processes have used: CPU to the nanosecond, memory at its highest."""

from __future__ import annotations

import os
import time
from pathlib import Path

TICKS_PER_S = os.sysconf("SC_CLK_TCK")
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
IDLE_FIELDS = (3, 4)
"""idle and iowait in the first line of /proc/stat: proc(5)."""
CPU_FIELDS = 8
"""What follows in that line, guest time, is counted in user time already."""


def cpu_ns(pid: int) -> int:
    """CPU time of one process and of all threads it ever had.

    The clock id is the one that clock_getcpuclockid(3) makes of a pid.
    """
    return time.clock_gettime_ns(~pid << 3 | 2)


def waited_ns(pid: int) -> int:
    """How long its first thread has been ready to run and not been let: Documentation/scheduler/sched-stats.rst."""
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[1])


def tree(pid: int) -> list[int]:
    """The process and everything below it."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal() and (parent := _parent(entry)) is not None:
            children.setdefault(parent, []).append(int(entry.name))
    found = [pid]
    for member in found:
        found += children.get(member, [])
    return found


def tree_cpu_ns(pid: int) -> int:
    """CPU time of the living processes of a tree."""
    return sum(cpu_ns(member) for member in tree(pid))


def tree_peak_bytes(pid: int) -> int:
    """The sum of every process's highest resident memory."""
    return sum(_peak_bytes(member) for member in tree(pid))


def machine_cpu_ns() -> int:
    """CPU time of everything on the machine."""
    fields = [int(field) for field in Path("/proc/stat").read_text().splitlines()[0].split()[1 : 1 + CPU_FIELDS]]
    busy = sum(fields) - sum(fields[index] for index in IDLE_FIELDS)
    return busy * 1_000_000_000 // TICKS_PER_S


def _parent(entry: Path) -> int | None:
    try:
        return int((entry / "stat").read_text().rpartition(")")[2].split()[1])
    except (FileNotFoundError, ProcessLookupError):
        return None


def _peak_bytes(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) * 1024


def rss_bytes(pid: int) -> int:
    """What one process has in memory now."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE_BYTES


def disk_bytes(pid: int) -> int:
    """What one process has caused to be written to disks: proc(5), write_bytes less what was cut before it went."""
    fields = dict(line.split(": ") for line in Path(f"/proc/{pid}/io").read_text().splitlines())
    return int(fields["write_bytes"]) - int(fields["cancelled_write_bytes"])
