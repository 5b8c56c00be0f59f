"""Where the daemon keeps its state while the state directory's disk refuses: in memory, in a folder of its own."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # as in `show`
    from gateway.config import Site

SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 -- everybody may write there: whose a folder is, is looked at

MAX_BYTES = 16 * 1024**2
"""Of each outbox there, as of what is staged: memory that a gateway of half a GiB can spare."""

PRIVATE_MODE, PERMISSIONS = 0o700, 0o777
"""Of what a mode says more (a group that is inherited), nothing lets anybody in."""

NAME_DIGITS = 16
"""Of the hash of the state directory's path: a restart finds the folder again, and no other daemon does."""


def places(state: Path, environ: Mapping[str, str]) -> Iterator[Path]:
    """Where the folder may be, the best place first: systemd's, which goes when the unit says so, then everybody's."""
    name = f"fieldgate-{hashlib.sha256(os.fsencode(state.resolve())).hexdigest()[:NAME_DIGITS]}"
    if given := environ.get("RUNTIME_DIRECTORY"):
        yield Path(given.split(":")[0]) / name
    yield SHARED_MEMORY / name


def made(folders: Iterable[Path]) -> Path | None:
    """The first of them that is ours, made if need be; None if there is no such place."""
    for folder in folders:
        with suppress(OSError):
            folder.mkdir(PRIVATE_MODE, exist_ok=True)
        if is_ours(folder):
            return folder
    return None


def is_ours(folder: Path) -> bool:
    """Whether it is a folder, not a symlink to one, that this user has and nobody else may look into."""
    try:
        found = folder.lstat()
    except OSError:
        return False
    is_private = found.st_mode & PERMISSIONS == PRIVATE_MODE
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid() and is_private


def bounded(site: Site) -> Site:
    """With outboxes that memory has room for."""
    endpoints = {
        name: replace(
            endpoint,
            outbox=endpoint.outbox.model_copy(update={"max_size": min(endpoint.outbox.max_size, MAX_BYTES)}),
        )
        for name, endpoint in site.endpoints.items()
    }
    return replace(site, endpoints=endpoints)
