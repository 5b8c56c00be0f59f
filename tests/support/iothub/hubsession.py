"""A device's connection to the hub."""

import asyncio
from typing import TYPE_CHECKING, NamedTuple

from typing_extensions import override

from tests.support.iothub import access, bag, methods, twin
from tests.support.iothub.access import Refused
from tests.support.iothub.devicebound import Bound
from tests.support.iothub.line import Line
from tests.support.iothub.methods import Answered, Methods
from tests.support.iothub.packets import Connect, Publish, Violation
from tests.support.iothub.registry import Device
from tests.support.iothub.session import Session

if TYPE_CHECKING:
    from tests.support.iothub.hub import IotHub

TWIN_ANSWERS, TWIN_DESIRED = "$iothub/twin/res/#", "$iothub/twin/PATCH/properties/desired/#"
TWIN_GET, TWIN_REPORTED = "$iothub/twin/GET/?$rid=", "$iothub/twin/PATCH/properties/reported/?$rid="

QUOTA_CUT_S = 0.1
"""How long a connection lasts whose hub has no messages left for the day."""


class Telemetry(NamedTuple):
    """A message as the back end gets it."""

    device: str
    body: bytes
    system: dict[str, str]
    properties: dict[str, str | None]
    qos: int = 1
    retain: bool = False
    dup: bool = False

    @property
    def size(self) -> int:
        """What counts for the limit."""
        return len(self.body) + bag.Bag(self.system, self.properties).size


class HubSession(Session):
    """All that a device may say to its hub."""

    def __init__(self, hub: "IotHub", line: Line) -> None:
        super().__init__(hub, line)
        self._hub = hub
        self._device: Device
        self._methods = Methods()
        self._sent: dict[int, Bound | None] = {}
        self._published = 0
        self._delivery: asyncio.TimerHandle | None = None

    @override
    def admit(self, login: Connect) -> bool:
        try:
            device = self._known(login)
        except Refused as refused:
            if refused.code != 5:
                self._hub.violate(self.who, f"is refused: {refused}")
            raise
        self._see_to_will(login.will, device)
        if device.session is not None:
            device.session.end("thrown out")
        is_present = bool(device.subscriptions) and not login.clean
        if login.clean:
            device.subscriptions.clear()
        self._device = device
        device.session = self
        self._hub.logged_in(login)
        return is_present

    @override
    def welcomed(self) -> None:
        if self._hub.faults.quota_spent:
            self.later(QUOTA_CUT_S, self.end, "quota")
        self.deliver()

    @override
    def may_subscribe(self, name: str) -> bool:
        messages = () if self._device.is_module else (self._device.devicebound,)
        return name in (*messages, methods.FILTER, TWIN_ANSWERS, TWIN_DESIRED)

    @override
    def subscribed(self, name: str, qos: int) -> None:
        self._hub.stirred(lambda: self._device.subscriptions.__setitem__(name, qos))
        self.deliver()

    @override
    def unsubscribed(self, name: str) -> None:
        self._hub.stirred(lambda: self._device.subscriptions.pop(name, None))

    @override
    def published(self, message: Publish) -> None:
        topic = message.topic
        if topic.startswith(self._device.telemetry):
            self._take_telemetry(message)
        elif topic.startswith((TWIN_GET, TWIN_REPORTED)):
            self._take_twin(message)
            self.acknowledge(message)
        elif topic.startswith(methods.ANSWERS):
            if not self._methods.answered(message):
                self._hub.answered_late(topic)
            self.acknowledge(message)
        else:
            raise Violation(f"publishes to {topic}, where it may not")

    @override
    def acknowledged(self, packet_id: int) -> None:
        if packet_id not in self._sent:
            super().acknowledged(packet_id)
        if packet_id != next(iter(self._sent)):
            raise Violation(f"acknowledges {packet_id} before {next(iter(self._sent))}, which came first")
        message = self._sent.pop(packet_id)
        if message is not None:
            self._hub.stirred(lambda: self._device.queue.complete(message))

    @override
    def gone(self, why: str) -> None:
        self._methods.fail()
        if self._refused or self._login is None:
            return
        device, will = self._device, self._login.will
        if device.session is self:
            device.session = None
            if self._login.clean:
                device.subscriptions.clear()
        if will is not None and why != "disconnect":
            told = self._telemetry(will)
            self._hub.store(told._replace(properties={**told.properties, "iothub-MessageType": "Will"}))

    def deliver(self) -> None:
        """All that waits for the device and may be sent; again when a lock has ended."""
        qos = self._device.subscriptions.get(self._device.devicebound)
        if qos is None or self.is_over or self._hub.faults.hang:
            return
        queue, now_s = self._device.queue, self._loop.time()
        while (message := self._hub.stirred(lambda: queue.take(now_s))) is not None:
            packet_id = self.send(message.topic, message.body, qos)
            if qos:
                self._sent[packet_id] = message
            else:
                self._hub.stirred(lambda done=message: queue.complete(done))  # type: ignore[misc]
        if self._delivery is not None:
            self._delivery.cancel()
        if (due_s := queue.due_s()) is not None:
            self._delivery = self._loop.call_at(due_s, self.deliver)
            self._timers.append(self._delivery)

    async def call(self, name: str, payload: bytes, timeout_s: float) -> Answered:
        """Raises TimeoutError, and MethodFailed when the device has gone."""
        request_id, topic, answer = self._methods.ask(name)
        self.send(topic, payload)
        try:
            async with asyncio.timeout(timeout_s):
                return await answer
        finally:
            self._methods.give_up(request_id)

    @property
    def takes_methods(self) -> bool:
        return methods.FILTER in self._device.subscriptions

    def desired(self, version: int, patch: bytes) -> None:
        """Tell the device, if it listens."""
        qos = self._device.subscriptions.get(TWIN_DESIRED)
        if qos is None:
            return
        packet_id = self.send(f"$iothub/twin/PATCH/properties/desired/?$version={version}", patch, qos)
        if qos:
            self._sent[packet_id] = None

    def _known(self, login: Connect) -> Device:
        """Raises Refused."""
        name = access.username(login.username)
        if name.host.lower() != self._hub.host.lower():
            raise Refused(f"the user name names the hub {name.host}, not {self._hub.host}")
        device = self._hub.devices.get(name.device)
        if login.client_id != name.device or not all(map(access.DEVICE_ID.fullmatch, name.device.split("/"))):
            self._hub.violate(self.who, f"has another client id than device id: {name.device}")
            raise Refused("client id and device id differ")
        if device is None or not device.enabled:
            raise Refused("no such device" if device is None else "the device is disabled")
        if device.needs_certificate:
            self._see_to_certificate(login, device)
        else:
            self._see_to_token(login, device)
        return device

    def _see_to_certificate(self, login: Connect, device: Device) -> None:
        certificate = self._line.certificate
        if certificate is None or login.password is not None:
            raise Refused("it needs a certificate and no password")
        is_known = not device.thumbprints.isdisjoint(access.thumbprints(certificate))
        if not is_known and not (device.by_common_name and access.common_name(certificate) == device.device_id):
            raise Refused("the certificate is another's")

    def _see_to_token(self, login: Connect, device: Device) -> None:
        token = access.token(login.password)
        keys = device.keys if token.policy is None else (self._hub.policy_key,)
        if token.policy not in (None, "device") or not token.is_signed_with(keys):
            raise Refused("the token is not signed with a key of this device, or of the policy that it names")
        if not access.is_below(f"{self._hub.host}/{device.path}", token.resource):
            raise Refused(f"the token is for {token.resource}")
        left_s = token.ends_s - self._hub.clock()
        if left_s <= 0:
            raise Refused("the token has expired")
        self.later(left_s, self.end, "token expired")

    def _see_to_will(self, will: Publish | None, device: Device) -> None:
        if will is None:
            return
        if not will.topic.startswith(device.telemetry) or will.qos == 2:
            raise Violation(f"has a will on {will.topic} at QoS {will.qos}: only its own telemetry topic, and not 2")
        bag.decoded(will.topic.removeprefix(device.telemetry))

    def _take_telemetry(self, message: Publish) -> None:
        hub, faults = self._hub, self._hub.faults
        told = self._telemetry(message)
        if faults.quota_spent:
            self.end("quota")
        elif faults.poison is not None and faults.poison(message.payload):
            self.end("poison")
        elif faults.throttled_after is not None and self._published >= faults.throttled_after:
            self.end("throttled")
        elif faults.cut_after == 0:
            faults.cut_after = None
            if faults.cut_after_storing:
                hub.store(told)
            self.end("cut")
        else:
            self._published += 1
            if faults.cut_after is not None:
                faults.cut_after -= 1
            hub.store(told)
            if faults.puback_delay_s:
                self.later(faults.puback_delay_s, self.acknowledge, message)
            else:
                self.acknowledge(message)

    def _telemetry(self, message: Publish) -> Telemetry:
        """Raises Violation."""
        device = self._device
        found = bag.decoded(message.topic.removeprefix(device.telemetry))
        properties = {**found.properties, **({"mqtt-retain": "true"} if message.retain else {})}
        size = len(message.payload) + found.size
        if size > bag.MAX_MESSAGE_BYTES:
            raise Violation(f"sends a message of {size} bytes, more than {bag.MAX_MESSAGE_BYTES}")
        return Telemetry(
            device.device_id, message.payload, found.system, properties, message.qos, message.retain, message.dup
        )

    def _take_twin(self, message: Publish) -> None:
        is_get = message.topic.startswith(TWIN_GET)
        request_id = message.topic.removeprefix(TWIN_GET if is_get else TWIN_REPORTED)
        if not request_id or not access.URL_ENCODED.fullmatch(request_id):
            raise Violation(f"asks for its twin with the request id {request_id!r}")
        if TWIN_ANSWERS not in self._device.subscriptions:
            raise Violation("asks for its twin before the SUBACK for the answers")
        if is_get and message.payload:
            raise Violation("sends a body with the request for its twin")
        self._hub.twin_requests.append("GET" if is_get else message.payload.decode(errors="replace"))
        if self._hub.faults.deaf:
            return
        status, version, payload = self._twin_answer(is_get, message.payload)
        suffix = f"&$version={version}" if version is not None else ""
        qos = self._device.subscriptions[TWIN_ANSWERS]
        packet_id = self.send(f"$iothub/twin/res/{status}/?$rid={request_id}{suffix}", payload, qos)
        if qos:
            self._sent[packet_id] = None

    def _twin_answer(self, is_get: bool, payload: bytes) -> tuple[int, int | None, bytes]:
        hub, own = self._hub, self._device.twin
        if hub.faults.twin_statuses:
            return hub.faults.twin_statuses.pop(0), None, b""
        if is_get:
            return 200, None, own.document()
        try:
            return 204, hub.stirred(lambda: own.report(payload)), b""
        except twin.Refused as refused:
            hub.violate(self.who, f"reports what its twin can't hold: {refused}")
            return 400, None, b""
