"""Commands from the box itself, and the record of all commands: what `local.db` holds."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from pathlib import Path

from gateway.clock import WallClock, now_ms, steady_ms
from gateway.commands.admission import Admission, Plant, Rules
from gateway.commands.answers import Answers
from gateway.commands.audit import Audit
from gateway.commands.hold import Hold
from gateway.commands.journal import Journal
from gateway.commands.own import Action, OwnCommands
from gateway.commands.router import Router
from gateway.commands.voice import LocalDelivery, LocalVoice
from gateway.config.models import CommandsSection
from gateway.model import Result
from gateway.outbox.disk.store import Store
from gateway.outbox.rescue.homecoming import LOCAL

NAME = "local"


class Local:
    """The origin of commands that no endpoint brings. Call `open`, then `equip`, then run its parts."""

    audit: Audit
    router: Router

    def __init__(self, state: Path, settings: CommandsSection, wall: WallClock) -> None:
        self._store = Store(state / LOCAL)
        self._settings = settings
        self._wall = wall

    async def open(self) -> int:
        """Open the file; returns this run's session. Raises StoreError."""
        self.session = (await self._store.open(time.time())).session
        settings = self._settings
        self.audit = Audit(
            self._store, settings.audit_age, settings.audit_size, now_ms, is_synced=lambda: self._wall.is_synced
        )
        return self.session

    def equip(self, plant: Plant, actions: Mapping[str, Action]) -> None:
        """Build the way of commands from here; the file must be open."""
        settings = self._settings
        rules = Rules(settings.default_ttl, reads_only=None if settings.allowed else "commands")
        journal = Journal(self._store, settings.journal_age, settings.journal_size)
        clock_ms = steady_ms(self.session)
        self._own = OwnCommands(actions)
        hold = Hold(self._store, settings.default_ttl)
        self.router = Router(
            NAME,
            Admission(None, plant, rules, own=self._own, hold=hold),
            journal,
            Answers(LocalVoice(), journal, self.audit, now_ms=clock_ms, wall_ms=now_ms),
            clock_ms,
        )

    async def command(self, body: bytes, device: str, user: str | None, *, fail_safe: bool = False) -> Result:
        """Carry a command out; its result. Who does not wait for it does not end it."""
        answer: asyncio.Future[Result] = asyncio.get_running_loop().create_future()

        def answered(_command: str | None, result: Result) -> None:
            if not answer.done():
                answer.set_result(result)

        delivery = LocalDelivery(device, body, _accept, user=user, answered=answered, fail_safe=fail_safe)
        self.router.offer(delivery)
        return await answer

    def end(self, command: str) -> None:
        """Cut short what the gateway does on this command; if it has not begun, it does not."""
        self._own.cut_short(command)

    async def close(self) -> None:
        """At the end of all."""
        await self._store.close(clean=True)


def _accept() -> None:
    """Nobody would send it again."""
