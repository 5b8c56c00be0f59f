"""A test server of Azure IoT Hub over MQTT 3.1.1.

It enforces the contract as our sheet of facts has it (sections 1 to 9), written from the vendor's documentation and the
sources of its SDKs. It is no recording of the real service, which was never asked. Where the sheet says nothing, it is
strict: a client that pleases it should please the service, and not the other way round.
"""

import asyncio
import json
import time
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from typing_extensions import override

from tests.support.authority import Authority
from tests.support.iothub import access
from tests.support.iothub.devicebound import LIFE_S, LOCK_S, Devicebound, Feedback
from tests.support.iothub.hubsession import HubSession, Telemetry
from tests.support.iothub.line import Line
from tests.support.iothub.methods import MAX_BYTES, OFFLINE, UNANSWERED, Answered, MethodFailed
from tests.support.iothub.packets import Connect
from tests.support.iothub.registry import Device, key_of
from tests.support.iothub.service import Service
from tests.support.patience import HANG_S


class IotHub(Service):
    """`with IotHub(authority) as hub: device = hub.add_device("box"); ... hub.connection_string("box")`."""

    def __init__(
        self,
        authority: Authority,
        host: str = "localhost",
        *,
        lock_s: float = LOCK_S,
        clock: Callable[[], float] = time.time,
    ) -> None:
        super().__init__(authority, host, clock)
        self._lock_s = lock_s
        self.devices: dict[str, Device] = {}
        self.policy_key = key_of("policy")
        self._telemetry: list[Telemetry] = []
        self._logins: list[Connect] = []
        self._late: list[str] = []
        self.twin_requests: list[str] = []
        """GET, or the patch that was reported."""

    def add_device(
        self, device_id: str, *, key: str | None = None, certificate: Path | None = None, by_common_name: bool = False
    ) -> Device:
        """With two keys; or a certificate, known by its thumbprint; or one of the authority's, by its name."""
        thumbprints = frozenset[str]()
        if certificate is not None:
            self.trust(certificate)
            der = x509.load_pem_x509_certificate(certificate.read_bytes()).public_bytes(Encoding.DER)
            thumbprints = frozenset(access.thumbprints(der))
        keys = (key or key_of(f"{device_id} primary"), key_of(f"{device_id} secondary"))
        queue = Devicebound(device_id, self._lock_s)
        device = Device(device_id, keys, queue, thumbprints, by_common_name)
        self.devices[device_id] = device
        return device

    def connection_string(self, device_id: str, key: int = 0) -> str:
        """As the portal shows it; `key` 1 is the secondary one."""
        device = self.devices[device_id]
        who = f"HostName={self.host};DeviceId={device_id.replace('/', ';ModuleId=')}"
        return f"{who};x509=true" if device.needs_certificate else f"{who};SharedAccessKey={device.keys[key]}"

    @property
    def telemetry(self) -> list[Telemetry]:
        """All that was stored, wills too."""
        with self.changed:
            return list(self._telemetry)

    @property
    def logins(self) -> list[Connect]:
        """Each CONNECT that was accepted."""
        with self.changed:
            return list(self._logins)

    @property
    def late_answers(self) -> list[str]:
        """Topics of answers to methods that nobody waited for any more."""
        with self.changed:
            return list(self._late)

    def feedback(self, device_id: str) -> list[Feedback]:
        """What became of messages to a device."""
        with self.changed:
            return list(self.devices[device_id].queue.feedback)

    def is_online(self, device_id: str) -> bool:
        return self.devices[device_id].session is not None

    def wait_for(self, wanted: Callable[[Telemetry], bool], timeout_s: float = HANG_S) -> Telemetry:
        """The first message that is wanted, whether it has arrived already or not."""
        return self.wait_for_many(wanted, 1, timeout_s)[0]

    def wait_for_many(
        self, wanted: Callable[[Telemetry], bool], count: int, timeout_s: float = HANG_S
    ) -> list[Telemetry]:
        """The first `count` messages that are wanted."""
        found, looked_at = list[Telemetry](), 0

        def enough() -> bool:
            nonlocal looked_at
            found.extend(message for message in self._telemetry[looked_at:] if wanted(message))
            looked_at = len(self._telemetry)
            return len(found) >= count

        self.wait_until(enough, timeout_s)
        return found[:count]

    def wait_online(self, device_id: str, *filters: str) -> None:
        """Return once it is connected, and subscribed to these."""
        device = self.devices[device_id]
        self.wait_until(lambda: device.session is not None and set(filters) <= set(device.subscriptions))

    def send(
        self,
        device_id: str,
        body: bytes | str | Any,
        properties: Mapping[str, str | None] | None = None,
        *,
        message_id: str | None = None,
        life_s: float = LIFE_S,
    ) -> str:
        """A message to a device, now or when it comes; its id. Neither text nor bytes: as JSON. Raises QueueFull."""
        name, device = message_id or str(uuid.uuid4()), self.devices[device_id]
        data = (
            body if isinstance(body, bytes) else body.encode() if isinstance(body, str) else json.dumps(body).encode()
        )

        async def put() -> None:
            device.queue.put(name, data, properties or {}, asyncio.get_running_loop().time(), life_s)
            if device.session is not None:
                device.session.deliver()

        self._do(put())
        return name

    def call(self, device_id: str, name: str, payload: Any = None, timeout_s: float = HANG_S) -> Answered:
        """Call a direct method: its status and JSON payload. Raises MethodFailed. None is an empty body."""
        data = b"" if payload is None else json.dumps(payload).encode()
        if len(data) > MAX_BYTES:
            raise ValueError(f"a method's payload has at most {MAX_BYTES} bytes")
        return self._do(self._call(self.devices[device_id], name, data, timeout_s), timeout_s + HANG_S)

    def desire(self, device_id: str, patch: dict[str, Any]) -> int:
        """A patch of the back end to the desired properties; their new version. Nothing is kept for who is offline."""
        device = self.devices[device_id]

        async def put() -> int:
            notice = device.twin.desire(patch)
            if device.session is not None:
                device.session.desired(device.twin.desired_version, notice)
            return device.twin.desired_version

        return self._do(put())

    def reported(self, device_id: str) -> dict[str, Any]:
        """What the device has reported."""
        with self.changed:
            return self.devices[device_id].twin.reported

    def cut(self, device_id: str) -> None:
        """End a device's connection, without a word."""
        device = self.devices[device_id]

        async def end() -> None:
            if device.session is not None:
                device.session.end("cut")

        self._do(end())

    def store(self, message: Telemetry) -> None:
        """Somebody has sent it."""
        self.stirred(lambda: self._telemetry.append(message))

    def logged_in(self, login: Connect) -> None:
        """Somebody was let in."""
        self.stirred(lambda: self._logins.append(login))

    def answered_late(self, topic: str) -> None:
        """Nobody waits for this answer any more."""
        self.stirred(lambda: self._late.append(topic))

    @override
    def begin(self, line: Line) -> HubSession:
        return HubSession(self, line)

    async def _call(self, device: Device, name: str, payload: bytes, timeout_s: float) -> Answered:
        if device.session is None or not device.session.takes_methods:
            raise MethodFailed(OFFLINE)
        try:
            return await device.session.call(name, payload, timeout_s)
        except TimeoutError:
            raise MethodFailed(UNANSWERED) from None
