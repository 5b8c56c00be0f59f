"""What is known of each path of the API: whom it asks, what it takes and what it gives."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from msgspec import Struct

from gateway.control.handlers import Asked
from gateway.control.models import NoQuery
from gateway.control.streams import Chunks


class Path(Struct, frozen=True):
    """A method and a path with at most one name in it; `answer` is one model, or those of a stream's lines."""

    method: str
    path: str
    handler: Callable[[Asked], Awaitable[Any]] | Callable[[Asked], Chunks]
    answer: type | tuple[type, ...]
    query: type = NoQuery
    body: Any = None

    @property
    def streams(self) -> bool:
        """Whether its answer goes on."""
        return isinstance(self.answer, tuple)
