"""Replies that may still come when a line is closed: kept in a device's memory for the next who opens it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, MutableMapping
from typing import Any

import msgspec

from adapters.modbus.wire.owed import LATE_S

OWED = "owed"
MAX_CARRIED = 16
"""The newest of them: each try to a silent device adds one, and a question tells them all apart from what is new."""
MAX_SIGN_BYTES = 8
"""Unit, function and what else a reply begins with; a write's reply is known whole (V1.1b3, 6)."""


class _Debt(msgspec.Struct, array_like=True):
    """As it is kept: how the reply would begin, in hex, and since when it is missed, in Unix seconds."""

    sign: str
    since_s: float


def carry(memory: MutableMapping[str, Any], signs: Iterable[tuple[bytes, float]], clock_ahead_s: float) -> None:
    """Keep these, missed since moments on the loop's clock; `clock_ahead_s`: how far ahead of it Unix time is."""
    newest = sorted(signs, key=lambda each: each[1])[-MAX_CARRIED:]
    memory.pop(OWED, None)
    if newest:
        memory[OWED] = [[sign.hex(), since_s + clock_ahead_s] for sign, since_s in newest]


def carried(memory: MutableMapping[str, Any], clock_ahead_s: float, now_s: float) -> list[tuple[bytes, float]]:
    """What was kept and may still come, and forget it there; whoever wrote it, it is of the right shape or nothing."""
    try:
        debts = msgspec.convert(memory.pop(OWED, []), list[_Debt])
        signs = [(bytes.fromhex(debt.sign), min(now_s, debt.since_s - clock_ahead_s)) for debt in debts[:MAX_CARRIED]]
    except (msgspec.ValidationError, ValueError):
        return []
    return [(sign, since_s) for sign, since_s in signs if now_s - since_s < LATE_S and 1 < len(sign) <= MAX_SIGN_BYTES]
