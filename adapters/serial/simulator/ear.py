"""What a gateway says, out of the bytes that come: by the templates that it says it with. Pure."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Generic, NamedTuple, Protocol, TypeVar

from typing_extensions import override

from adapters.serial.framing.frame import Frame, Framer
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


class Ear(ABC, Generic[T]):
    """Hears one gateway."""

    def __init__(self, known: Sequence[Known[T]]) -> None:
        self._known = known

    @abstractmethod
    def hear(self, data: bytes) -> Iterator[Heard[T]]:
        """What is whole now; what is not, or might go on, waits for more."""

    @abstractmethod
    def silence(self) -> Iterator[Heard[T]]:
        """Nothing has come for long: what might have gone on is whole, what is not by now never will be."""

    def _meanings(self, data: bytes) -> tuple[tuple[T, Mapping[str, Value]], ...]:
        found = ((each.meaning, each.template.recognise(data)) for each in self._known)
        return tuple((meaning, captured) for meaning, captured in found if captured is not None)


class FrameEar(Ear[T]):
    """Where what a gateway says is packed as frames are; `unpacked`: all that one may have been made of."""

    def __init__(
        self, known: Sequence[Known[T]], framer: Framer, unpacked: Callable[[Frame], tuple[bytes, ...]]
    ) -> None:
        super().__init__(known)
        self._framer = framer
        self._unpacked = unpacked

    @override
    def hear(self, data: bytes) -> Iterator[Heard[T]]:
        for frame in self._framer.feed(data):
            meanings = tuple(each for data in self._unpacked(frame) for each in self._meanings(data))
            if meanings:
                yield Heard(meanings)

    @override
    def silence(self) -> Iterator[Heard[T]]:
        self._framer.silence()
        return iter(())


class StreamEar(Ear[T]):
    """Where it goes out as it is; `deaf_bytes` counts what made no sense."""

    def __init__(self, known: Sequence[Known[T]]) -> None:
        super().__init__(known)
        self._held = b""
        self.deaf_bytes = 0

    @override
    def hear(self, data: bytes) -> Iterator[Heard[T]]:
        self._held += data
        yield from self._take(is_all=False)
        self._forget(len(self._held) - MAX_HELD_BYTES)

    @override
    def silence(self) -> Iterator[Heard[T]]:
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
        for least in range(1, len(held) + 1):
            if meanings := self._meanings(held[:least]):
                end = least
                while end < len(held) and (longer := self._meanings(held[: end + 1])):
                    meanings, end = longer, end + 1
                may_grow = end == len(held) and not is_all and self._meanings(held + GROWTH)
                return None if may_grow else (Heard(meanings), end)
        return None
