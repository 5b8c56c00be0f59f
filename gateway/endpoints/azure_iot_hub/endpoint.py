"""One connection to Azure IoT Hub: telemetry up; messages, direct methods and the twin down."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Iterable, Mapping
from typing import ClassVar
from uuid import uuid4

import structlog
from typing_extensions import override

from gateway.adapter import Advice
from gateway.config.models import EndpointConfig
from gateway.endpoints.azure_iot_hub import dps, topics
from gateway.endpoints.azure_iot_hub.calls import Calls
from gateway.endpoints.azure_iot_hub.config import MAX_MESSAGE_BYTES, AzureConfig
from gateway.endpoints.azure_iot_hub.ends import Ends
from gateway.endpoints.azure_iot_hub.hubid import HubIdentity
from gateway.endpoints.azure_iot_hub.telemetry import Telemetry
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
from gateway.endpoints.mqtt.connection import Connection, Incoming, Login, Refused
from gateway.endpoints.mqtt.outgoing import Outgoing
from gateway.endpoints.payload import last_will
from gateway.endpoints.reach import certificate_advice, described

RENEW_AT, RENEW_JITTER = 0.85, 0.05
"""When a token is renewed, as a share of its life, and by how much earlier at most: never a fleet at once."""

BYTES_IN_FLIGHT = 512 * 1024
"""Of batches, so that the window is what bounds small ones (as gateway.endpoints.mqtt.outgoing has it)."""

DPS_AGAIN = 10
"""So many failures in a row, and device provisioning is asked anew ("Device reconnections", IoT Hub)."""

KEY, FAILURES = "key_in_use", "failures"
"""In the endpoint's memory: which of two keys was good last; failures in a row."""

BAD_LOGIN, NOT_AUTHORIZED = 0x86, 0x87
"""What a refusal is as paho tells it: return codes 4 and 5 of MQTT 3.1.1 (3.2.2.3)."""

log = structlog.get_logger("fieldgate.azure")


class AzureIotHubEndpoint(Endpoint):
    """One connection as one device; a fresh instance for each."""

    Config: ClassVar[type[EndpointConfig]] = AzureConfig
    keeps_announcements: ClassVar[bool] = True

    def __init__(self, config: AzureConfig, identity: Identity, memory: Memory) -> None:
        self._config = config
        self._identity = identity
        self._memory = memory
        self._ends = Ends(memory)
        self._hub: HubIdentity | None = None
        self._renewal: str | None = None
        self._is_in = False
        self._since_s: float | None = None
        self._published = self._acknowledged = 0

    @classmethod
    @override
    def advice(cls, config: AzureConfig) -> Iterable[Advice]:
        return certificate_advice(config.tls)

    @classmethod
    @override
    def describe(cls, config: AzureConfig, identity: Identity, memory: Memory) -> Mapping[str, str]:
        hub = _hub_of(config, memory)
        told = {"hub": hub.host, "device": hub.client_id} if hub is not None else {"hub": "not assigned yet"}
        if config.dps is not None:
            told |= {"id scope": config.dps.id_scope, "registration": config.dps.registration_id}
        return {**told, "proof": "key" if config.has_key else "certificate", **described(config.tls)}

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
        hub = self._hub = await self._find_hub()
        self._telemetry = Telemetry(hub.path, self._identity.gateway, per_device=self._config.batch.per_device)
        self._outgoing = self._make_outgoing()
        self._connection = Connection(self._login(hub), self)
        self._calls = Calls(self._connection, self._deliver, self._config.method_timeout, self._end_if_renewed)
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
            self._outgoing.close()
            self._calls.close()
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
        self._renewal = self._renewal or reason
        if self._is_in:
            self._session.pause()
            self._outgoing.flush()
            self._end_if_renewed()

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
        self._end_if_renewed()

    def oldest_s(self) -> float | None:
        """When the oldest publish in flight was sent."""
        return self._outgoing.oldest_s

    def arrived(self, incoming: Incoming) -> None:
        """A call, a message, or something of the twin; what is none of these is passed over."""
        topic = incoming.topic
        assert self._hub is not None
        if topic.startswith(topics.METHODS):
            incoming.accept()
            self._calls.take(topics.called(topic), incoming.payload)
        elif topic.startswith(start := topics.devicebound(self._hub.device_id)):
            device = topics.bag(topic.removeprefix(start)).get("device", "")
            self._deliver(Delivery(device, incoming.payload, incoming.accept))
        else:
            incoming.accept()
            self._twin.arrived(topic, incoming.payload)

    async def _find_hub(self) -> HubIdentity:
        config = self._config
        if config.dps is None:
            assert config.identity is not None, "the configuration was checked"
            return config.identity
        anew = int(self._memory.get(FAILURES, 0)) >= DPS_AGAIN
        await dps.assigned(config.dps, config, self._memory, anew=anew, websocket=config.over_websocket)
        if anew:
            self._memory.pop(FAILURES, None)
        hub = _hub_of(config, self._memory)
        assert hub is not None, "it was assigned just now"
        return hub

    async def _serve(self, hub: HubIdentity) -> None:
        """From the connection to its end, which raises."""
        config, connection = self._config, self._connection
        address = config.address(hub.host)
        await connection.open(address, _named(config, hub.host))
        self.peer = f"{hub.host} as {hub.client_id}"
        self._memory.pop(FAILURES, None)
        self._since_s = self._loop.time()
        asked = connection.subscribe(self._filters(hub))
        if self._renewal is not None:
            raise Renewed(self._renewal)
        self._is_in = True
        room_bytes = MAX_MESSAGE_BYTES - self._telemetry.property_bytes
        self._session.connected(*self._outgoing.open(config.window, room_bytes))
        timer = self._loop.call_later(self._renew_in_s(), self.renew, "its token ends soon") if hub.keys else None
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._serve_twin(asked), name=f"twin:{self._identity.endpoint}")
                tasks.create_task(connection.watch(), name=f"watch:{self._identity.endpoint}")
        except ExceptionGroup as group:
            raise group.exceptions[0] from None
        finally:
            if timer is not None:
                timer.cancel()

    def _make_outgoing(self) -> Outgoing:
        """Batches fill the meter with their properties."""
        batch = self._config.batch
        smaller = batch.model_copy(update={"max_bytes": batch.max_bytes - self._telemetry.property_bytes})
        return Outgoing(self._telemetry, smaller, self._send, bytes_in_flight=BYTES_IN_FLIGHT)

    def _filters(self, hub: HubIdentity) -> list[str]:
        commands = [f"{topics.devicebound(hub.device_id)}#"] if hub.module_id is None else []
        return [*commands, topics.METHOD_FILTER, *Twin.filters]

    async def _serve_twin(self, asked: asyncio.Future[list[str]]) -> None:
        refused = await asked
        if refused:
            log.error("the hub refuses our subscriptions", endpoint=self._identity.endpoint, why=refused)
        if not any(each.startswith(Twin.filters) for each in refused):  # a hub of the basic tier has no twins
            self._twin.begin()
        await self._twin.run()

    def _login(self, hub: HubIdentity) -> Login:
        config = self._config
        ends_s = int(time.time() + config.token_lifetime)
        will = last_will(self._identity.gateway, config.format, uuid4().hex)
        return Login(
            client_id=hub.client_id,
            username=hub.username,
            password=hub.password(int(self._memory.get(KEY, 0)), ends_s),
            will=(self._telemetry.will(will), will),
            retain=False,
            is_v5=False,
            clean=False,
            keepalive_s=config.keepalive,
            ack_timeout_s=config.ack_timeout,
        )

    def _renew_in_s(self) -> float:
        return self._config.token_lifetime * (RENEW_AT - RENEW_JITTER * random.random())

    def _send(self, topic: str, payload: bytes, retain: bool) -> int | None:  # noqa: ARG002 -- the hub keeps nothing
        self._published += 1
        return self._connection.send(topic, payload)

    def _deliver(self, delivery: Delivery) -> None:
        self._session.deliver(delivery)

    def _end_if_renewed(self) -> None:
        """In good order: nothing is under way, and no caller waits for an answer."""
        if self._renewal is not None and self._is_in and self._outgoing.is_idle and not self._calls.are_waiting:
            self._connection.end(Renewed(self._renewal))

    def _explained(self, hub: HubIdentity, error: EndpointError) -> EndpointError:
        """With what it may mean, as far as can be told."""
        if self._since_s is None:
            self._memory[FAILURES] = int(self._memory.get(FAILURES, 0)) + 1
            return self._refused(hub, error) if isinstance(error, Refused) else error
        served_s = self._loop.time() - self._since_s
        if not error.cut:
            self._ends.well()
            return error
        meant = self._ends.cut(hub.client_id, served_s, published=self._published, acknowledged=self._acknowledged)
        return error if meant is None else EndpointError(f"{error}: {meant[0]}", cut=True, rest_s=meant[1])

    def _refused(self, hub: HubIdentity, error: Refused) -> EndpointError:
        code = error.said.code
        if code not in (BAD_LOGIN, NOT_AUTHORIZED):
            return error
        self._memory[KEY] = (int(self._memory.get(KEY, 0)) + 1) % max(1, len(hub.keys))
        if self._config.dps is not None and code == NOT_AUTHORIZED:
            self._memory[FAILURES] = DPS_AGAIN
        proof = f"its key, and this box's clock ({time.strftime('%Y-%m-%d %H:%M', time.gmtime())} UTC)"
        what = proof if hub.keys else "its certificate"
        return EndpointError(
            f"{hub.host} does not let {hub.client_id} in: check the name, that it is enabled, and {what}"
        )


def _hub_of(config: AzureConfig, memory: Memory) -> HubIdentity | None:
    """Who we are, as far as that is known without asking."""
    if config.dps is None:
        return config.identity
    kept = dps.remembered(config.dps, memory)
    if kept is None:
        return None
    key = dps.device_key(config.dps)
    return HubIdentity(kept.host, kept.device_id, keys=() if key is None else (key,))


def _named(config: AzureConfig, host: str) -> AzureConfig:
    """With the name that the hub's certificate must have, wherever TCP goes."""
    if config.tls.server_name is not None:
        return config
    return config.model_copy(update={"tls": config.tls.model_copy(update={"server_name": host})})
