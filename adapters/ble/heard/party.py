"""One device that advertises: from what is heard of it to what is to be told. Pure: time comes in as arguments."""

from __future__ import annotations

from collections.abc import Iterator

from adapters.ble.advert import Advert
from adapters.ble.config import BleDevice
from adapters.ble.decoders.contract import Decoder, Refusal, Refused, Told
from adapters.ble.decoders.lost import Losses, Packet
from adapters.ble.heard.collapse import Ages, Collapse, Found, sample_of
from adapters.ble.heard.counters import Counters
from adapters.ble.heard.flood import Flood
from adapters.ble.heard.kept import Kept
from adapters.ble.heard.learned import Learning
from adapters.ble.heard.points import NOTHING, Points
from adapters.ble.heard.standing import Standing
from adapters.ble.heard.unknown import Unknown
from adapters.ble.items import Item
from adapters.ble.quantities import LOST
from gateway.model import Notice, PointGroup, Relearned, Sample

APART_S = 30.0
"""The same packet after such a silence is another: a button was pressed once more. Advertising intervals end at 10.24 s
(Core Specification 6.0, Vol 6, Part B, 4.4.2.2.1), and two of three are hardly lost each time."""

FORGED = frozenset({Refusal.REPLAYED, Refusal.NOT_ENCRYPTED})
"""Why an advertisement may well be somebody else's: not even how strong it was heard is taken from it."""

NEVER_S = float("-inf")

PACKET = "packet"
"""The number of the newest, kept so that what happened in it does not happen again with the gateway's start."""


class Party:
    """Its points, counters and state."""

    def __init__(
        self,
        name: str,
        device: BleDevice,
        *,
        points: Points,
        decoder: Decoder | None,
        kept: Kept,
        learning: Learning | None,
        counters: Counters,
    ) -> None:
        self._name = name
        self._every_s = device.every
        self._stale_after_s = device.stale_after_s
        self._is_auto = device.decodes == "auto"
        self._points = points
        self._decoder = decoder
        self._kept = kept
        self._learning = learning
        self._counters = counters
        self._said = _collapse(points.said, device.every, points.restless)
        self._present = _collapse(points.present, device.every)
        self._losses = Losses()
        self._is_first = True
        self._flood = Flood(name, counters)
        self._unknown = Unknown(name, device) if points.wants_data else None
        self._standing = Standing(name, device.stale_after_s, _hint(device))
        self._ages: Ages | None = None
        self._heard_s = NEVER_S
        self._says: tuple[object, ...] | None = None
        self._spoken: tuple[str, ...] = ()
        """The points that the newest packet speaks of."""
        self._again_s = NEVER_S
        """Until then it need not be looked at when it comes again."""

    def hear(self, advert: Advert, now_s: float) -> list[Item]:
        """It has advertised: what is to be told of that."""
        return [*self._hear(advert, now_s)]

    def look(self, now_s: float, now_ms: int) -> list[Item]:
        """Some time has passed: what is to be told of silence, and of what waited."""
        return [*self._look(now_s, now_ms)]

    def _hear(self, advert: Advert, now_s: float) -> Iterator[Item]:
        ages, silence_s = self._begun(now_s), now_s - self._heard_s
        self._counters.adverts += 1
        yield from self._held(now_s)
        self._heard_s = now_s
        says = advert.says()
        if says == self._says and now_s < self._again_s and silence_s < APART_S:
            self._counters.collapsed += 1
            self._flood.drop(now_s)
            ages.said(self._spoken, now_s)
        elif self._flood.admits(advert, now_s):
            yield from self._take(advert, now_s, is_new=says != self._says or silence_s >= APART_S)
        yield from _if_any(self._flood.news(now_s))

    def _look(self, now_s: float, now_ms: int) -> Iterator[Item]:
        ages = self._begun(now_s)
        yield from self._held(now_s)
        turned = ages.turned(now_s)
        if turned and self._said is not None:
            self._again_s = NEVER_S
            self._standing.points(turned)
            yield from _if_any(self._said.sample(self._said.changed(turned), now_ms, now_s))
        if self._stale_after_s and now_s - self._heard_s >= self._stale_after_s:
            yield from self._silent(now_s, now_ms)
        else:
            yield from _if_any(self._standing.settled(now_ms, now_s))
        if self._learning is not None and self._learning.is_settled(now_s):
            yield Relearned(self._name)
        yield from _if_any(self._flood.news(now_s))
        self._kept.look(now_s)

    def _begun(self, now_s: float) -> Ages:
        """From the first moment that is known of."""
        if self._ages is None:
            self._heard_s = now_s
            said = self._points.said
            self._ages = Ages(said.points if said is not None else (), self._stale_after_s, now_s)
        return self._ages

    def _held(self, now_s: float) -> Iterator[Item]:
        """What a flood has held back, if its time has come."""
        advert = self._flood.due(now_s)
        if advert is not None:
            yield from self._take(advert, now_s, is_new=advert.says() != self._says)

    def _silent(self, now_s: float, now_ms: int) -> Iterator[Item]:
        status = self._standing.silent(now_ms)
        if status is None:
            return
        self._again_s = NEVER_S
        yield status
        if self._present is not None:
            yield from _if_any(self._present.sample(self._points.there(False), now_ms, now_s))

    def _take(self, advert: Advert, now_s: float, *, is_new: bool) -> Iterator[Item]:
        """One packet that is not just the last one again; `is_new`: what happens in it has not been told."""
        if not self._standing.is_heard:
            self._standing.back()
            self._begun(now_s).begin(now_s)
        self._says = advert.says()
        outcome = self._decoder.decode(advert) if self._decoder is not None else None
        told = self._told(outcome, now_s)
        packet = self._count(told)
        events = (
            self._points.happened(told) if told is not None and is_new and packet is not Packet.REPEATED else NOTHING
        )
        found = self._found(advert, outcome, packet)
        yield from _if_any(self._puzzled(advert, found, outcome, now_s))
        self._standing.points(found)
        yield from _if_any(self._standing.heard(advert.time_ms, now_s))
        yield from self._tell(found, events, advert.time_ms, now_s)

    def _told(self, outcome: Told | Refused | None, now_s: float) -> Told | None:
        """What the packet says; else why it says nothing is counted."""
        if isinstance(outcome, Refused):
            self._counters.refused(outcome.why)
            self._standing.refused(outcome, now_s)
            return None
        if outcome is not None:
            self._standing.told(_model(outcome) if self._is_auto else None)
            if self._learning is not None:
                counted = () if outcome.counter is None else (LOST,)
                self._learning.hear((*outcome.values, *counted), now_s)
        return outcome

    def _count(self, told: Told | None) -> Packet:
        """Whether its packet is a new one, as far as it can be told by its number."""
        if told is None or told.counter is None:
            return Packet.NEW
        before = self._losses.lost
        packet = self._losses.hear(told.counter, told.wraps)
        self._counters.lost += max(0, self._losses.lost - before)
        last, self._is_first = self._kept.get(PACKET) if self._is_first else None, False
        self._kept.keep(PACKET, told.counter)
        return Packet.REPEATED if told.counter == last else packet

    def _found(self, advert: Advert, outcome: Told | Refused | None, packet: Packet) -> Found:
        """What is said of its points: of a packet that was overtaken, or may be somebody else's, nothing."""
        is_forged = isinstance(outcome, Refused) and outcome.why in FORGED
        if self._said is None or packet is Packet.LATE or is_forged:
            return NOTHING
        told = outcome if isinstance(outcome, Told) else None
        return {**self._points.named(advert, told, self._losses.lost), **self._points.placed(advert)}

    def _puzzled(self, advert: Advert, found: Found, outcome: Told | Refused | None, now_s: float) -> Notice | None:
        if self._unknown is None:
            return None
        if outcome is not None or self._points.has_placed(found):
            return self._unknown.known()
        self._counters.undecodable += 1
        return self._unknown.hear(advert, now_s)

    def _tell(self, found: Found, events: Found, time_ms: int, now_s: float) -> Iterator[Sample]:
        self._spoken = tuple(found)
        self._begun(now_s).said(self._spoken, now_s)
        samples = [
            self._said.sample(found, time_ms, now_s) if self._said is not None and found else None,
            sample_of(self._points.events, events, time_ms) if self._points.events is not None and events else None,
            self._present.sample(self._points.there(True), time_ms, now_s) if self._present is not None else None,
        ]
        self._counters.collapsed += not any(samples)
        self._again_s = self._next_s(now_s)
        yield from (sample for sample in samples if sample is not None)

    def _next_s(self, now_s: float) -> float:
        """When some of it is to be told again, should the same packet come again and again."""
        next_s = now_s + self._every_s
        if self._said is not None:
            next_s = min(next_s, self._said.again_s(self._spoken))
        if self._present is not None:
            next_s = min(next_s, self._present.again_s(self._present.group.points))
        return next_s


def _collapse(group: PointGroup | None, every_s: float, restless: frozenset[str] = frozenset()) -> Collapse | None:
    return Collapse(group, every_s, restless) if group is not None else None


def _if_any(item: Item | None) -> Iterator[Item]:
    if item is not None:
        yield item


def _model(told: Told) -> str:
    """What decoder it has, and what it is where that is said."""
    return f"{told.model} ({told.decoder})" if told.model else told.decoder


def _hint(device: BleDevice) -> str:
    """What to look at when it is not heard."""
    if device.identity_key is None:
        return "is it near enough, is its battery good, and is its address right?"
    return "is it near enough, is its battery good, and is the identity_key its own?"
