"""Whether the disk holds what the outboxes may become."""

from __future__ import annotations

import os
from pathlib import Path

from gateway.cli import show
from gateway.config import Diagnostic, Site
from gateway.outbox.rescue.adoption import path_of
from gateway.outbox.visit.survey import bytes_of


def shortage(site: Site, state: Path) -> tuple[Diagnostic, ...]:
    """A warning at the largest limit; nothing if there is room enough, or the disk can't be asked."""
    wanted = {name: endpoint.outbox.max_size for name, endpoint in site.endpoints.items()}
    try:
        room = _free_bytes(state) + sum(bytes_of(path_of(state, name)) for name in wanted)
    except OSError:
        return ()
    if sum(wanted.values()) <= room:
        return ()
    largest = max(wanted, key=lambda name: wanted[name])
    total = show.size(sum(wanted.values()))
    limits = ", ".join(f"{name} {show.size(size)}" for name, size in wanted.items())
    growth = f"the outboxes may become {total} ({limits})" if len(wanted) > 1 else f"the outbox may become {total}"
    message = f"{growth}, but {state} has only {show.size(room)} for them - lower max_size or make room"
    return (Diagnostic("W206", message, site.sizes_at[largest]),)


def _free_bytes(state: Path) -> int:
    """What others than root may still write where the directory is, or will be."""
    place = next(folder for folder in (state.absolute(), *state.absolute().parents) if folder.exists())
    disk = os.statvfs(place)
    return disk.f_bavail * disk.f_frsize
