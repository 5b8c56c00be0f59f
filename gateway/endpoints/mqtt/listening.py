"""The subscription to commands: what a broker says of it, or that it says nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import structlog

from gateway.endpoints.mqtt.connection import Connection

FILTERS_AT_ONCE = 8
"""In one SUBSCRIBE, where there is one filter for each device: AWS IoT Core takes no more."""

SHOWN = 3
"""Of those that are refused; they go into each status, and may be thousands."""

log = structlog.get_logger("fieldgate.mqtt")


class Listening:
    """Of one connection of the endpoint `name`. `fault` says, for people, why commands can't come."""

    def __init__(self, name: str, patience_s: float) -> None:
        self.fault: str | None = None
        self._name = name
        self._patience_s = patience_s
        self._refused: list[str] = []
        self._unanswered = 0
        self._timer: asyncio.TimerHandle | None = None

    def begin(self, connection: Connection, filters: Sequence[str]) -> None:
        """Subscribe; the broker's word comes later, and the connection goes on whatever it is."""
        for at in range(0, len(filters), FILTERS_AT_ONCE):
            self._unanswered += 1
            connection.subscribe(filters[at : at + FILTERS_AT_ONCE]).add_done_callback(self._answered)
        self._timer = asyncio.get_running_loop().call_later(self._patience_s, self._look)

    def close(self) -> None:
        """Wait for nothing more."""
        if self._timer is not None:
            self._timer.cancel()

    def _answered(self, answer: asyncio.Future[list[str]]) -> None:
        if answer.cancelled() or answer.exception() is not None:
            return
        self._unanswered -= 1
        if answer.result():
            self._refused += answer.result()
            self.fault = f"no commands come: the broker refuses our subscription to {_listed(self._refused)}"
            log.error("the broker refuses our subscription to commands", endpoint=self._name, why=answer.result())
        elif not self._refused and not self._unanswered:
            self.fault = None

    def _look(self) -> None:
        if self._unanswered and not self._refused:
            self.fault = "no commands come: the broker does not answer our subscription; its own log may say why"
            log.error("the broker does not answer our subscription to commands", endpoint=self._name)


def _listed(refused: Sequence[str]) -> str:
    more = [f"and {len(refused) - SHOWN} more"] if len(refused) > SHOWN else []
    return "; ".join([*refused[:SHOWN], *more])
