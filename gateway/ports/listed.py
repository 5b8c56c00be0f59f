"""The serial ports of this machine: what they are called for good, what is plugged in there, and who has them."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from serialx import SerialPortInfo, is_non_unique_serial, list_serial_ports

from gateway.ports.lasting import BY_ID, BY_PATH, names_of

PROC = Path("/proc")
LOCKS = Path("/var/lock")
"""Where programs of the old school say with a file LCK..ttyS0 that they have a port (FHS 3.0, 5.9)."""

ANOTHER = "another program"
"""Who that is, this user may not know."""


@dataclass(frozen=True)
class PortInfo:
    """One port; what is not known of it is None."""

    path: str
    by_id: str | None = None
    by_path: str | None = None
    product: str | None = None
    manufacturer: str | None = None
    serial_number: str | None = None
    vid: int | None = None
    pid: int | None = None
    holder: str | None = None
    """Who has it open, as in `ser2net (pid 812)`."""

    @property
    def lasting(self) -> str:
        """What to write in a configuration: the name that stays, if it has one.

        That by its serial number, unless the number is one that whole batches of adapters share.
        """
        if self.by_id is not None and not is_non_unique_serial(self.serial_number):
            return self.by_id
        return self.by_path or self.by_id or self.path

    @property
    def usb(self) -> str | None:
        """Its vendor and product in numbers, as `lsusb` shows them."""
        return None if self.vid is None or self.pid is None else f"{self.vid:04x}:{self.pid:04x}"


def listed() -> list[PortInfo]:
    """All there are, by path; looks at files only and opens none, which would reset some devices."""
    holders = _Holders()
    found = (_info(each, holders) for each in list_serial_ports())
    return sorted(found, key=lambda info: _in_order(info.path))


def _in_order(path: str) -> tuple[str, int]:
    """`ttyS10` behind `ttyS9`."""
    stem = path.rstrip("0123456789")
    return stem, int(path[len(stem) :] or -1)


def _info(found: SerialPortInfo, holders: _Holders) -> PortInfo:
    path = found.resolved_device
    return PortInfo(
        path=path,
        by_id=next(names_of(path, [BY_ID]), None),
        by_path=next(names_of(path, [BY_PATH]), None),
        product=found.product or found.interface_description,
        manufacturer=found.manufacturer,
        serial_number=found.serial_number,
        vid=found.vid,
        pid=found.pid,
        holder=holders.of(path),
    )


def holder_of(path: str) -> str | None:
    """Who has this port; None if nobody is known to."""
    return _Holders().of(os.path.realpath(path))


class _Holders:
    """Who has what open, as far as this user may see it: looked at once for all ports."""

    def __init__(self) -> None:
        self._locks = _locks()
        self._open = _open_terminals()

    def of(self, path: str) -> str | None:
        with suppress(OSError):
            status = Path(path).stat()
            place = f"{os.major(status.st_dev):02x}:{os.minor(status.st_dev):02x}:{status.st_ino}"
            if (pid := self._locks.get(place)) is not None:
                return _named(pid)
        if (pid := self._open.get(path)) is not None:
            return _named(pid)
        with suppress(OSError, ValueError):
            pid = int((LOCKS / f"LCK..{Path(path).name}").read_text(encoding="ascii"))
            return _named(pid) if (PROC / str(pid)).exists() else None
        return None


def _locks() -> dict[str, int]:
    """Which process has locked which file, by device and inode (proc_locks(5))."""
    found = {}
    with suppress(OSError, ValueError, IndexError):
        for line in (PROC / "locks").read_text(encoding="ascii").splitlines():
            words = line.split()
            if words[1] == "FLOCK":
                found[words[5]] = int(words[4])
    return found


def _open_terminals() -> dict[str, int]:
    """Which process has which terminal open, of those whose files this user may see."""
    found: dict[str, int] = {}
    for process in PROC.iterdir():
        if process.name.isdigit():
            for path in _opened_by(process):
                found.setdefault(path, int(process.name))
    return found


def _opened_by(process: Path) -> list[str]:
    found = []
    with suppress(OSError):
        for each in (process / "fd").iterdir():
            with suppress(OSError):
                path = str(each.readlink())
                if path.startswith("/dev/tty"):
                    found.append(path)
    return found


def _named(pid: int) -> str:
    if pid <= 0:  # of another name space
        return ANOTHER
    with suppress(OSError):
        return f"{(PROC / str(pid) / 'comm').read_text(encoding='utf-8').strip()} (pid {pid})"
    return f"{ANOTHER} (pid {pid})"
