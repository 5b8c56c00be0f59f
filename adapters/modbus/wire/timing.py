"""Time on a serial line. Pure."""

from __future__ import annotations

FAST_BAUDRATE = 19200
"""Above this a silent interval is FAST_SILENCE_S long, whatever the rate (MODBUS over Serial Line V1.02, 2.5.1.1)."""
FAST_SILENCE_S = 0.00175
SILENT_CHARACTERS = 3.5
"""Between two frames (MODBUS over Serial Line V1.02, 2.5.1.1)."""


def silence_s(baudrate: int, character_s: float) -> float:
    """How long the line is silent between two frames at least."""
    return FAST_SILENCE_S if baudrate > FAST_BAUDRATE else SILENT_CHARACTERS * character_s
