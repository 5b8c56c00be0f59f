"""Times on the command line."""

from __future__ import annotations

from datetime import UTC, datetime

from gateway.units import UnitError, parse_duration


class BadTime(ValueError):
    """A text is no time."""


def time_ms(text: str, now_s: float) -> int:
    """Unix milliseconds of `2026-11-23T09:00` (UTC unless it says), or of so long ago: `2h`; raises BadTime."""
    try:
        return int((now_s - parse_duration(text)) * 1000)
    except UnitError:
        pass
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise BadTime(f"'{text}' is no time: write 2026-11-23T09:00 (UTC), or an age such as 2h") from None
    return round((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)
