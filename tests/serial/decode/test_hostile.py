"""Frames as long as can be that were made to take long."""

from __future__ import annotations

import time
from typing import Any

import pytest

from adapters.serial.config.framing import MAX_FRAME_BYTES
from tests.serial.decode.built import frame_of, shape_of

PATIENCE_S = 5.0
"""Of processor time, for all of them together: what grows with the square of a frame takes minutes."""

X: dict[str, Any] = {"x": {"type": "float", "from": "x"}}
SHAPES = {
    "pattern": shape_of(X, match=r"^\s*(?P<x>.*?)\s*$"),
    "choice": shape_of(X, match=r"^(?:(?P<x>a+)+|a*)*b$"),
    "int": shape_of({"x": {"type": "int"}}, match=r"^(?P<x>.*)$"),
    "columns": shape_of({"x": {"type": "float", "from": 1}}, decode="columns"),
    "pairs": shape_of(X, decode="key-value"),
    "nmea": shape_of({"x": {"type": "float", "from": "GGA.lat"}}, decode="nmea"),
    "meter": shape_of({"x": {"type": "float", "from": "1.8.0"}}, decode="iec62056-21"),
}


@pytest.mark.parametrize(
    "unit", [" ", "a", "1", "(", ")", "()", "a(", '"', '",', "x=", "*", "* ", "- ", "\n", "$xxGGA,", ":"]
)
def test_the_time_for_a_frame_grows_no_faster_than_its_length(unit: str) -> None:
    frames = [
        frame_of((begin + unit * MAX_FRAME_BYTES)[:MAX_FRAME_BYTES]) for begin in ("", "$GPGGA,", "1.8.0(1)", "x=", "-")
    ]
    began = time.process_time()
    for shape in SHAPES.values():
        for frame in frames:
            shape.read(frame)
    assert time.process_time() - began < PATIENCE_S
