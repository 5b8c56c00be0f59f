"""What the messages at a broker say."""

import time
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

from tests.support.daemon import Daemon
from tests.support.device import Device
from tests.support.patience import HANG_S
from tests.support.subscriber import Received, Subscriber

Envelope = dict[str, Any]
Identity = tuple[str, int, int]


def is_reading(message: Received, device: str = "") -> bool:
    return message.topic.endswith(f"{device}/reading")


def envelopes_in(message: Received) -> list[Envelope]:
    """One, or those of a batch, also where they are the data of events; a cleared topic says nothing."""
    body = message.json if message.payload else []
    return [each.get("data", each) for each in (body if isinstance(body, list) else [body])]


def is_result(message: Received, command: str) -> bool:
    return message.topic.endswith("/result") and envelopes_in(message)[0].get("command") == command


def has_state(message: Received, state: str, device: str | None = None) -> bool:
    """A status that says this of a device, or of the gateway itself."""
    topic = f"/{device}/status" if device is not None else "fieldgate/gw/status"
    return message.topic.endswith(topic) and envelopes_in(message)[0]["state"] == state


def says(count: int, *, exactly: bool = False) -> Callable[[Received], bool]:
    """Whether a message is, or holds, a reading with this count, or a higher one unless `exactly`."""

    def matches(message: Received) -> bool:
        told = counts([message])
        return count in told if exactly else any(each >= count for each in told)

    return matches


def identity(envelope: Envelope) -> Identity:
    """What duplicates share."""
    return envelope["stream"], envelope["session"], envelope["seq"]


def numbered(messages: Iterable[Received]) -> list[Envelope]:
    """Every envelope in the order of arrival, duplicates too; a will has no identity and is left out."""
    return [envelope for message in messages for envelope in envelopes_in(message) if "seq" in envelope]


def once(envelopes: Iterable[Envelope]) -> list[Envelope]:
    """Without duplicates, each of which must say what the first one said."""
    first: dict[Identity, Envelope] = {}
    for envelope in envelopes:
        assert first.setdefault(identity(envelope), envelope) == envelope
    return list(first.values())


def counts(messages: Sequence[Received], point: str = "count") -> list[Any]:
    """What readings say of a point, without duplicates, in the order of arrival."""
    readings = [envelope for envelope in numbered(messages) if envelope["kind"] == "reading"]
    return [reading["values"][point] for reading in once(readings) if point in reading["values"]]


def moment(envelope: Envelope) -> float:
    """When it was, in Unix seconds."""
    return datetime.fromisoformat(envelope["time"]).timestamp()


def wait_for_counts(subscriber: Subscriber, wanted: Iterable[int], timeout_s: float = HANG_S) -> None:
    """Return once readings have told each of these counts."""
    deadline_s = time.monotonic() + timeout_s
    for count in wanted:
        subscriber.wait_for(says(count, exactly=True), deadline_s - time.monotonic())


def catch_up(subscriber: Subscriber, meter: Device, seen: Iterable[int] = (), timeout_s: float = HANG_S) -> None:
    """Return once new readings arrive and everything that was read before has, but for what was seen elsewhere."""
    subscriber.wait_for(says(len(meter.queries) + 2), timeout_s)
    wait_for_counts(subscriber, {*range(1, len(meter.queries) + 1)} - {*seen}, timeout_s)


def stop_and_collect(daemon: Daemon, subscriber: Subscriber) -> list[Received]:
    """Everything that arrived until the daemon had said goodbye."""
    assert daemon.terminate() == 0
    subscriber.wait_for(
        lambda m: has_state(m, "offline") and envelopes_in(m)[0].get("reason") == "stopped" and not m.retained
    )
    return subscriber.messages


def assert_all_arrived(values: Iterable[int]) -> None:
    """Nothing is missing between 1 and the highest."""
    arrived = sorted(values)
    assert arrived == list(range(1, len(arrived) + 1))
