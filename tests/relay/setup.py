"""A relay over a real outbox, and a far end whose every word is the test's."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from typing_extensions import override

from gateway.config.models import DEVICE_KINDS
from gateway.endpoints.contract import Ack, Delivery, Endpoint, EndpointError, Message, Session
from gateway.flow import Flow
from gateway.outbox.entry import Entry
from gateway.outbox.retained import Retained
from gateway.relay import Relay
from tests.outbox.setup import Rig, opened, until

REFUSED: dict[str, Any] = {"code": 0x99, "about_message": True, "text": "payload format invalid"}


class FarEnd(Endpoint):
    """One connection; it remembers what was published and says what it is told to say."""

    def __init__(self, window: int = 100, max_bytes: int = 10_000) -> None:
        self.sent: list[Message] = []
        self.replies: list[tuple[str, bytes | None, bytes]] = []
        self.most_unanswered = 0
        self.ails: str | None = None
        self._window = window
        self._max_bytes = max_bytes
        self._unanswered: dict[int, Message] = {}
        self._lost: asyncio.Future[None]

    @override
    async def run(self, session: Session) -> None:
        self.session = session
        self._lost = asyncio.get_running_loop().create_future()
        session.connected(self._window, self._max_bytes)
        await self._lost

    @override
    def publish(self, message: Message) -> None:
        assert message.token not in self._unanswered, "published again before it was answered"
        self.sent.append(message)
        self._unanswered[message.token] = message
        self.most_unanswered = max(self.most_unanswered, len(self._unanswered))

    @override
    def reply(self, to: str, correlation: bytes | None, payload: bytes) -> None:
        self.replies.append((to, correlation, payload))

    @property
    @override
    def fault(self) -> str | None:
        return self.ails

    @property
    def unanswered(self) -> list[int]:
        return list(self._unanswered)

    @property
    def payloads(self) -> list[bytes]:
        return [message.payload for message in self.sent]

    def ack(self, tokens: Iterable[int] | None = None, **word: Any) -> None:
        """Answer these, or all; success unless a code is given."""
        chosen = list(self._unanswered if tokens is None else tokens)
        for token in chosen:
            del self._unanswered[token]
        self.session.acknowledged([Ack(token, **word) for token in chosen])

    def lose(self, error: str = "cable cut", *, cut: bool = False) -> None:
        self._lost.set_exception(EndpointError(error, cut=cut))


class RelayRig:
    """The relay and whatever it is connected to."""

    def __init__(self, rig: Rig, relay: Relay, deliveries: list[Delivery], retained: Retained) -> None:
        self.rig = rig
        self.relay = relay
        self.retained = retained
        self.announced: list[Entry] = []
        self.deliveries = deliveries
        self.progress = 0
        self.end: FarEnd
        self._serving: asyncio.Task[None] | None = None

    async def connect(self, window: int = 100, max_bytes: int = 10_000) -> FarEnd:
        self.end = FarEnd(window, max_bytes)
        self._serving = asyncio.create_task(self.relay.serve(self.end, self._progressed))
        await until(lambda: self.relay.connected_now)
        return self.end

    @property
    def flow(self) -> Flow:
        """Of the connection that there is."""
        assert self.relay._flow is not None
        return self.relay._flow

    async def ended(self) -> EndpointError:
        """What ended the connection."""
        assert self._serving is not None
        try:
            async with asyncio.timeout(10):
                await self._serving
        except EndpointError as error:
            return error
        raise AssertionError("it ended without a reason")

    async def outcome(self) -> None:
        """Raises what ended the connection."""
        assert self._serving is not None
        async with asyncio.timeout(10):
            await self._serving

    async def disconnect(self, *, cut: bool = False) -> None:
        self.end.lose(cut=cut)
        await self.ended()

    async def sent(self, count: int) -> list[bytes]:
        """The payloads, as soon as so many have been published."""
        await until(lambda: len(self.end.sent) >= count)
        return self.end.payloads

    async def quiet(self) -> None:
        """Until everything is done that can be done without another word from outside."""
        before = -1
        while before != len(self.end.sent):
            before = len(self.end.sent)
            for _ in range(5):
                await self.rig.outbox.store.rows("SELECT 1")
                await asyncio.sleep(0)

    def reading(self, payload: bytes) -> Entry:
        return self.rig.stage("reading", payload)

    def _progressed(self) -> None:
        self.progress += 1


@asynccontextmanager
async def relaying(
    path: Path,
    *,
    announce: Callable[[RelayRig], Sequence[Entry]] = lambda _: (),
    rate: float = 1e6,
    devices: Sequence[str] = (),
    kinds: Sequence[str] = DEVICE_KINDS,
    strict: bool = False,
    **settings: Any,
) -> AsyncIterator[RelayRig]:
    """A relay whose outbox is open; connect it as often as needed."""
    async with opened(path, **settings) as rig:
        retained = Retained(rig.outbox.store, devices, rig.outbox.flush, kinds)
        await retained.load()
        relays: RelayRig
        deliveries: list[Delivery] = []
        relay = Relay(
            rig.outbox,
            rate,
            announce=lambda: announce(relays),
            retained=retained,
            on_delivery=deliveries.append,
            on_wishes=lambda _: {},
            facts=dict,
            strict=strict,
        )
        rig.outbox.on_commit = _both(rig.outbox.on_commit, rig.count_commit)
        relays = RelayRig(rig, relay, deliveries, retained)
        yield relays
        if relays._serving is not None and not relays._serving.done():
            relays._serving.cancel()
            await asyncio.wait([relays._serving])


def _both(one: Callable[[], None], other: Callable[[], None]) -> Callable[[], None]:
    def call() -> None:
        one()
        other()

    return call
