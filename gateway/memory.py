"""What adapters learned of their devices, and endpoints of their far ends, each kept in one small JSON file."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
import structlog

SAVE_S = 60.0
"""How often changes are looked for: what is lost by a crash is learned again, and people are told again."""

MEMORY_FILE, ENDPOINTS_FILE = "memory.json", "endpoints.json"
"""In the state directory: of devices, of endpoints."""

log = structlog.get_logger("fieldgate.memory")


UNKEEPABLE = (TypeError, ValueError, RecursionError)
"""An adapter keeps what is no JSON."""

Facts = dict[str, dict[str, Any]]
"""By device, or endpoint."""


class Unreadable(Exception):
    """The file can't be read, or is none of ours."""


def facts_in(path: Path) -> Facts:
    """What the file holds, nothing if there is none; raises Unreadable."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Facts)
    except FileNotFoundError:
        return {}
    except (OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Unreadable(str(error)) from error


class MemoryFile:
    """A mapping per device, or per endpoint; what can't be read or written is told, and never an obstacle.

    `carried`: what the one before it in this process knew at its end, which the disk may have refused.
    """

    def __init__(self, path: Path, carried: bytes | None = None) -> None:
        self._path = path
        self._facts: Facts = {}
        self._saved: bytes | None = None
        self._is_urgent = asyncio.Event()
        self._disk = threading.Lock()
        """Held by who writes: `keep` may be cancelled while a slow disk still has the draft."""
        if carried is not None:
            self._facts = msgspec.json.decode(carried, type=Facts)
            return
        try:
            self._facts = facts_in(path)
        except Unreadable as error:
            log.warning("memory unreadable, starting afresh", path=str(path), error=str(error))
        self._saved = self._encoded()

    def carry(self) -> bytes | None:
        """All of it, for the next one in this process; None where it can't be kept."""
        try:
            return self._encoded()
        except UNKEEPABLE:
            return None

    def of(self, names: Iterable[str]) -> dict[str, dict[str, Any]]:
        """The living mappings of these."""
        return {name: self._facts.setdefault(name, {}) for name in names}

    def soon(self) -> None:
        """Have `keep` save what has changed without waiting for its time."""
        self._is_urgent.set()

    async def keep(self) -> None:
        """Save changes now and then, and soon where that is wanted, off the loop, until cancelled."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(SAVE_S):
                    await self._is_urgent.wait()
            self._is_urgent.clear()
            await asyncio.to_thread(self._write, self._changed())

    def save(self) -> None:
        """Write what has changed, all of it or nothing; waits for the disk."""
        self._write(self._changed())

    def _changed(self) -> bytes | None:
        try:
            encoded = self._encoded()
        except UNKEEPABLE as error:
            log.warning("memory not saved", path=str(self._path), error=str(error))
            return None
        return encoded if encoded != self._saved else None

    def _write(self, encoded: bytes | None) -> None:
        if encoded is None:
            return
        with self._disk:
            try:
                self._replace(encoded)
            except OSError as error:
                log.warning("memory not saved", path=str(self._path), error=str(error))
            else:
                self._saved = encoded

    def _replace(self, encoded: bytes) -> None:
        draft = self._path.with_suffix(".new")
        with draft.open("wb") as file:
            file.write(encoded)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self._path)

    def _encoded(self) -> bytes:
        return msgspec.json.encode({device: facts for device, facts in self._facts.items() if facts})
