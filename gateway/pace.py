"""How fast the backlog may go."""

from __future__ import annotations

import asyncio

BURST_S = 0.1
"""The backlog is paced in bursts of this length: ten wake-ups a second at most."""


class TokenBucket:
    """Lets `rate` things a second pass, in short bursts."""

    def __init__(self, rate: float) -> None:
        self._rate = rate
        self._burst = 1.0 + rate * BURST_S
        self._credit = self._burst
        self._credited_s = 0.0

    async def take(self) -> None:
        """Wait for one's turn."""
        loop = asyncio.get_running_loop()
        while not self._has_credit(loop.time()):  # noqa: ASYNC110 -- it is time itself that is waited for
            await asyncio.sleep(max(BURST_S, (1.0 - self._credit) / self._rate))
        self._credit -= 1.0

    def _has_credit(self, now_s: float) -> bool:
        earned = (now_s - self._credited_s) * self._rate
        self._credit = min(self._burst, self._credit + earned)
        self._credited_s = now_s
        return self._credit >= 1.0
