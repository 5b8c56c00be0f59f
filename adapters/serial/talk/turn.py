"""A command's turn: it waits for the line, and its sender for what comes of it."""

from __future__ import annotations

import asyncio

from adapters.serial.talk.conversation import Conversation
from adapters.serial.talk.order import Order
from adapters.serial.talk.outcome import Expired, Outcome

NO_LINK = None
"""The connection has gone before anything was sent."""


class Turn:
    """A job that somebody waits for."""

    def __init__(self, conversation: Conversation) -> None:
        self.outcome: asyncio.Future[Outcome | None] = asyncio.get_running_loop().create_future()
        self._conversation = conversation

    async def perform(self) -> None:
        """Hold the conversation to its end, also if nobody waits for that any more."""
        if self.outcome.done():
            return
        try:
            self._tell(await self._conversation.held())
        except BaseException:
            self._tell(self._conversation.cut)
            raise
        await self._conversation.end()

    def drop(self) -> None:
        """It was never begun."""
        self._tell(NO_LINK)

    def _tell(self, outcome: Outcome | None) -> None:
        if not self.outcome.done():
            self.outcome.set_result(outcome)


async def in_turn(order: Order, conversation: Conversation, not_after_s: float) -> Outcome | None:
    """Hold it ahead of polls; never begun after this moment on the loop's clock."""
    turn = Turn(conversation)
    order.command(turn)
    try:
        await asyncio.wait((turn.outcome,), timeout=not_after_s - asyncio.get_running_loop().time())
        if not turn.outcome.done() and order.withdraw(turn):
            return Expired(touched=False)
        return await turn.outcome
    finally:
        order.withdraw(turn)
