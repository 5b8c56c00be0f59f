"""To whom the results of commands are told: an endpoint, by its outbox; or somebody on the box, who waits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import structlog

from gateway.crowd import Crowd
from gateway.endpoints.contract import Delivery
from gateway.intake import Intake
from gateway.model import Result
from gateway.outbox.entry import Entry
from gateway.outbox.outbox import Outbox

log = structlog.get_logger("fieldgate.commands")


class LocalDelivery(Delivery, frozen=True):
    """A command of somebody who waits for its result.

    `fail_safe`: the gateway's own, which its configuration has asked for: it is not held to hours, rates and tokens.
    """

    fail_safe: bool = False


Reply = Callable[[str, bytes | None, bytes], None]
"""Sends a courtesy copy: to where, with what mark, what."""


class Voice(Protocol):
    """How results leave."""

    def compose(self, device: str, command: str | None, result: Result) -> Entry | None:
        """What must be stored with the end of the command, if anything."""

    def adopt(self, entry: Entry) -> None:
        """It is on disk, and may go."""

    def keep(self, entry: Entry, *, unsettled: bool = False) -> None:
        """It is not on disk, or (`unsettled`) nobody knows: it goes all the same."""

    def copy(self, entry: Entry | None, command: str | None, result: Result, delivery: Delivery) -> None:
        """Tell the one who has sent this delivery."""

    @property
    def is_flooded(self) -> bool:
        """Whether so many results wait that there should be no more."""

    async def room(self) -> None:
        """Return once so few wait that there may be more."""


class OutboxVoice:
    """Results are envelopes; a copy goes to where the sender asked for it."""

    def __init__(self, outbox: Outbox, intake: Intake, reply: Reply, crowd: Crowd) -> None:
        self._outbox = outbox
        self._intake = intake
        self._reply = reply
        self._crowd = crowd

    def compose(self, device: str, command: str | None, result: Result) -> Entry | None:
        """A numbered envelope."""
        return self._intake.result(device, command, result)

    def adopt(self, entry: Entry) -> None:
        """It may be published."""
        self._outbox.adopt(entry)

    def keep(self, entry: Entry, *, unsettled: bool = False) -> None:
        """It waits for its commit like any other."""
        keep = self._outbox.keep_unsettled if unsettled else self._outbox.keep
        keep(entry)

    def copy(self, entry: Entry | None, command: str | None, result: Result, delivery: Delivery) -> None:
        """For who waits; else a courtesy: the result itself is in the outbox."""
        try:
            if delivery.answered is not None:
                delivery.answered(command, result)
            if delivery.reply_to and entry is not None:
                self._reply(delivery.reply_to, delivery.correlation, entry.payload)
        except Exception:  # an endpoint's defect is no reason not to go on
            log.exception("defect", device=delivery.device)

    @property
    def is_flooded(self) -> bool:
        """Whether the far end takes them slower than they come, by far."""
        return self._crowd.is_flood

    async def room(self) -> None:
        """Return once few enough wait, or none can leave."""
        await self._crowd.room()


class LocalVoice:
    """Whoever waits is told; nothing is stored beside the journal."""

    def compose(self, device: str, command: str | None, result: Result) -> Entry | None:  # noqa: ARG002
        """Nothing."""
        return None

    def adopt(self, entry: Entry) -> None:
        """There is none."""

    def keep(self, entry: Entry, *, unsettled: bool = False) -> None:
        """There is none."""

    def copy(self, entry: Entry | None, command: str | None, result: Result, delivery: Delivery) -> None:  # noqa: ARG002
        """He need not wait any longer."""
        if delivery.answered is not None:
            delivery.answered(command, result)

    @property
    def is_flooded(self) -> bool:
        """Never: each waits for his own."""
        return False

    async def room(self) -> None:
        """There always is."""
