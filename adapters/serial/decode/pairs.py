"""Text of keys and values. Pure."""

from __future__ import annotations

from typing_extensions import override

from adapters.serial.config import Pairs
from adapters.serial.decode.columns import splitter
from adapters.serial.decode.match import MatchedShape, Plan
from adapters.serial.decode.texts import text_reader
from adapters.serial.framing.frame import Frame
from gateway.values import Reading, reading


class PairsShape(MatchedShape):
    """Each point is the value of a key; without a match, what has none of its keys is no such frame."""

    def __init__(self, plan: Plan, pairs: Pairs) -> None:
        super().__init__(plan)
        self._split = splitter(pairs.separator)
        self._equals = pairs.equals
        self._keys = [called.encode(plan.encoding) for called in plan.calls]
        self._reads = [text_reader(point, plan.encoding) for point in plan.points.values()]

    @override
    def decode(self, frame: Frame) -> Reading | None:
        pairs = self._pairs(frame.body)
        texts = [pairs.get(key) for key in self._keys]
        if self._fits is None and not any(text is not None for text in texts):
            return None
        return reading(self.group.points, self._reads, texts)

    def _pairs(self, body: bytes) -> dict[bytes, bytes | None]:
        """The values by key; a key that comes twice says two things, and so nothing."""
        found: dict[bytes, bytes | None] = {}
        equals = self._equals
        for pair in self._split(body):
            key, mark, value = pair.partition(equals)
            if mark:
                key = key.strip()
                found[key] = None if key in found else value
        return found
