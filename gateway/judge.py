"""What a far end's words and silences mean for each message, and which may go."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

import structlog

from gateway.barred import Barred
from gateway.cuts import ALONE_CUTS, Cuts
from gateway.endpoints.contract import Ack
from gateway.outbox.entry import Entry
from gateway.refusals import Refusals, Verdict
from gateway.repeats import Repeats

NOT_AUTHORIZED = 0x87
"""Of a publish: the far end's access list has something against its topic (MQTT 5, 3.4.2.1)."""

CUT_REASON = f"the far end closed the connection {ALONE_CUTS} times when nothing else was on the way, and took all else"

CUTS_REASON = "the far end closes the connection for each of them, and takes all else: may we publish there?"

log = structlog.get_logger("fieldgate.endpoints")


class Judge:
    """Of one far end, over all its connections."""

    def __init__(self, name: str, now_s: Callable[[], float], *, in_order: bool) -> None:
        self.refusals = Refusals()
        self.cuts = Cuts(in_order=in_order)
        self.barred = Barred()
        self._name = name
        self._now_s = now_s
        self._began_s = now_s()
        self._repeats = Repeats()

    def begin(self) -> None:
        """A connection begins, or has ended."""
        self.refusals.disconnected()
        self.cuts.begin()
        self.barred.begin()
        self._began_s = self._now_s()

    @property
    def is_concerned(self) -> bool:
        """Whether anything may be kept back."""
        return bool(self.cuts.suspects or self.barred)

    def keeps(self, entry: Entry) -> bool:
        """Whether this message is not to be sent now."""
        return self.is_concerned and (self.barred.keeps(entry) or self.cuts.keeps(entry))

    def answered(self, entry: Entry) -> None:
        """The far end has said something about this message."""
        if self.cuts.suspects:
            self.cuts.answered(entry.id, self._now_s() - self._began_s)

    def refused(self, entry: Entry, ack: Ack, others: Iterable[Entry]) -> Verdict:
        """The far end won't have it; `others` are on their way, or wait."""
        now_s = self._now_s()
        if ack.code == NOT_AUTHORIZED and self.barred.refused(entry, ack.text, now_s, others):
            self.refusals.forget(entry)
            self._tell(entry, ack.text)
            return Verdict.WAITS
        return self.refusals.refused(entry, about_message=ack.about_message, shared=ack.shared)

    def cut(self, in_flight: Mapping[int, Entry]) -> Iterator[Entry]:
        """The far end has ended the connection without a word; what is to be set aside for that."""
        now_s = self._now_s()
        if self.barred.cut(now_s):
            return
        for entry_id in self.cuts.ended(in_flight, now_s - self._began_s):
            entry = in_flight[entry_id]
            if self.barred.condemned(entry, CUTS_REASON, now_s):
                yield entry
            else:
                self._tell(entry, CUTS_REASON)

    def under_way(self) -> Collection[int]:
        """What is to be tried yet on this connection."""
        return [*(entry.id for entry in self.refusals.suspects), *self.cuts.held]

    def due(self) -> list[Entry]:
        """Of what waits since the far end does not take it, what is to be tried now."""
        return self.barred.due(self._now_s()) if self.barred else []

    def _tell(self, entry: Entry, reason: str) -> None:
        untold = self._repeats.tell((entry.kind, reason), self._now_s())
        if untold is not None:
            message = "the far end does not take messages of this kind: they wait"
            device = entry.device or None
            log.error(
                message, endpoint=self._name, kind=entry.kind, device=device, reason=reason, untold=untold or None
            )
