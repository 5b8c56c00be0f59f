"""One connection to Azure IoT Hub: telemetry up; messages, direct methods and the twin down."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping
from typing import ClassVar

import structlog
from typing_extensions import override

from gateway.adapter import Advice
from gateway.config.models import EndpointConfig
from gateway.endpoints.azure_iot_hub import devicebound, dps, outlook, topics
from gateway.endpoints.azure_iot_hub.calls import Calls
from gateway.endpoints.azure_iot_hub.config import MAX_MESSAGE_BYTES, AzureConfig
from gateway.endpoints.azure_iot_hub.ends import Ends
from gateway.endpoints.azure_iot_hub.hubid import HubIdentity
from gateway.endpoints.azure_iot_hub.logins import Logins, named
from gateway.endpoints.azure_iot_hub.telemetry import Telemetry
from gateway.endpoints.azure_iot_hub.tokens import LOOK_S
from gateway.endpoints.azure_iot_hub.twin import Twin
from gateway.endpoints.contract import (
    Ack,
    Delivery,
    Endpoint,
    EndpointError,
    Identity,
    Memory,
    Message,
    Renewed,
    Session,
)
from gateway.endpoints.mqtt.connection import Connection
from gateway.endpoints.mqtt.outgoing import Outgoing
from gateway.endpoints.mqtt.party import Incoming
from gateway.endpoints.mqtt.renewal import Renewal
from gateway.model import Wishes

BYTES_IN_FLIGHT = 512 * 1024
"""Of batches, so that the window is what bounds small ones (as gateway.endpoints.mqtt.outgoing has it)."""

log = structlog.get_logger("fieldgate.azure")


class AzureIotHubEndpoint(Endpoint):
    """One connection as one device; a fresh instance for each."""

    Config: ClassVar[type[EndpointConfig]] = AzureConfig

    def __init__(self, config: AzureConfig, identity: Identity, memory: Memory) -> None:
        self._config = config
        self._identity = identity
        self._logins = Logins(config, identity, memory)
        self._ends = Ends(memory)
        self._hub: HubIdentity | None = None
        self._renewal = Renewal(self._is_over)
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._waits_for_callers = False
        self._since_s: float | None = None
        self._published = self._acknowledged = 0

    @classmethod
    @override
    def advice(cls, config: AzureConfig) -> Iterable[Advice]:
        return outlook.advice(config)

    @classmethod
    @override
    def describe(cls, config: AzureConfig, identity: Identity, memory: Memory) -> Mapping[str, str]:
        return outlook.describe(config, identity, memory)

    @classmethod
    @override
    def enrolled(cls, config: AzureConfig, memory: Memory) -> bool | None:
        return None if config.dps is None else dps.remembered(config.dps, memory) is not None

    @classmethod
    @override
    async def enrol(cls, config: AzureConfig, memory: Memory) -> None:
        assert config.dps is not None, "others have nothing to be told"
        await dps.assigned(config.dps, config, memory, anew=True, websocket=config.over_websocket)

    @override
    async def run(self, session: Session) -> None:
        self._session = session
        self._loop = asyncio.get_running_loop()
        if not self._config.twin:
            session.wish(Wishes())  # of what one has desired before, nobody could take anything back
        hub = self._hub = await self._logins.find_hub()
        self._telemetry = Telemetry(hub.path, self._identity.gateway, per_device=self._config.batch.per_device)
        self._outgoing = self._make_outgoing()
        self._term = self._logins.term(self._loop.time())
        self._connection = Connection(self._logins.login(hub, self._telemetry), self)
        self._calls = Calls(self._connection, session.deliver, self._config.method_timeout, self._renewal.look)
        self._twin = Twin(self._connection.send, session, self._identity.endpoint)
        is_polite = False
        try:
            await self._serve(hub)
        except Renewed:
            is_polite = True
            self._ends.well()
            raise
        except EndpointError as error:
            raise self._explained(hub, error) from None
        finally:
            self._close()
            await self._connection.close(polite=is_polite or session.said_goodbye)

    @override
    def publish(self, message: Message) -> None:
        if not message.payload:  # it would clear a retained topic: there are none
            self._loop.call_soon(self._session.acknowledged, [Ack(message.token)])
            return
        self._outgoing.publish(message)

    @override
    def flush(self) -> None:
        self._outgoing.flush()

    @override
    def renew(self, reason: str) -> None:
        if self._renewal.ask(reason):
            self._session.pause()
            self._outgoing.flush()
            self._waits_for_callers = True
            self._later("callers", self._config.ack_timeout, self._wait_for_callers_no_longer)
            self._renewal.look()

    @override
    def reply(self, to: str, correlation: bytes | None, payload: bytes) -> None:
        """No message from the cloud can ask for it."""

    def settle(self, packet_id: int, code: int = 0, *, about_message: bool = False, text: str = "") -> None:
        """The hub has stored this publish."""
        self._acknowledged += packet_id in self._outgoing.in_flight
        self._outgoing.settle(packet_id, code, about_message=about_message, text=text)

    def read(self) -> None:
        """All that had come has been looked at."""
        self._outgoing.report(self._session.acknowledged)
        self._renewal.look()

    def oldest_s(self) -> float | None:
        """When the oldest publish in flight was sent."""
        return self._outgoing.oldest_s

    def arrived(self, incoming: Incoming) -> None:
        """A call, a message, or something of the twin; what is none of these is passed over."""
        topic = incoming.topic
        assert self._hub is not None
        if topic.startswith(start := topics.devicebound(self._hub.device_id)):
            asked = devicebound.asked(topics.bag(topic.removeprefix(start)), incoming.payload)
            self._session.deliver(Delivery(asked.device, asked.body, incoming.accept))
            return
        incoming.accept()
        if topic.startswith(topics.METHODS):
            if (called := topics.called(topic)) is not None:
                self._calls.take(called, incoming.payload)
        else:
            self._twin.arrived(topic, incoming.payload)

    async def _serve(self, hub: HubIdentity) -> None:
        """From the connection to its end, which raises."""
        config, connection = self._config, self._connection
        await connection.open(config.address(hub.host), named(config, hub.host))
        self._greet(hub)
        self._renewal.begin(connection.end)
        asked = connection.subscribe(filters) if (filters := self._filters(hub)) else None
        room_bytes = MAX_MESSAGE_BYTES - self._telemetry.property_bytes
        self._session.connected(*self._outgoing.open(config.window, room_bytes))
        if hub.keys:
            self._look_at_token()
        try:
            async with asyncio.TaskGroup() as tasks:
                if asked is not None:
                    tasks.create_task(self._serve_twin(asked), name=f"twin:{self._identity.endpoint}")
                await connection.watch()  # in here: a group that only waits leaves us cancelled (Python 3.11)
        except ExceptionGroup as group:
            raise group.exceptions[0] from None

    def _greet(self, hub: HubIdentity) -> None:
        """We are in."""
        self.peer = f"{hub.host} as {hub.client_id}"
        self.keeps_announcements = self._logins.let_in(hub)
        self._since_s = self._loop.time()

    def _close(self) -> None:
        self._outgoing.close()
        self._calls.close()
        for timer in self._timers.values():
            timer.cancel()

    def _make_outgoing(self) -> Outgoing:
        """Batches fill the meter with their properties."""
        batch = self._config.batch
        smaller = batch.model_copy(update={"max_bytes": batch.max_bytes - self._telemetry.property_bytes})
        return Outgoing(self._telemetry, smaller, self._send, bytes_in_flight=BYTES_IN_FLIGHT)

    def _filters(self, hub: HubIdentity) -> list[str]:
        """Modules get no messages; who may only listen is not to be called."""
        messages = [f"{topics.devicebound(hub.device_id)}#"] if hub.module_id is None else []
        commands = [*messages, topics.METHOD_FILTER] if self._config.commands else []
        return [*commands, *(Twin.filters if self._config.twin else ())]

    async def _serve_twin(self, asked: asyncio.Future[list[str]]) -> None:
        answer_s = self._config.ack_timeout
        try:
            async with asyncio.timeout(answer_s):
                refused = await asked
        except TimeoutError:  # else nobody would know that no command can come
            raise EndpointError(f"no answer to our subscriptions for {answer_s:g} s") from None
        if refused:
            log.error("the hub refuses our subscriptions", endpoint=self._identity.endpoint, why=refused)
        if not self._config.twin or any(each.startswith(Twin.filters) for each in refused):
            return  # a hub of the basic tier has no twins
        self._twin.begin()
        await self._twin.run()

    def _look_at_token(self) -> None:
        """Now and then, as a clock may be set meanwhile."""
        left_s = self._term.left_s(time.time(), self._loop.time())
        if left_s <= 0:
            self.renew("its token ends soon")
        else:
            self._later("token", min(left_s, LOOK_S), self._look_at_token)

    def _later(self, name: str, seconds: float, call: Callable[[], None]) -> None:
        self._timers[name] = self._loop.call_later(seconds, call)

    def _send(self, topic: str, payload: bytes, retain: bool) -> int | None:  # noqa: ARG002 -- the hub keeps nothing
        self._published += 1
        return self._connection.send(topic, payload)

    def _is_over(self) -> bool:
        """Nothing is under way, and no caller waits for an answer."""
        return self._outgoing.is_idle and not (self._waits_for_callers and self._calls.are_waiting)

    def _wait_for_callers_no_longer(self) -> None:
        """There may always be one."""
        self._waits_for_callers = False
        self._renewal.look()

    def _explained(self, hub: HubIdentity, error: EndpointError) -> EndpointError:
        """With what it may mean, as far as can be told."""
        if self._since_s is None:
            return self._logins.failed(hub, error)
        if not error.cut:
            self._ends.well()
            return error
        served_s = self._loop.time() - self._since_s
        meant = self._ends.cut(hub.client_id, served_s, published=self._published, acknowledged=self._acknowledged)
        return error if meant is None else EndpointError(f"{error}, {meant.text}", cut=True, rest_s=meant.rest_s)
