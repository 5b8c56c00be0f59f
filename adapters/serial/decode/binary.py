"""Bytes by their places. Pure."""

from __future__ import annotations

from typing_extensions import override

from adapters.serial.decode.match import MatchedShape, Plan
from adapters.serial.framing.frame import Frame
from gateway.values import Layouts, Reading


class BinaryShape(MatchedShape):
    """Each point stands at a place; where a frame is too short for it, it is a decode error."""

    def __init__(self, plan: Plan) -> None:
        super().__init__(plan)
        self._layouts = Layouts(plan.points)

    @override
    def decode(self, frame: Frame) -> Reading | None:
        return self._layouts.read(frame.data)
