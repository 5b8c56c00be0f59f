"""What the provisioning service answers, and what that means."""

from __future__ import annotations

import re
from typing import Any

import msgspec
from msgspec import Struct

from gateway.adapter import PermanentError
from gateway.endpoints.azure_iot_hub.hubid import checked_host, checked_id
from gateway.endpoints.contract import EndpointError

TOPIC = re.compile(r"\$dps/registrations/res/(?P<status>\d{3})/\?(?P<query>.*)")

THROTTLED = 429
"""From here on the same request may be sent again later (DPS over MQTT)."""

REFUSED = 400

MAX_RETRY_S = 300.0
"""Of a far end that asks for more patience, we ask again so late anyway."""


class Answer(Struct, frozen=True):
    """`body` is {} where there is none, or none that is a JSON object."""

    status: int
    request_id: str
    retry_after_s: float | None
    body: dict[str, Any]

    @property
    def is_later(self) -> bool:
        """The same request has to be sent again."""
        return self.status >= THROTTLED


class Assigned(Struct, frozen=True):
    """The end of a registration."""

    host: str
    device_id: str


class Assigning(Struct, frozen=True):
    """Ask again, for this operation."""

    operation: str


def answer(topic: str, payload: bytes) -> Answer | None:
    """None for a topic of another kind."""
    match = TOPIC.fullmatch(topic)
    if match is None:
        return None
    query = dict(part.partition("=")[::2] for part in match["query"].split("&"))
    retry = query.get("retry-after", "")
    retry_after_s = min(float(retry), MAX_RETRY_S) if retry.isdecimal() else None
    return Answer(int(match["status"]), query.get("$rid", ""), retry_after_s, _object(payload))


def outcome(told: Answer, operation: str) -> Assigned | Assigning:
    """What has become of the registration; `operation` is what is known of it.

    Raises PermanentError where somebody must act at the service or in the configuration, else EndpointError, which is
    about "it".
    """
    if told.status >= REFUSED:
        raise PermanentError(f"device provisioning refuses the registration: {_why(told.body, told.status)}")
    state = told.body.get("registrationState")
    state = state if isinstance(state, dict) else {}
    status = state.get("status") or told.body.get("status")
    if status == "assigned":
        return _assigned(state)
    if status == "assigning":
        operation = str(told.body.get("operationId") or operation)
        if operation:
            return Assigning(operation)
        raise EndpointError("it names no operation to ask for")
    if status == "disabled":
        raise PermanentError("device provisioning: the enrollment is disabled; enable it there")
    if status == "failed":
        raise EndpointError(f"it has failed: {_why(state, told.status)}")
    raise EndpointError(f"it answers with the status {status!r}")


def _assigned(state: dict[str, Any]) -> Assigned:
    host, device_id = state.get("assignedHub"), state.get("deviceId")
    if not isinstance(host, str) or not isinstance(device_id, str) or not host or not device_id:
        raise EndpointError("it assigns, but names no hub and device")
    try:
        return Assigned(checked_host(host), checked_id(device_id))
    except ValueError as error:
        raise PermanentError(f"device provisioning assigns {device_id!r} at {host!r}: {error}") from None


def _why(body: dict[str, Any], status: int) -> str:
    code = body.get("errorCode", status)
    told = body.get("errorMessage") or body.get("message")
    return f"{told} ({code})" if told else f"error {code}"


def _object(payload: bytes) -> dict[str, Any]:
    try:
        return msgspec.json.decode(payload, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return {}
