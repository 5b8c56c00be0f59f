"""Text by the named groups of a pattern. Pure."""

from __future__ import annotations

from typing_extensions import override

from adapters.serial.decode.match import MatchedShape, Plan
from adapters.serial.decode.texts import exact_reader
from adapters.serial.framing.frame import Frame
from gateway.values import Reading, reading


class PatternShape(MatchedShape):
    """Each point is a group of the pattern."""

    def __init__(self, plan: Plan) -> None:
        pattern = plan.match.pattern
        if pattern is None:
            raise ValueError("a message whose values are groups of its match needs one that is a pattern")
        super().__init__(plan)
        self._search = pattern.search
        self._places = [pattern.names[called] for called in plan.calls]
        self._reads = [exact_reader(point, plan.encoding) for point in plan.points.values()]

    @override
    def read(self, frame: Frame) -> Reading | None:
        found = self._search(frame.body)
        if found is None:
            return None
        return reading(self.group.points, self._reads, [found[place] for place in self._places])

    @override
    def decode(self, frame: Frame) -> Reading | None:
        return self.read(frame)
