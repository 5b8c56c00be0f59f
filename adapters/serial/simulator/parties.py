"""Who speaks at our end of a connection: devices, or a capture that is played back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from typing_extensions import override

from adapters.serial.simulator.chain import Chain
from adapters.serial.simulator.ear import Heard
from adapters.serial.simulator.faults import Said
from adapters.serial.simulator.mouth import Mouth
from adapters.serial.simulator.place import Options
from adapters.serial.simulator.replay import Replay
from adapters.serial.simulator.script import Cue
from adapters.serial.simulator.serving import Party
from gateway.adapter import Commanded, Traffic
from gateway.ports.pseudo import PseudoTerminal

SILENCE_S = 0.02
"""What a question may pause within itself: what lies between is a scheduler."""


class Devices(Party):
    """All devices of a line."""

    def __init__(
        self, chain: Chain, transport: asyncio.Transport, *, echoes: bool, left: Callable[[Devices], object]
    ) -> None:
        self._chain = chain
        self._left = left
        self._transport = transport
        self._echoes = echoes
        self._ear = chain.ear()
        self._mouth = Mouth(self._write)
        self._loop = asyncio.get_running_loop()
        self._silence: asyncio.TimerHandle | None = None

    @override
    def hear(self, data: bytes) -> None:
        self._listen()
        if self._echoes:
            self._write(data)
        self._silence = self._loop.call_later(SILENCE_S, self._quiet)
        self._react([*self._ear.hear(data)])

    @override
    def leave(self) -> None:
        self._listen()
        self._mouth.shut()
        self._left(self)

    def say(self, said: Sequence[Said]) -> None:
        """What devices say by themselves, or as an answer."""
        for each in said:
            self._mouth.say(each)

    def _listen(self) -> None:
        if self._silence is not None:
            self._silence.cancel()

    def _quiet(self) -> None:
        self._react([*self._ear.silence()])

    def _react(self, heard: Sequence[Heard[Cue]]) -> None:
        for each in heard:
            reaction = self._chain.react(each)
            if reaction.hangs_up:
                self._transport.abort()
                return
            self.say(reaction.said)

    def _write(self, data: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(data)


class Player(Party):
    """A capture, from the moment on when somebody is there to hear it."""

    def __init__(
        self,
        entries: Sequence[Traffic | Commanded],
        transport: asyncio.Transport,
        options: Options,
        ended: Callable[[], object],
    ) -> None:
        self._transport = transport
        self._ended = ended
        self.replay = Replay(entries, self._write, loop=options.loop)
        self.playing = asyncio.create_task(self._play(at_once=options.at_once), name="replay")

    @override
    def hear(self, data: bytes) -> None:
        self.replay.hear(data)

    @override
    def leave(self) -> None:
        self.playing.cancel()

    async def _play(self, *, at_once: bool) -> None:
        """Over a pseudo terminal, for each who opens it."""
        terminal = self._transport if isinstance(self._transport, PseudoTerminal) and not at_once else None
        while True:
            if terminal is not None:
                await terminal.opened()
            await self.replay.play()
            self._ended()
            if terminal is None:
                return
            terminal.as_new()

    def _write(self, data: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(data)
