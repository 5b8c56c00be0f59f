"""One endpoint at work: its outbox, its door, its relay, its commands and its supervised connection."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import structlog

from gateway.clock import WallClock, now_ms, steady_ms
from gateway.commands.admission import Admission, Plant, Rules
from gateway.commands.answers import Answers
from gateway.commands.audit import Audit
from gateway.commands.hold import Hold
from gateway.commands.journal import Journal
from gateway.commands.own import Action, OwnCommands
from gateway.commands.router import Router
from gateway.commands.voice import OutboxVoice
from gateway.config.models import CommandsSection, EndpointConfig, OutboxSection
from gateway.devices import View
from gateway.endpoints.contract import Delivery, Endpoint, Identity, Memory
from gateway.endpoints.payload import encoder_for
from gateway.intake import Facts, Intake
from gateway.model import Result, ResultStatus
from gateway.outbox.disk.space import journal_bytes
from gateway.outbox.disk.store import Opened, Store
from gateway.outbox.outbox import Outbox
from gateway.outbox.rescue.adoption import path_of, take_over
from gateway.outbox.rescue.rescue import Rescue
from gateway.outbox.retained import Retained
from gateway.rate import Rate
from gateway.relay import Relay
from gateway.report import ReportFilter
from gateway.supervisor import Supervised
from gateway.wishes import Wished

LARGEST = "max_payload"
"""Under which the endpoint's memory has the largest message that the far end takes."""

ASSUMED_BYTES = 127 * 1024
"""What a far end takes that has never said so: AWS IoT Core's 128 KB, the least of the large clouds', less headers."""

log = structlog.get_logger("fieldgate.endpoints")


class Uplink:
    """Everything that belongs to one endpoint. Call `open`, then `equip`, then run its parts."""

    outbox: Outbox
    intake: Intake
    relay: Relay
    router: Router
    supervised: Supervised

    def __init__(
        self,
        identity: Identity,
        endpoint: type[Endpoint],
        config: EndpointConfig,
        outbox: OutboxSection,
        state: Path,
        *,
        view: View,
        wall: WallClock,
        memory: Memory,
    ) -> None:
        self.name = identity.endpoint
        self.view = view
        self._memory = memory
        self.outbox = Outbox(self.name, Store(path_of(state, self.name)), outbox, wall=wall)
        self.rescue = Rescue(self.outbox)
        self._wall = wall
        self._identity = identity
        self._class = endpoint
        self._config = config
        self._settings = outbox
        self.wished = Wished(self.name, config.type, memory, view.devices, may_command=config.commands)
        self.files_fault: str | None = None
        """Why files that have changed are not in use, if any."""
        self._advice: Sequence[str] = ()

    @property
    def files(self) -> Sequence[Path]:
        """What it reads when it connects."""
        return self._config.files

    def fault_of_files(self) -> str | None:
        """Why what those hold now can't be used, if it can't; off the loop."""
        try:
            self._config.try_files()
        except Exception as error:  # noqa: BLE001 -- an endpoint's defect costs its own renewals only
            return str(error) or type(error).__name__
        return None

    @property
    def notes(self) -> list[str]:
        """What is not as it was meant, or soon will not be, in sentences."""
        return [*self._advice, *([self.files_fault] if self.files_fault else []), *self.relay.notes]

    async def advise(self) -> None:
        """Have the endpoint say what may not last, such as a certificate, and log it."""
        try:
            self._advice = await asyncio.to_thread(lambda: [each.text for each in self._class.advice(self._config)])
        except Exception:  # an endpoint's defect costs its advice only
            log.exception("defect", name=f"endpoint {self.name}")
        for text in self._advice:
            log.warning("advice", endpoint=self.name, reason=text)

    def reconfigure(self, config: EndpointConfig) -> bool:
        """Have this count from the next connection on, if it is another: it may differ in nothing but secrets."""
        is_other, self._config = config != self._config, config
        return is_other

    def renew(self, reason: str) -> None:
        """A fresh connection, as soon as nothing is in flight; at once where there is none."""
        self.relay.renew(reason)
        self.supervised.retry()

    async def open(self) -> Opened:
        """Open the outbox; raises StoreError."""
        opened = await self.outbox.open()
        await take_over(self.outbox)
        self._retained = Retained(
            self.outbox.store, self.view.devices, on_disk=self.outbox.flush, kinds=self.view.kinds
        )
        await self._retained.load()
        return opened

    def equip(
        self,
        now_s: Callable[[], float],
        status_facts: Facts,
        birth_facts: Facts,
        *,
        reported: Facts,
    ) -> None:
        """Build the door and the relay; the outbox must be open."""
        self._now_s, self._coming, self._going = now_s, Rate(now_s()), Rate(now_s())
        gateway, session, synced = self._identity.gateway, self.outbox.session, self._wall.is_synced
        encoder = encoder_for(self._config.format, gateway, self.name, session, synced=synced)
        report = ReportFilter(self.view.rule_of, now_s)
        self.wished.heeded_by(lambda wishes: report.wish(wishes.interval_s))
        self.intake = Intake(
            outbox=self.outbox,
            encoder=encoder,
            report=report,
            devices=self.view.devices,
            kinds=self.view.kinds,
            departed=lambda: self._retained.departed,
            status_facts=status_facts,
            birth_facts=birth_facts,
            now_ms=now_ms,
        )
        self._wall.on_synced.append(self.intake.clock_is_right)
        self.relay = Relay(
            self.outbox,
            self._settings.backlog_rate,
            announce=self.intake.announce,
            retained=self._retained,
            on_delivery=self._deliver,
            on_wishes=self.wished.wish,
            facts=reported,
            strict=self._settings.order == "strict",
        )
        self._wall.on_synced.append(self.relay.clock_is_right)
        self.outbox.max_payload = self._largest_known()
        self.relay.on_limit = self._note_largest
        self.supervised = Supervised(
            f"endpoint {self.name}", self._connect, self._config.reconnect, on_down=_already_told
        )
        self._wall.on_synced.append(lambda _moved_ms: self.supervised.retry())  # certificates and tokens go by it

    def command(self, plant: Plant, audit: Audit, actions: Mapping[str, Action], settings: CommandsSection) -> None:
        """Build the way of commands from this endpoint."""
        store, clock_ms = self.outbox.store, steady_ms(self.outbox.session)
        rules = Rules(
            settings.default_ttl,
            needs_expiry=self._config.keeps_commands,
            off=None if self._config.commands else f"endpoints.{self.name}.commands",
            reads_only=None if settings.allowed else "commands",
            devices=None if self._config.devices is None else frozenset(self._config.devices),
        )
        journal = Journal(store, settings.journal_age, journal_bytes(settings.journal_size, self._settings.max_size))
        voice = OutboxVoice(self.outbox, self.intake, self.relay.reply, self.relay.crowd)
        own = OwnCommands({"republish-birth": self._republish, **actions})
        admission = Admission(self.name, plant, rules, own=own, hold=Hold(store, settings.default_ttl))
        self.wished.heeded_by(lambda wishes: admission.take(wanted=wishes.commands is not False))
        self.router = Router(
            self.name,
            admission,
            journal,
            Answers(voice, journal, audit, now_ms=clock_ms, wall_ms=now_ms),
            clock_ms,
        )

    async def _republish(self, _args: Mapping[str, Any]) -> Result:
        self.relay.republish()
        return Result(ResultStatus.DONE)

    def outbox_facts(self) -> dict[str, Any]:
        """What waits, how fast it comes and goes, and what was lost, for the status."""
        depth, now_s = self.outbox.depth(), self._now_s()
        return {
            "depth": depth["waiting"],
            "bytes": depth["bytes"],
            "oldest_age_s": round(depth["oldest_age_s"], 3),
            "in_per_s": self._coming.look(self.outbox.next_seq - 1, now_s),
            "out_per_s": self._going.look(self.relay.delivered, now_s),
            "worst_commit_s": depth["worst_commit_s"],
            "lost": depth["lost"],
            "fault": depth["fault"],
            "rescue": self.rescue.state,
        }

    def _largest_known(self) -> int:
        """What the far end took last time: what is encoded before it is reached must fit, too."""
        known = self._memory.get(LARGEST)
        return known if isinstance(known, int) and known > 0 else ASSUMED_BYTES

    def _note_largest(self, max_bytes: int) -> None:
        self._memory[LARGEST] = max_bytes

    def _deliver(self, delivery: Delivery) -> None:
        self.router.offer(delivery)

    async def _connect(self, up: Callable[[], None]) -> None:
        await self.relay.serve(self._class(self._config, self._identity, self._memory), up)


def _already_told(_reason: str) -> None:
    """The supervisor logs it; what waits, waits."""
