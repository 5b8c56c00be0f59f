"""One connection's life: every device on the line heard and asked, commands carried out."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import asdict
from functools import partial

from adapters.serial.config import SerialDevice, SerialLink
from adapters.serial.decode import Heard, Router, Shape, address_key
from adapters.serial.framing.make import seal_for_sending
from adapters.serial.talk import diagnosis
from adapters.serial.talk.acks import Acks
from adapters.serial.talk.asked import Asked
from adapters.serial.talk.commands import Commands
from adapters.serial.talk.conversation import Conversation
from adapters.serial.talk.debts import QUIET_TIMEOUTS
from adapters.serial.talk.diagnosis import Diagnosis
from adapters.serial.talk.ear import Ear
from adapters.serial.talk.ground import ground_of
from adapters.serial.talk.order import Order
from adapters.serial.talk.outcome import Done, plainly
from adapters.serial.talk.party import Party
from adapters.serial.talk.poll import Line, Poll
from adapters.serial.talk.rest import Rest
from adapters.serial.talk.script import Ground, Script
from adapters.serial.talk.talker import Talker
from adapters.serial.talk.wire import Wire
from gateway.adapter import AdapterError, Emit, Memory, Unheard
from gateway.grid import Slot, Ticket, shared_grid
from gateway.model import Notice
from gateway.ports import is_local
from gateway.template.template import Template
from gateway.values import Unwritable

TIMEOUT_S = 1.0
"""For an answer to what is said on connecting, which is no device's own."""
LINK_SILENT_S = 10.0
"""When nothing at all has come through a network for so long and all was asked in vain, the connection is dropped."""
LOOK_S = 1.0
"""So often it is seen who has fallen silent, and who may be tried again."""


class Session:
    """The devices of a link while it is connected."""

    def __init__(
        self, link: SerialLink, devices: Mapping[str, SerialDevice], wire: Wire, emit: Emit, memory: Memory
    ) -> None:
        self._link = link
        self._asked = Asked(memory)
        self._wire = wire
        self._emit = emit
        self._loop = asyncio.get_running_loop()
        self._router = Router(link, devices)
        grounds = {name: ground_of(link, device) for name, device in devices.items()}
        self._parties = {
            name: Party(
                name, device, self._router.shapes[name], grounds[name], emit=emit, explain=partial(self._explain, name)
            )
            for name, device in devices.items()
        }
        if link.address is not None:
            for party in self._parties.values():
                if party.device.address is not None:
                    party.address = address_key(party.device.address, link.address)
        addresses = {party.address for party in self._parties.values() if party.address is not None}
        self._ear = Ear(self._router, addresses, self._tell)
        wire.hear = self._ear
        wire.is_idle = self._is_idle
        self._talker = Talker(link, wire, self._ear)
        self._order = order = Order(link.poll_share)
        wire.may_wait = lambda: not order.at_work
        self._acks = Acks(self._order, self._talker, emit, wire.lose)
        self._acked = dict(self._templates())
        self._rest = Rest()
        self._line = Line(self._talker, self._order, self._rest, emit, self._take, silence=_silence(link, devices))
        self._polls = {
            (name, message): Poll(party, message, parts.poll, party.device.period_s(parts), self._line)
            for name, party in self._parties.items()
            for message, parts in party.device.parts()
            if parts.poll is not None
        }
        for (name, _), poll in self._polls.items():
            self._parties[name].polls.append(poll)
            self._rest.polls.append(poll)
        self._understood = 0
        self._begun_s = self._loop.time()
        self._diagnosis = Diagnosis()
        self._troubled: Party | None = None
        self._hurried: dict[str, str | None] = {}
        self._tickets: list[Ticket] = []

    async def run(self) -> None:
        """Say what is said first, then ask on the grid, until cancelled; AdapterError when the line is lost."""
        await self._greet()
        grid = shared_grid()
        self._tickets.append(grid.subscribe(Slot(LOOK_S), self._look, self._wire.lose))
        lately = self._asked.lately(self._loop.time(), {key: poll.every_s for key, poll in self._polls.items()})
        for (name, message), poll in self._polls.items():
            slot = Slot(poll.every_s, self._parties[name].device.phase)
            self._tickets.append(grid.subscribe(slot, poll.wake, self._wire.lose))
            if (name, message) not in lately:
                poll.wake()
        await self._order.run(self._talker.ready)

    def stop(self) -> None:
        """Nothing is asked or said any more."""
        if self._wire.ended_idle:
            self._asked.note({key: poll.tried_s for key, poll in self._polls.items() if poll.well})
        for ticket in self._tickets:
            ticket.cancel()
        self._acks.close()
        self._talker.close()
        self._order.clear()

    def commands(self, device: str, not_after_s: float) -> Commands:
        """What can be done with a device until then, on the loop's clock."""
        polls = {message: poll for (name, message), poll in self._polls.items() if name == device}
        return Commands(self._parties[device], polls, self._line, not_after_s)

    @property
    def counters(self) -> Mapping[str, int]:
        """What has happened on this connection; `skipped` are polls whose turn came before the last one had ended."""
        wire, router = self._wire, self._router
        return {
            **asdict(wire.counters),
            **asdict(wire.losses),
            "unmatched": router.unmatched,
            "strangers": router.strangers,
            "undecodable": router.undecodable,
            **asdict(self._talker.tally),
            "late": self._ear.late,
            "unacknowledged": self._acks.left_out,
            "skipped": sum(ticket.skipped for ticket in self._tickets),
        }

    async def _greet(self) -> None:
        await asyncio.sleep(self._link.pause_after_connect)
        if not self._link.on_connect:
            return
        ground = Ground(seal_for_sending(self._link.framing, self._link.checksum), TIMEOUT_S, {}, self._link.encoding)
        script = Script(tuple(ground.steps(self._link.on_connect, TIMEOUT_S)), TIMEOUT_S)
        outcome = await Conversation(self._talker, script, {}).held()
        await self._talker.own_baudrate()
        if not isinstance(outcome, Done):
            raise AdapterError(f"on_connect: {plainly(outcome)}: is the device there, and its speed right?")

    def _tell(self, heard: Heard, time_ms: int) -> None:
        """A device has said something."""
        self._understood += 1
        shape = heard.shape
        sample = self._parties[shape.device].heard(heard, time_ms)
        if (ack := self._acked.get(shape)) is None:
            if sample.values:
                self._emit(sample)
            return
        try:
            data = ack.render({**self._parties[shape.device].ground.known, **heard.groups})
            self._acks.take(sample, data, sealed=ack.is_sealed)
        except Unwritable as error:
            self._emit(sample)
            self._emit(Notice(shape.device, f"it is not acknowledged: {error}"))

    def _take(self, done: Done) -> None:
        """A message that was asked for."""
        if done.heard is not None:
            self._tell(done.heard, done.time_ms)

    def _look(self) -> bool:
        now_s = self._loop.time()
        self._diagnose(now_s)
        self._hurry()
        for party in self._parties.values():
            party.report(now_s)
        for poll in self._polls.values():
            poll.look(now_s)
        if self._hangs(now_s):
            silent = f"nothing has come from {self._link.port} for {LINK_SILENT_S:g} s"
            self._wire.lose(Unheard(silent))
        return True

    def _is_idle(self) -> bool:
        """Nothing is asked just now, and nothing comes by itself."""
        return not self._ear.waits and all(party.polls for party in self._parties.values())

    def _hangs(self, now_s: float) -> bool:
        """Nobody answers, through a network: a fresh connection may help."""
        if is_local(self._link.port) or now_s - max(self._wire.heard_s, self._begun_s) < LINK_SILENT_S:
            return False
        return bool(self._polls) and all(poll.silent for poll in self._polls.values())

    def _diagnose(self, now_s: float) -> None:
        strange = self._ear.strange
        words = self._diagnosis.look(self._heard, now_s, None if strange is None else strange.data)
        if words is not None:
            self._troubled = next((party for party in self._parties.values() if not party.alive), None)
            if self._troubled is not None:
                self._emit(Notice(self._troubled.name, words))
        elif self._troubled is not None and self._diagnosis.words is None:
            self._emit(Notice(self._troubled.name, "what arrives is understood again", mended=True))
            self._troubled = None

    def _explain(self, device: str) -> str | None:
        return self._ear.punctuality.words(device) or self._diagnosis.words

    def _hurry(self) -> None:
        """Tell who answers later than its timeout, once and when that is over."""
        for name in self._parties:
            told, words = self._hurried.get(name), self._ear.punctuality.words(name)
            if words is not None and told is None:
                self._emit(Notice(name, words))
            elif words is None and told is not None:
                self._emit(Notice(name, "its answers come in time again", mended=True))
            self._hurried[name] = words

    @property
    def _heard(self) -> diagnosis.Heard:
        wire = self._wire
        return diagnosis.Heard(
            wire.counters.bytes,
            wire.counters.frames,
            wire.losses.bad_checksums,
            wire.losses.too_long,
            self._router.strangers,
            self._understood + self._ear.answers + self._ear.late,
        )

    def _templates(self) -> list[tuple[Shape, Template]]:
        return [
            (shape, party.ground.template(ack))
            for party in self._parties.values()
            for message, parts in party.device.parts()
            if (ack := parts.ack) is not None
            for shape in party.shapes_of(message)
        ]


def _silence(link: SerialLink, devices: Mapping[str, SerialDevice]) -> int:
    """How many timeouts others can't ask for, when one is not answered: where no address tells answers apart, more."""
    return QUIET_TIMEOUTS if link.address is None and len(devices) > 1 else 2
