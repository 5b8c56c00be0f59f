"""One registration with the provisioning service, over a connection of its own."""

from __future__ import annotations

import asyncio
import time
from typing import Final, TypeVar
from urllib.parse import quote

import msgspec

from gateway.adapter import PermanentError
from gateway.endpoints.azure_iot_hub import refusals
from gateway.endpoints.azure_iot_hub.address import address_at
from gateway.endpoints.azure_iot_hub.dps import keys
from gateway.endpoints.azure_iot_hub.dps.answers import Answer, Assigned, answer, outcome
from gateway.endpoints.azure_iot_hub.dps.settings import DpsConfig
from gateway.endpoints.contract import EndpointError
from gateway.endpoints.mqtt.connection import Connection
from gateway.endpoints.mqtt.party import Incoming, Login, Refused
from gateway.endpoints.reach import ReachConfig

T = TypeVar("T")

API_VERSION = "2019-03-31"

ANSWERS = "$dps/registrations/res/#"
REGISTER = "$dps/registrations/PUT/iotdps-register/?$rid={}"
POLL = "$dps/registrations/GET/iotdps-get-operationstatus/?$rid={}&operationId={}"

TOKEN_LIFE_S = 3600
"""It is for one connection, which takes seconds; a clock that is behind by less does no harm."""

ANSWER_S = 30.0
"""An answer comes at once or not at all."""

ALL_S = 300.0
"""An allocation by one's own code takes seconds; who still waits then begins anew."""

CHECK = "check id_scope, registration_id, the key or certificate, and this box's clock"
"""Why nobody is let in; the service itself never says."""

PAUSE_S = 2.0
"""The service takes five polls in 10 s of a device: before each, at least so long."""


class Registration:
    """Call `run` once."""

    def __init__(self, config: DpsConfig, reach: ReachConfig, *, websocket: bool) -> None:
        self._config = config
        self._reach = reach
        self._address: Final = address_at(config.host, config.port, websocket=websocket)
        self._waiting: dict[str, asyncio.Future[Answer]] = {}
        self._requests = 0

    async def run(self) -> Assigned:
        """Raises EndpointError, PermanentError."""
        self._connection = Connection(self._login(), self)
        try:
            async with asyncio.timeout(ALL_S):
                await self._connection.open(self._address, self._reach)
                return await self._until_lost()
        except TimeoutError:
            raise EndpointError(f"device provisioning has not assigned a hub within {ALL_S:g} s") from None
        except Refused as error:
            raise EndpointError(f"device provisioning refuses us: {refusals.words(error.said, CHECK)}") from error
        except EndpointError as error:
            raise EndpointError(f"device provisioning at {self._address}: {error}") from error
        finally:
            await self._connection.close(polite=True)

    def settle(self, packet_id: int, code: int = 0, *, about_message: bool = False, text: str = "") -> None:
        """What was asked is answered on a topic; that it was received says nothing."""

    def arrived(self, incoming: Incoming) -> None:
        """An answer, to whoever waits for it."""
        incoming.accept()
        told = answer(incoming.topic, incoming.payload)
        if told is None:
            return
        waiting = self._waiting.pop(told.request_id, None)
        if waiting is not None and not waiting.done():
            waiting.set_result(told)

    def read(self) -> None:
        """All that had come has been looked at."""

    def oldest_s(self) -> float | None:
        """Answers have a limit of their own."""
        return None

    def _login(self) -> Login:
        config = self._config
        key = keys.device_key(config)
        if key is None and self._reach.tls.cert is None:
            raise PermanentError("device provisioning needs a key, a group_key, or a certificate (tls: cert)")
        return Login(
            client_id=config.registration_id,
            username=f"{config.id_scope}/registrations/{config.registration_id}/api-version={API_VERSION}",
            password=keys.token(config, key, int(time.time()) + TOKEN_LIFE_S) if key is not None else None,
            is_v5=False,
        )

    async def _until_lost(self) -> Assigned:
        """The registration, unless the connection ends before."""
        talking = asyncio.ensure_future(self._registered())
        watching = asyncio.ensure_future(self._connection.watch())
        try:
            await asyncio.wait({talking, watching}, return_when=asyncio.FIRST_COMPLETED)
            if not talking.done() or talking.cancelled():  # so it is where the connection was at its end already
                await watching  # which only ever ends by an error
            return talking.result()
        finally:
            for task in (talking, watching):
                task.cancel()
            await asyncio.gather(talking, watching, return_exceptions=True)

    async def _registered(self) -> Assigned:
        refused = await _answered(self._connection.subscribe([ANSWERS]))
        if refused:
            raise EndpointError(f"it refuses the subscription to its answers: {refused[0]}")
        config, operation = self._config, ""
        body = {"registrationId": config.registration_id}
        wanted = body if config.payload is None else {**body, "payload": config.payload}
        topic, payload = REGISTER, msgspec.json.encode(wanted)
        while True:
            told = await self._ask(topic, quote(operation, safe=""), payload)
            if not told.is_later:
                found = outcome(told, operation)
                if isinstance(found, Assigned):
                    return found
                operation, topic, payload = found.operation, POLL, b""
            await asyncio.sleep(max(PAUSE_S, told.retry_after_s or 0.0))

    async def _ask(self, topic: str, operation: str, payload: bytes) -> Answer:
        self._requests += 1
        request_id = str(self._requests)
        waiting: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting[request_id] = waiting
        self._connection.send(topic.format(request_id, operation), payload)
        return await _answered(waiting)


async def _answered(waiting: asyncio.Future[T]) -> T:
    try:
        async with asyncio.timeout(ANSWER_S):
            return await waiting
    except TimeoutError:
        raise EndpointError(f"no answer within {ANSWER_S:g} s") from None
