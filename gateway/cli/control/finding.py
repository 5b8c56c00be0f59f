"""Where a gateway that runs on this machine listens."""

from __future__ import annotations

import errno
import grp
import os
import pwd
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from gateway.cli import refuge
from gateway.cli.control.client import LOOK_S, Client, dial
from gateway.cli.exits import Exit
from gateway.cli.refused import Refused
from gateway.cli.state import SERVICE_STATE, default_state_dir

SOCKET = "control.sock"

SERVICE_SOCKET = Path("/run/fieldgate") / SOCKET
"""Where systemd lets the unit that is shipped listen."""

NOBODY_THERE = {errno.ENOENT, errno.ENOTDIR, errno.ECONNREFUSED, errno.ENOTSOCK}
"""No socket, one that a killed process has left, or something else in its place."""


class Where(NamedTuple):
    """Which gateway is meant; its configuration counts where none runs."""

    config: Path | None
    state_dir: Path | None


def places(state_dir: Path | None, environ: Mapping[str, str]) -> Iterator[Path]:
    """Where its socket may be, the likeliest first."""
    if given := environ.get("RUNTIME_DIRECTORY"):
        yield Path(given.split(":")[0]) / SOCKET
    state = state_dir or default_state_dir(environ)
    yield state / SOCKET
    yield from (folder / SOCKET for folder in refuge.places(state, {}))
    if state_dir == SERVICE_STATE or (state_dir is None and not environ.get("STATE_DIRECTORY")):
        yield SERVICE_SOCKET


def listening(sockets: Iterable[Path], limit_s: float = LOOK_S) -> Client | None:
    """The first that somebody listens on; raises Refused where this user may not ask."""
    for path in sockets:
        try:
            dial(path, limit_s).close()
        except PermissionError as error:
            raise Refused(Exit.PERMISSION, _who_may(path)) from error
        except TimeoutError as error:
            raise Refused(Exit.INTERNAL, f"the gateway that listens on {path} takes no connection: it hangs") from error
        except OSError as error:
            if error.errno not in NOBODY_THERE and error.errno is not None:
                raise Refused(Exit.INTERNAL, f"{path}: {error.strerror}") from error
        else:
            return Client(path)
    return None


def _who_may(path: Path) -> str:
    """Whom a user must become to use this socket."""
    barrier = _barrier(path)
    found = barrier.stat()
    user, group = _name_of_user(os.geteuid()), _name_of_group(found.st_gid)
    if found.st_gid == 0 or not found.st_mode & 0o060:
        return f"{path} may be used by {_name_of_user(found.st_uid)} only: run this as that user"
    return f"{path} may be used by the group {group} only: `sudo usermod -aG {group} {user}`, then log in again"


def _barrier(path: Path) -> Path:
    """The socket, or the folder on the way to it that can't be entered."""
    for place in (*reversed(path.parents), path):
        if place != path and not os.access(place, os.X_OK, effective_ids=True):
            return place
    return path


def _name_of_user(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid {uid}"


def _name_of_group(gid: int) -> str:
    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return str(gid)
