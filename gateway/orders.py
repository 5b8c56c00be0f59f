"""What a gateway is told from outside."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import NamedTuple

from gateway.desk import Kept
from gateway.model import Result
from gateway.renewals import Reread


async def _not_read_again() -> None:
    """Nobody has read a file."""


class Orders(NamedTuple):
    """`leave` tells when to end, `reload()` to begin anew with what is configured now.

    `farewell()` is why it ends, for its last status; `socket` where its API is to be served, if anywhere; `kept`
    what the one before it has left; `renew()`: begin anew with what is configured already, since more is learned of it;
    `reread()`: the same configuration with the secrets that are there now, None if it is not the same.
    """

    leave: asyncio.Event
    reload: Callable[[], Awaitable[Result]]
    farewell: Callable[[], str]
    kept: Kept
    socket: Path | None = None
    renew: Callable[[], None] = lambda: None
    reread: Reread = _not_read_again
