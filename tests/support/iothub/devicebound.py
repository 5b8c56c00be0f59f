"""Messages from the cloud that wait for their device (contract sheet, section 6). Pure: the time is given."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from tests.support.iothub import bag

MAX_MESSAGES = 50
MAX_BYTES = 64 * 1024
MAX_DELIVERIES = 10
LOCK_S = 60.0
LIFE_S = 3600.0


class QueueFull(Exception):
    """403004: fifty messages wait already."""


class Feedback(NamedTuple):
    """What became of a message: Success, Expired, DeliveryCountExceeded."""

    message_id: str
    outcome: str


@dataclass
class Bound:
    """One message. `locked_s`: until then it is under way and not given again."""

    message_id: str
    body: bytes
    topic: str
    ends_s: float
    locked_s: float = 0.0
    deliveries: int = 0


class Devicebound:
    """One device's queue."""

    def __init__(self, device: str, lock_s: float = LOCK_S) -> None:
        self._device = device
        self._lock_s = lock_s
        self._waiting: list[Bound] = []
        self.feedback: list[Feedback] = []

    def __len__(self) -> int:
        return len(self._waiting)

    def put(
        self, message_id: str, body: bytes, properties: Mapping[str, str | None], now_s: float, life_s: float = LIFE_S
    ) -> None:
        """Raises QueueFull, ValueError."""
        if len(self._waiting) >= MAX_MESSAGES:
            raise QueueFull
        if len(body) > MAX_BYTES:
            raise ValueError(f"a message to a device has at most {MAX_BYTES} bytes")
        address = f"/devices/{self._device}/messages/deviceBound"
        system = [("$.to", address), ("$.mid", message_id), ("iothub-ack", "full")]
        topic = f"devices/{self._device}/messages/devicebound/{bag.encoded([*system, *properties.items()])}"
        self._waiting.append(Bound(message_id, body, topic, now_s + life_s))

    def take(self, now_s: float) -> Bound | None:
        """The next one that may be sent, locked from now on."""
        for message in list(self._waiting):
            if message.locked_s > now_s:
                continue
            if message.ends_s <= now_s:
                self._end(message, "Expired")
            elif message.deliveries >= MAX_DELIVERIES:
                self._end(message, "DeliveryCountExceeded")
            else:
                message.deliveries += 1
                message.locked_s = now_s + self._lock_s
                return message
        return None

    def complete(self, message: Bound) -> None:
        """The device has acknowledged it; too late is no matter while it is there."""
        if message in self._waiting:
            self._end(message, "Success")

    def due_s(self) -> float | None:
        """When the first lock ends."""
        return min((message.locked_s for message in self._waiting if message.locked_s), default=None)

    def _end(self, message: Bound, outcome: str) -> None:
        self._waiting.remove(message)
        self.feedback.append(Feedback(message.message_id, outcome))
