"""Who we are at the hub, and what we log in with."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import structlog

from gateway.adapter import PermanentError
from gateway.endpoints.azure_iot_hub import dps, outlook
from gateway.endpoints.azure_iot_hub.config import AzureConfig
from gateway.endpoints.azure_iot_hub.dps import DpsConfig
from gateway.endpoints.azure_iot_hub.hubid import HubIdentity
from gateway.endpoints.azure_iot_hub.refusals import OF_LOGIN, words
from gateway.endpoints.azure_iot_hub.telemetry import Telemetry
from gateway.endpoints.azure_iot_hub.tokens import Term, about_clock, term
from gateway.endpoints.azure_iot_hub.tries import Tries
from gateway.endpoints.contract import EndpointError, Identity, Memory
from gateway.endpoints.mqtt.party import Login, Refused
from gateway.endpoints.mqtt.reasons import BAD_LOGIN, NOT_AUTHORIZED
from gateway.endpoints.payload import last_will

BUILT_S = Path(__file__).stat().st_mtime
"""No clock that is right says an earlier time."""

DPS_REST_S = 300.0
"""Before device provisioning is asked again that has refused us: each answer is billed, and somebody must act there."""

KNOWN_AS = "known_as"
"""In the endpoint's memory: the device and hub of the last connection."""

MAX_PACKET_BYTES = (128 + 64) * 1024
"""From the hub: a method's payload has up to 128 KB ("Understand and invoke direct methods"), a topic up to 64."""

log = structlog.get_logger("fieldgate.azure")


class Logins:
    """Of one endpoint; what was learned by earlier ones is in `memory`. `chance()`: from 0 to 1."""

    def __init__(
        self, config: AzureConfig, identity: Identity, memory: Memory, chance: Callable[[], float] = random.random
    ) -> None:
        self._config = config
        self._identity = identity
        self._memory = memory
        self._chance = chance
        self._tries = Tries(memory)

    async def find_hub(self) -> HubIdentity:
        """Raises EndpointError. That device provisioning can't be asked anew is no reason not to try where we were."""
        config = self._config
        if config.dps is not None:
            try:
                await self._ask(config.dps)
            except EndpointError as error:
                if not self._tries.asks_anew or dps.remembered(config.dps, self._memory) is None:
                    raise
                log.warning("device provisioning not asked anew", endpoint=self._identity.endpoint, reason=str(error))
        hub = outlook.hub_of(config, self._memory)
        assert hub is not None, "the configuration was checked, or it was assigned just now"
        return hub

    async def _ask(self, provisioning: DpsConfig) -> None:
        """Whom we belong to, where that is not known or to be asked anew. Raises EndpointError."""
        anew = self._tries.asks_anew
        try:
            await dps.assigned(
                provisioning, self._config, self._memory, anew=anew, websocket=self._config.over_websocket
            )
        except PermanentError as error:  # whoever mends it does so there, and nobody here would notice
            raise EndpointError(str(error), rest_s=DPS_REST_S) from error

    def login(self, hub: HubIdentity, telemetry: Telemetry) -> Login:
        """With a token that is made now."""
        config = self._config
        will = last_will(self._identity.gateway, config.format, uuid4().hex)
        return Login(
            client_id=hub.client_id,
            username=hub.username,
            password=hub.password(self._tries.key, int(time.time() + config.token_lifetime)),
            will=(telemetry.will(will), will),
            retain=False,
            is_v5=False,
            clean=not config.commands,  # else it would go on with what was subscribed while commands were taken
            keepalive_s=config.keepalive,
            ack_timeout_s=config.ack_timeout,
            max_packet_bytes=MAX_PACKET_BYTES,
        )

    def term(self, steady_s: float) -> Term:
        """Of such a token, on the loop's clock, too."""
        return term(self._config.token_lifetime, self._chance(), time.time(), steady_s)

    def let_in(self, hub: HubIdentity) -> bool:
        """It has taken it; whether the last one that did was the same hub, and knew us as the same device."""
        self._tries.let_in()
        known_as = f"{hub.client_id} of {hub.host.lower()}"
        is_same: bool = self._memory.get(KNOWN_AS) == known_as
        self._memory[KNOWN_AS] = known_as
        return is_same

    def failed(self, hub: HubIdentity, error: EndpointError) -> EndpointError:
        """It has not, or could not be reached: in words.

        It never says why. 5 is its answer to all that is wrong with a login, and to troubles of its own.
        """
        said = error.said if isinstance(error, Refused) else None
        self._tries.failed(refused=said is not None and said.code in OF_LOGIN)
        if said is None:
            return error
        if said.code == BAD_LOGIN:
            return EndpointError(f"{hub.host} can't read the user name {hub.username}: check host and device_id")
        if said.code != NOT_AUTHORIZED:
            return EndpointError(f"{hub.host} refuses us: {words(said)}")
        proof = "its certificate, of which the name or a thumbprint must be registered"
        if hub.keys:
            proof = f"its key, and {about_clock(time.time(), BUILT_S, synced=outlook.clock_is_set())}"
        return EndpointError(f"{hub.host} does not let {hub.client_id} in: is it registered and enabled? Check {proof}")


def named(config: AzureConfig, host: str) -> AzureConfig:
    """With the name that the hub's certificate must have, wherever TCP goes."""
    if config.tls.server_name is not None:
        return config
    return config.model_copy(update={"tls": config.tls.model_copy(update={"server_name": host})})
