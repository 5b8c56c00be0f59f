"""Moments as text. Pure."""

from __future__ import annotations

from datetime import UTC, datetime

from gateway.model import LAST_MS


def iso_ms(time_ms: int) -> str:
    """UTC with milliseconds: `2026-11-23T09:01:02.345Z`, in the years from 1970 to 9999 whatever the number."""
    seconds, ms = divmod(min(max(0, time_ms), LAST_MS), 1000)
    return f"{_iso_second(seconds)}.{ms:03d}Z"


_last_second: tuple[int, str] = (0, "1970-01-01T00:00:00")


def _iso_second(second: int) -> str:
    """Many envelopes share a second: the last one's text is kept."""
    global _last_second  # noqa: PLW0603 -- a memo of a pure function
    if second != _last_second[0]:
        _last_second = (second, datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S"))
    return _last_second[1]
