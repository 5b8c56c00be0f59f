"""What a gateway says, out of the bytes that come: by the templates that it says it with. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Generic, NamedTuple, Protocol, TypeVar

from gateway.model import Value

MAX_HELD_BYTES = 4096
"""Of what makes no sense yet: no question is as long."""
GROWTH = b"0"
"""What numbers and texts may go on with."""

T = TypeVar("T")


class Recognises(Protocol):
    """Knows what it was made into."""

    def recognise(self, data: bytes, /) -> dict[str, Value] | None:
        """What stands in its places, if this was made from it."""


class Known(NamedTuple, Generic[T]):
    """Something that may be said, and what that means to whom."""

    template: Recognises
    meaning: T


class Heard(NamedTuple, Generic[T]):
    """Everything that the same bytes may mean, each with what stands in its places."""

    meanings: tuple[tuple[T, Mapping[str, Value]], ...]


class Ear(Generic[T]):
    """Hears one gateway; `deaf_bytes` counts what made no sense."""

    def __init__(self, known: Sequence[Known[T]]) -> None:
        self._known = known
        self._held = b""
        self.deaf_bytes = 0

    def hear(self, data: bytes) -> Iterator[Heard[T]]:
        """What is whole now; what is not, or might go on, waits for more."""
        self._held += data
        yield from self._take(is_all=False)
        self._forget(len(self._held) - MAX_HELD_BYTES)

    def silence(self) -> Iterator[Heard[T]]:
        """Nothing has come for long: what might have gone on is whole, what is not by now never will be."""
        yield from self._take(is_all=True)
        self._forget(len(self._held))

    def _take(self, *, is_all: bool) -> Iterator[Heard[T]]:
        while self._held and (found := self._first(is_all=is_all)):
            heard, size = found
            self._held = self._held[size:]
            yield heard

    def _forget(self, count: int) -> None:
        if count > 0:
            self._held = self._held[count:]
            self.deaf_bytes += count

    def _first(self, *, is_all: bool) -> tuple[Heard[T], int] | None:
        """What ends soonest; of what goes on, as `V12` does behind `V1`, all of it."""
        held = self._held
        for end in range(1, len(held) + 1):
            if meanings := self._meanings(held[:end]):
                while end < len(held) and (longer := self._meanings(held[: end + 1])):
                    meanings, end = longer, end + 1
                if end == len(held) and not is_all and self._meanings(held + GROWTH):
                    return None
                return Heard(meanings), end
        return None

    def _meanings(self, data: bytes) -> tuple[tuple[T, Mapping[str, Value]], ...]:
        found = ((each.meaning, each.template.recognise(data)) for each in self._known)
        return tuple((meaning, captured) for meaning, captured in found if captured is not None)
