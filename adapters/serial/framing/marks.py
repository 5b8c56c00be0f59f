"""What marks a frame's beginning, cut in two. Pure."""

from __future__ import annotations


def begun(data: bytes, mark: bytes) -> int:
    """How many bytes at the end may be the beginning of a mark that is not complete."""
    return next((size for size in range(len(mark) - 1, 0, -1) if data.endswith(mark[:size])), 0)
