"""Where a point stands in what a message says, and how something else is put there. Pure."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from typing_extensions import override

from adapters.serial.config import SerialPoint
from adapters.serial.patterns import Encoding
from adapters.serial.simulator.forge.texts import texts
from gateway.model import Value


class Edit(NamedTuple):
    """What the message would say, and how far what is then read may be from the value."""

    content: bytes
    tolerance: float = 0.0


class Editor(ABC):
    """One kind of decoding, the other way round; `content` is what that decoding looks at."""

    is_whole = False
    """Whether the content is all of the frame, or only what stands between its marks."""

    @abstractmethod
    def blank(self) -> bytes | None:
        """Something that is such a message, whatever its points are worth; None if that can't be made up."""

    @abstractmethod
    def edits(self, content: bytes, name: str, value: Value, *, alike: bool) -> Iterator[Edit]:
        """What might say that this point is worth this, the most likely first; `alike`: first as it is written now.

        Raises Unwritable.
        """


class TextEditor(Editor):
    """Points are characters within the content."""

    def __init__(self, points: Mapping[str, SerialPoint], encoding: Encoding) -> None:
        self._points = points
        self._encoding = encoding

    @abstractmethod
    def span(self, content: bytes, name: str) -> tuple[int, int] | None:
        """From where to where a point stands; None if it does not."""

    @override
    def edits(self, content: bytes, name: str, value: Value, *, alike: bool) -> Iterator[Edit]:
        found = self.span(content, name)
        if found is None:
            return
        start, end = found
        point = self._points[name]
        is_held = alike or point.bits is not None  # then its other bits are others' points
        like = content[start:end].decode(self._encoding, errors="replace") if is_held else ""
        for text, tolerance in texts(point, value, like):
            try:
                data = text.encode(self._encoding)
            except UnicodeEncodeError:
                continue
            yield Edit(content[:start] + data + content[end:], tolerance)
