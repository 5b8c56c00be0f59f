"""Two ledgers: what the field was asked, and what arrived at the broker. Between them nothing may be missing."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable
from typing import Any, NamedTuple, TypeVar

from tests.support.device import Query
from tests.support.envelopes import Envelope, Identity, has_state, identity, is_reading
from tests.support.patience import HANG_S
from tests.support.site import device, endpoint, link, site
from tests.support.subscriber import Received, Subscriber

UNITS = 8

T = TypeVar("T")

Count = tuple[str, int]
"""A device, and the how-manieth of its reads it is."""


def unit_name(unit: int) -> str:
    """What the device with this unit id is called."""
    return f"meter{unit}"


class FieldLedger:
    """A reaction: each unit answers how often it was read, and it is kept when."""

    def __init__(self) -> None:
        self._asked_s: dict[int, list[float]] = {}
        self._began: dict[int, int] = {}
        self._lock = threading.Lock()

    def __call__(self, query: Query) -> bytes:
        with self._lock:
            asked = self._asked_s.setdefault(query.unit, [])
            asked.append(time.monotonic())
            return query.registers(*divmod(len(asked), 65536))

    def begin(self) -> None:
        """A daemon starts: what the last one has asked is not its business."""
        with self._lock:
            self._began = {unit: len(asked) for unit, asked in self._asked_s.items()}

    def asked_since(self, moment_s: float) -> set[Count]:
        """What was read after that."""
        with self._lock:
            return {
                (unit_name(unit), count)
                for unit, asked in self._asked_s.items()
                for count, asked_s in enumerate(asked, start=1)
                if asked_s > moment_s
            }

    def taken_by(self, moment_s: float) -> set[Count]:
        """What this daemon had read by then: it had gone on and asked the device again."""
        with self._lock:
            return {
                (unit_name(unit), count)
                for unit, asked in self._asked_s.items()
                for count in range(self._began.get(unit, 0) + 1, len(asked))
                if asked[count] <= moment_s
            }


class Lanes:
    """The order of what arrives over one connection: one lane of older sessions, two of the daemon's own."""

    def __init__(self) -> None:
        self._session = 0
        self._older = (0, 0)
        self._own = [0, 0]

    def take(self, message: Received, envelope: Envelope) -> None:
        """Fail when a reading was overtaken within its lane."""
        session, seq = envelope["session"], envelope["seq"]
        if session > self._session or (session == self._session and has_state(message, "online")):
            self._session = session
            self._begin()
        if not is_reading(message):
            return
        if session < self._session:
            assert (session, seq) > self._older, f"{(session, seq)} arrived after {self._older}"
            self._older = (session, seq)
        else:
            behind = [tail for tail in self._own if tail < seq]
            assert behind, f"{seq} arrived after {self._own} of the same session"
            self._own.remove(max(behind))
            self._own.append(seq)

    def _begin(self) -> None:
        self._older = (0, 0)
        self._own = [0, 0]


class BrokerLedger:
    """Everything that has arrived, checked while it is written down."""

    def __init__(self, subscriber: Subscriber, point: str = "count") -> None:
        self._copies = Counter[Identity]()
        self._payloads: dict[Identity, bytes] = {}
        self._subscriber = subscriber
        self._point = point
        self._seen = 0
        self._identities: dict[Count, Identity] = {}
        self._lanes = Lanes()

    @property
    def duplicates(self) -> int:
        """How many of the messages so far had come before."""
        return self._copies.total() - len(self._copies)

    @property
    def counts(self) -> Collection[Count]:
        """Every count that has arrived."""
        self.take()
        return self._identities.keys()

    def take(self) -> None:
        """Write down what is new."""
        messages = self._subscriber.messages
        for message in messages[self._seen :]:
            self._write(message)
        self._seen = len(messages)

    def wait_for(self, wanted: Iterable[Count], timeout_s: float = HANG_S) -> None:
        """Return once all this has arrived."""
        self._wait_for(set(wanted), lambda: set(self.counts), timeout_s)

    def wait_for_copies(self, wanted: Iterable[Count], timeout_s: float = HANG_S) -> None:
        """Return once all this, which had arrived before, has come again."""
        self._wait_for(set(wanted), self._come_again, timeout_s)

    def _wait_for(self, wanted: set[T], arrived: Callable[[], set[T]], timeout_s: float) -> None:
        deadline_s = time.monotonic() + timeout_s
        while True:
            self.take()
            missing = wanted - arrived()
            if not missing:
                return
            left_s = deadline_s - time.monotonic()
            assert left_s > 0, f"{len(missing)} are missing: {list(missing)[:40]}"
            self._subscriber.wait_for_more(self._seen, left_s)

    def _come_again(self) -> set[Count]:
        return {count for count, who in self._identities.items() if self._copies[who] > 1}

    def _write(self, message: Received) -> None:
        if not message.payload or "seq" not in (envelope := message.json):
            return
        self._lanes.take(message, envelope)
        who = identity(envelope)
        self._copies[who] += 1
        first = self._payloads.setdefault(who, message.payload)
        assert first == message.payload, f"one identity, two messages: {first!r} {message.payload!r}"
        if is_reading(message) and self._point in envelope["values"]:
            count = envelope["device"], envelope["values"][self._point]
            known = self._identities.setdefault(count, who)
            assert known == who, f"one reading, two identities: {known} {who} for {count}"


class Promise(NamedTuple):
    """How old a reading must be to survive."""

    commit_interval_s: float
    worst_commit_s: float

    @property
    def age_s(self) -> float:
        return self.commit_interval_s + self.worst_commit_s


def metered(url: str, port: int, commit_interval_s: float, backlog_rate: str = "5000/s", **more: Any) -> str:
    """Many devices with short periods behind a FieldLedger, none of which gives up on a machine that is busy."""
    points = {"count": {"address": 0, "type": "uint32"}}
    meters = {unit_name(unit): device(points, every="20ms", timeout="5s", unit_id=unit) for unit in range(1, UNITS + 1)}
    outbox = {"commit_interval": f"{round(commit_interval_s * 1000)}ms", "backlog_rate": backlog_rate}
    return site(endpoint(url, **more), {"plc": link(port)}, meters, outbox=outbox)
