"""The Azure IoT Hub endpoint's part of the configuration."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, SecretStr, model_validator
from pydantic_core import PydanticCustomError
from typing_extensions import override

from gateway.adapter import Period, Reconnect
from gateway.config.models import OutboxOverride
from gateway.endpoints.azure_iot_hub import hubid
from gateway.endpoints.azure_iot_hub.address import address_at
from gateway.endpoints.azure_iot_hub.dps import DpsConfig
from gateway.endpoints.azure_iot_hub.dps.settings import SymmetricKey
from gateway.endpoints.azure_iot_hub.hubid import HubIdentity
from gateway.endpoints.mqtt.config import MAX_BATCH_AGE_S, MAX_BATCH_MESSAGES, BatchConfig
from gateway.endpoints.reach import Address, ReachConfig
from gateway.endpoints.reach.address import checked_host
from gateway.endpoints.values import taken_by, within
from gateway.units import Duration, Size

MAX_MESSAGE_BYTES = 262_144
"""Body, values of system properties, names and values of the others ("IoT Hub quotas and throttling")."""

METER_BYTES = 4096
"""Messages are metered per started so much, on all but the free tier ("IoT Hub quotas and throttling")."""

MAX_KEEPALIVE_S = 1177
"""The hub cuts after one and a half times as long, and after 1767 s whatever was announced."""

MIN_TOKEN_S, MAX_TOKEN_S = 60, 365 * 86_400
"""The hub takes any; with less a connection would do little else than be renewed."""

MAX_METHOD_S = 300
"""The longest that the caller of a direct method can wait ("Understand and invoke direct methods")."""

BACKLOG_RATE = "10/s"
"""An S1 unit takes 12 messages a second and 400,000 a day, of all devices together."""

SLOWEST_RECONNECT = "5min"
"""A hub that has no quota left, or is throttled, is not helped by being asked each minute."""

MAX_PORT = 65_535

CONNECT = re.compile(
    r"(?:(?P<ws>ws)(?::|$))?"
    r"(?:(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]*[A-Za-z.-][A-Za-z0-9.-]*)(?::|$))?"
    r"(?P<port>[0-9]{1,5})?"
)
"""WebSocket or not, host and port, of which none must be there."""


def _connect(text: str) -> None:
    found = CONNECT.fullmatch(text)
    if found is None or text in ("", "wss") or text.endswith(":") or not 0 < int(found["port"] or 1) <= MAX_PORT:
        raise ValueError("must be HOST:PORT, or ws, ws:PORT or ws:HOST:PORT for WebSocket (port 443)")
    if found["host"] is not None:
        checked_host(found["host"].strip("[]"))


def _message_bytes(size: int) -> int:
    if not 1024 <= size <= MAX_MESSAGE_BYTES:
        raise PydanticCustomError("size_bounds", "must be from 1KiB to 256KiB")
    return size


class HubBatchConfig(BatchConfig):
    """Readings that travel together, as one JSON array in one message.

    `max_bytes` counts properties, too, since the meter does.
    """

    max_messages: Annotated[int, Field(ge=1, le=MAX_BATCH_MESSAGES)] = Field(
        MAX_BATCH_MESSAGES, description="readings in one message at most; 1: each by itself"
    )
    max_bytes: Annotated[Size, AfterValidator(_message_bytes)] = Field(
        METER_BYTES, description="of one message with its properties; the hub counts each started 4KiB as a message"
    )
    max_age: Annotated[Period, within(0.001, MAX_BATCH_AGE_S)] = Field(
        10.0, description="how long a reading waits for others; from half of commit_interval on, it is on disk by then"
    )
    per_device: bool = Field(
        True, description="one device's readings in each, so that routes can ask for `device`; false fills them better"
    )


class AzureConfig(ReachConfig):
    """A hub, and as whom we connect to it: a connection string; or host and device_id; or dps, which assigns both."""

    type: Literal["azure-iot-hub"]
    connection_string: Annotated[SecretStr, taken_by(hubid.identity_in, "hub_connection_string")] | None = Field(
        None, description="the device's own, as the portal shows it; write ${secret:NAME}"
    )
    host: Annotated[str, taken_by(hubid.checked_host, "hub_name")] | None = Field(
        None, examples=["mill.azure-devices.net"]
    )
    device_id: Annotated[str, taken_by(hubid.checked_id, "hub_name")] | None = None
    key: SymmetricKey | None = Field(None, description="of the device; write ${secret:NAME}")
    secondary_key: SymmetricKey | None = Field(
        None, description="tried when the other is refused: keys can be changed in turn"
    )
    dps: DpsConfig | None = Field(None, description="device provisioning, instead of the above")
    connect: Annotated[str, taken_by(_connect, "hub_address")] | None = Field(
        None, description="where TCP goes if not to the hub's port 8883: HOST:PORT, or ws for WebSocket on 443"
    )
    token_lifetime: Annotated[Duration, within(MIN_TOKEN_S, MAX_TOKEN_S)] = Field(
        3600.0, description="of what we log in with; renewed before it ends"
    )
    batch: HubBatchConfig = HubBatchConfig()
    keepalive: Annotated[Duration, within(1, MAX_KEEPALIVE_S)] = Field(
        60.0, description="a hub that is silent for so long, though it was asked after half of it, is gone"
    )
    ack_timeout: Period = Field(60.0, description="a publish that waits longer ends the connection; throttling is slow")
    connect_timeout: Period = 15.0
    window: Annotated[int, Field(ge=1, le=1000)] = Field(20, description="unacknowledged messages at most")
    method_timeout: Annotated[Duration, within(0.1, MAX_METHOD_S)] = Field(
        20.0, description="a method whose command takes longer is answered 202; its result follows as a message"
    )
    twin: bool = Field(True, description="false: for a hub of the basic tier, which has no twins and takes no commands")
    outbox: OutboxOverride = OutboxOverride.model_validate({"backlog_rate": BACKLOG_RATE})
    reconnect: Reconnect = Reconnect.model_validate({"max": SLOWEST_RECONNECT})

    @model_validator(mode="before")
    @classmethod
    def _backlog_is_slow(cls, given: Any) -> Any:
        """Unless this endpoint itself says otherwise."""
        outbox = given.get("outbox") if isinstance(given, dict) else None
        if isinstance(outbox, dict) and outbox.get("backlog_rate") is None:
            return {**given, "outbox": {**outbox, "backlog_rate": BACKLOG_RATE}}
        return given

    @model_validator(mode="after")
    def _says_who_we_are_once(self) -> Self:
        ways = {
            "connection_string": self.connection_string is not None,
            "host and device_id": self.host is not None or self.device_id is not None,
            "dps": self.dps is not None,
        }
        given = [name for name, is_given in ways.items() if is_given]
        if len(given) != 1:
            what = f"{' and '.join(given)} contradict each other" if given else "nothing says who we are"
            raise _wrong(f"{what} - give connection_string, or host and device_id, or dps")
        if self.dps is None and self.identity is None:
            raise _wrong("host and device_id belong together")
        self._check_proof()
        return self

    def _check_proof(self) -> None:
        """Whether there is just one thing to prove it with."""
        if self.host is None and self.key is not None:
            raise _wrong("key belongs to host and device_id; a connection string has its own, and so has dps")
        if self.secondary_key is not None and (self.dps is not None or not self.has_key):
            raise _wrong("secondary_key is tried when the first one is refused: it needs key or a connection string")
        if self.has_key == (self.tls.cert is not None):
            raise _wrong(
                "a key and a certificate are both given: the hub takes one of them"
                if self.has_key
                else "nothing proves who we are - give a key, or tls: {cert, key}"
            )

    @property
    def has_key(self) -> bool:
        """Whether a key opens the hub, and no certificate."""
        if self.dps is not None:
            return self.dps.key is not None or self.dps.group_key is not None
        if self.connection_string is not None:
            return bool(hubid.identity_in(self.connection_string.get_secret_value()).keys)
        return self.key is not None

    @property
    def identity(self) -> HubIdentity | None:
        """Who we are; None where device provisioning has to say so."""
        keys = tuple(each.get_secret_value() for each in (self.key, self.secondary_key) if each is not None)
        if self.connection_string is not None:
            told = hubid.identity_in(self.connection_string.get_secret_value())
            return HubIdentity(told.host, told.device_id, told.module_id, told.keys + keys)
        return (
            None if self.host is None or self.device_id is None else HubIdentity(self.host, self.device_id, keys=keys)
        )

    @property
    def over_websocket(self) -> bool:
        """Whether MQTT goes through a WebSocket."""
        return self.address("").path is not None

    def address(self, host: str) -> Address:
        """Where TCP goes for the hub of this name."""
        found = CONNECT.fullmatch(self.connect or "")
        assert found is not None, "it was checked"
        where = (found["host"] or host).strip("[]")
        return address_at(where, int(found["port"] or 0), websocket=found["ws"] is not None)

    @property
    @override
    def exclusives(self) -> tuple[str, ...]:
        """The hub ends the older of two connections of one device."""
        if self.dps is not None:
            return (f"registration {self.dps.registration_id} of {self.dps.id_scope}",)
        identity = self.identity
        return () if identity is None else (f"device {identity.client_id} of {identity.host.lower()}",)

    @property
    @override
    def keeps_commands(self) -> bool:
        """The hub keeps messages for a device that is away."""
        return True


def _wrong(why: str) -> PydanticCustomError:
    return PydanticCustomError("hub_identity", "{why}", {"why": why})
