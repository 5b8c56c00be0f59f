"""A test server of Azure's device provisioning (contract sheet, section 11); as strict as that of the hub."""

import asyncio
import base64
import hashlib
import hmac
import json
import re
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from typing_extensions import override

from tests.support.authority import Authority
from tests.support.iothub import access
from tests.support.iothub.access import Refused
from tests.support.iothub.hub import IotHub
from tests.support.iothub.line import Line
from tests.support.iothub.packets import Connect, Publish, Violation
from tests.support.iothub.registry import key_of
from tests.support.iothub.service import Service
from tests.support.iothub.session import Session

SCOPE = "0ne00000000"

ANSWERS = "$dps/registrations/res/#"
REGISTER = re.compile(r"\$dps/registrations/PUT/iotdps-register/\?\$rid=(?P<rid>[A-Za-z0-9-]+)")
POLL = re.compile(
    r"\$dps/registrations/GET/iotdps-get-operationstatus/\?\$rid=(?P<rid>[A-Za-z0-9-]+)&operationId=(?P<operation>[^&]+)"
)
USERNAME = re.compile(
    r"(?P<scope>[^/]+)/registrations/(?P<registration>[^/]+)/api-version=2019-03-31(&ClientVersion=[A-Za-z0-9._~%-]+)?"
)

EARLY_S = 0.02
"""Of clocks that are read in two places."""


@dataclass
class Enrollment:
    """What is to become of a registration. Without keys it needs a certificate of its name."""

    registration_id: str
    keys: tuple[str, ...]
    device_id: str
    status: str = "assigned"
    polls: int = 1
    """How often it is still `assigning` when asked."""
    payload: Any = None
    """What the device has sent along."""
    registered: int = 0
    operation: str = ""
    due_s: float = 0.0
    """No poll may come before."""
    left: int = 0
    error: dict[str, Any] = field(
        default_factory=lambda: {"errorCode": 400207, "errorMessage": "custom allocation failed"}
    )


class Dps(Service):
    """Devices are made in `hub` when they are assigned to it."""

    def __init__(
        self,
        authority: Authority,
        hub: IotHub,
        *,
        host: str = "localhost",
        retry_after_s: int = 0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        super().__init__(authority, host, clock)
        self.hub = hub
        self.retry_after_s = retry_after_s
        self.enrollments: dict[str, Enrollment] = {}
        self.group_key = key_of("group")
        self.answers: list[tuple[int, dict[str, Any]]] = []
        """What the next requests are answered with instead: 429, 500, 401 and others."""

    def enrol(
        self, registration_id: str, *, key: str | None = None, x509: bool = False, device_id: str | None = None
    ) -> Enrollment:
        """An individual enrollment with this key, or one of the group; or by certificate."""
        group = hmac.new(base64.b64decode(self.group_key), registration_id.encode(), hashlib.sha256).digest()
        keys = () if x509 else (key or base64.b64encode(group).decode(),)
        enrollment = Enrollment(registration_id, keys, device_id or registration_id)
        self.enrollments[registration_id] = enrollment
        return enrollment

    @override
    def begin(self, line: Line) -> "DpsSession":
        return DpsSession(self, line)


class DpsSession(Session):
    """All that somebody who registers may say."""

    def __init__(self, dps: Dps, line: Line) -> None:
        super().__init__(dps, line)
        self._dps = dps
        self._enrollment: Enrollment
        self._listens = False
        self._sent = set[int]()

    @override
    def admit(self, login: Connect) -> bool:
        match = USERNAME.fullmatch(login.username or "")
        if match is None:
            self._dps.violate(self.who, f"has the user name {login.username!r}")
            raise Refused("a malformed user name", 4)
        if match["scope"] != SCOPE:
            raise Refused(f"no scope {match['scope']}")
        if login.client_id != match["registration"] or login.will is not None:
            raise Violation("has another client id than registration id, or a will")
        enrollment = self._dps.enrollments.get(login.client_id)
        if enrollment is None:
            raise Refused("no such registration")
        if enrollment.keys:
            self._see_to_token(login, enrollment)
        else:
            self._see_to_certificate(login, enrollment)
        self._enrollment = enrollment
        return False

    @override
    def may_subscribe(self, name: str) -> bool:
        return name == ANSWERS

    @override
    def subscribed(self, name: str, qos: int) -> None:
        self._listens = True

    @override
    def published(self, message: Publish) -> None:
        if not self._listens:
            raise Violation("asks before the SUBACK for the answers")
        if match := REGISTER.fullmatch(message.topic):
            self._see_to_request(message.payload)
            answer = self._register
        elif match := POLL.fullmatch(message.topic):
            self._see_to_poll(match["operation"], message.payload)
            answer = self._poll
        else:
            raise Violation(f"publishes to {message.topic}, where it may not")
        self.acknowledge(message)
        if self._dps.faults.deaf:
            return
        retry = f"&retry-after={self._dps.retry_after_s}"
        self._enrollment.due_s = asyncio.get_running_loop().time() + self._dps.retry_after_s - EARLY_S
        status, body = self._dps.answers.pop(0) if self._dps.answers else answer()
        later = retry if status == 202 or status >= 429 else ""
        self._sent.add(self.send(f"$dps/registrations/res/{status}/?$rid={match['rid']}{later}", encoded(body), 1))

    @override
    def acknowledged(self, packet_id: int) -> None:
        if packet_id not in self._sent:
            super().acknowledged(packet_id)
        self._sent.discard(packet_id)

    def _see_to_token(self, login: Connect, enrollment: Enrollment) -> None:
        token = access.token(login.password)
        if token.policy != "registration":
            self._dps.violate(self.who, f"names the policy {token.policy}, not registration, in its token")
        if not token.is_signed_with(enrollment.keys):
            raise Refused("the token is not signed with the key of this registration")
        if token.resource != f"{SCOPE}/registrations/{enrollment.registration_id}":
            raise Refused(f"the token is for {token.resource}")
        if token.ends_s <= self._dps.clock():
            raise Refused("the token has expired")

    def _see_to_certificate(self, login: Connect, enrollment: Enrollment) -> None:
        certificate = self._line.certificate
        if certificate is None or login.password is not None:
            raise Refused("it needs a certificate and no password")
        if access.common_name(certificate) != enrollment.registration_id:
            raise Refused("the certificate is another's")

    def _see_to_request(self, payload: bytes) -> None:
        try:
            body = json.loads(payload)
            same = body["registrationId"] == self._enrollment.registration_id and set(body) <= {
                "registrationId",
                "payload",
            }
        except (ValueError, TypeError, KeyError):
            same = False
        if not same:
            raise Violation(f"registers with {payload[:200]!r}")
        self._enrollment.payload = body.get("payload")
        self._see_that_it_waited()

    def _see_to_poll(self, operation: str, payload: bytes) -> None:
        if operation != self._enrollment.operation or payload:
            raise Violation(f"asks for the operation {operation} with {payload[:200]!r}")
        self._see_that_it_waited()

    def _see_that_it_waited(self) -> None:
        early_s = self._enrollment.due_s - asyncio.get_running_loop().time()
        if early_s > 0:
            raise Violation(f"asks {early_s:.3f} s before retry-after is over")

    def _register(self) -> tuple[int, dict[str, Any]]:
        enrollment = self._enrollment
        enrollment.operation = f"4.{uuid.uuid4()}"
        enrollment.left = enrollment.polls
        self._dps.stirred(lambda: setattr(enrollment, "registered", enrollment.registered + 1))
        return 202, {"operationId": enrollment.operation, "status": "assigning"}

    def _poll(self) -> tuple[int, dict[str, Any]]:
        enrollment = self._enrollment
        if enrollment.left:
            enrollment.left -= 1
            return 202, {"operationId": enrollment.operation, "status": "assigning"}
        state: dict[str, Any] = {"registrationId": enrollment.registration_id, "status": enrollment.status}
        if enrollment.status == "failed":
            state |= enrollment.error
        elif enrollment.status == "assigned":
            hub = self._dps.hub
            if enrollment.device_id not in hub.devices:
                by_name = not enrollment.keys
                key = enrollment.keys[0] if enrollment.keys else None
                hub.add_device(enrollment.device_id, key=key, by_common_name=by_name)
            state |= {"assignedHub": hub.host, "deviceId": enrollment.device_id}
        return 200, {"operationId": enrollment.operation, "status": enrollment.status, "registrationState": state}


def encoded(body: dict[str, Any]) -> bytes:
    return json.dumps(body).encode()
