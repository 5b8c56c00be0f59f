"""A disk in the test's hand: SQLite's work is done on the loop's own thread, when and as the test says."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from aiosqlite import Connection


class Platter:
    """Every connection that aiosqlite opens while it is `installed`."""

    def __init__(self) -> None:
        self.refusing: frozenset[str] = frozenset()
        """Names of the files that take nothing."""
        self._hanging: frozenset[str] = frozenset()
        self._let_go: list[asyncio.Future[None]] = []
        self._open: dict[Connection, str] = {}
        self._is_off = False

    @contextmanager
    def installed(self) -> Iterator[None]:
        """In place of aiosqlite's threads."""
        work: Any = {"__await__": self._open_now(), "_execute": self._execute_now(), "stop": _stop}
        with patch.multiple(Connection, **work):
            yield

    def hang(self, *names: str) -> None:
        """These files do not answer; those that did not do so any more, now."""
        self._hanging = frozenset(names)
        for waiting in self._let_go:
            if not waiting.done():
                waiting.set_result(None)
        self._let_go.clear()

    def cut(self) -> None:
        """The process is killed: what is not committed is gone, and who asks for something is cut off."""
        self._is_off = True
        for connection in list(self._open):
            self._close(connection)
        self.refusing = self._hanging = frozenset()
        self._let_go.clear()

    def restore(self) -> None:
        """Another process begins."""
        self._is_off = False

    def _open_now(self) -> Callable[[Connection], Generator[Any, None, Connection]]:
        async def opened(connection: Connection) -> Connection:
            await asyncio.sleep(0)
            if self._is_off:
                raise asyncio.CancelledError
            connection._connection = connection._connector()
            path = connection._connection.execute("PRAGMA database_list").fetchone()[2]
            self._open[connection] = path.rsplit("/", 1)[-1]
            return connection

        return lambda connection: opened(connection).__await__()

    def _execute_now(self) -> Callable[..., Any]:
        async def execute(connection: Connection, fn: Callable[..., Any], *args: Any, **more: Any) -> Any:
            await asyncio.sleep(0)
            name = self._open.get(connection, "")
            while name in self._hanging:
                self._let_go.append(asyncio.get_running_loop().create_future())
                await self._let_go[-1]
            if self._is_off:
                raise asyncio.CancelledError
            if connection._connection is None:
                raise ValueError("Connection closed")
            if name in self.refusing and _writes(fn, args):
                raise _refusal()
            result = fn(*args, **more)
            if getattr(fn, "__self__", None) is connection._connection and fn.__name__ == "close":
                self._open.pop(connection, None)
            await asyncio.sleep(0)
            return result

        return execute

    def _close(self, connection: Connection) -> None:
        del self._open[connection]
        if connection._connection is not None:
            connection._connection.rollback()  # a statement that somebody still holds would keep its locks
            connection._connection.close()
            connection._connection = None


def _stop(_connection: Connection) -> None:
    """There is no thread."""


def _writes(fn: Callable[..., Any], args: tuple[Any, ...]) -> bool:
    return fn.__name__ == "commit" or (bool(args) and str(args[0]).startswith("BEGIN"))


def _refusal() -> sqlite3.OperationalError:
    error = sqlite3.OperationalError("the disk refuses")
    error.sqlite_errorcode = sqlite3.SQLITE_BUSY
    return error
