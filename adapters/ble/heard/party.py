"""One device that advertises: from what is heard of it to what is to be told. Pure: time comes in as arguments."""

from __future__ import annotations

from collections.abc import Iterator

from adapters.ble.advert import Advert
from adapters.ble.config import BleDevice
from adapters.ble.decoders.contract import Decoder, Refusal, Refused, Told
from adapters.ble.decoders.lost import Losses, Packet
from adapters.ble.heard.collapse import Found
from adapters.ble.heard.counters import Counters
from adapters.ble.heard.flood import Flood
from adapters.ble.heard.kept import Kept
from adapters.ble.heard.learned import Learning
from adapters.ble.heard.points import NOTHING, Points
from adapters.ble.heard.silence import Silence
from adapters.ble.heard.standing import Standing
from adapters.ble.heard.unknown import Unknown
from adapters.ble.heard.voice import Voice
from adapters.ble.items import Item
from adapters.ble.quantities import LOST
from gateway.model import DeviceStatus, Notice, Relearned

APART_S = 30.0
"""The same packet after such a silence is another: a button was pressed once more. Advertising intervals end at 10.24 s
(Core Specification 6.0, Vol 6, Part B, 4.4.2.2.1), and two of three are hardly lost each time."""

FORGED = frozenset({Refusal.REPLAYED, Refusal.NOT_ENCRYPTED})
"""Why an advertisement may well be somebody else's: neither that the device is there nor how strong it was heard is
taken from it."""

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
        self._device = device
        self._points = points
        self._decoder = decoder
        self._kept = kept
        self._learning = learning
        self._counters = counters
        self._losses = Losses()
        self._lost = 0
        """Before these were begun."""
        self._last_packet = kept.get(PACKET)
        self._flood = Flood(name, counters)
        self._unknown = Unknown(name, device) if points.wants_data else None
        self._silence = Silence(device, kept, is_learned=learning is not None)
        self._standing = Standing(name, self._silence, _hint(device))
        self._voice: Voice | None = None
        self._is_first_look = True
        self._heard_s = NEVER_S
        self._said: Advert | None = None
        """The newest packet that was looked at."""
        self._again_s = NEVER_S
        """Until then the newest packet need not be looked at when it comes again."""

    def hear(self, advert: Advert, now_s: float) -> list[Item]:
        """It has advertised: what is to be told of that."""
        return [*self._hear(advert, now_s)]

    def look(self, now_s: float, now_ms: int, deaf_s: float = 0.0) -> list[Item]:
        """Some time has passed: what is to be told of silence, of all since `deaf_s` if not 0, and of what waited."""
        return [*self._look(now_s, now_ms, deaf_s)]

    def met(self, now_s: float, now_ms: int) -> list[Item]:
        """It answers over a connection: it is there, though many devices do not advertise meanwhile."""
        voice = self._begun(now_s)
        self._heard_s = now_s
        status = None
        if not self._standing.is_heard:
            self._back(voice, now_s)
            status = self._standing.heard(now_ms, now_s)
        return [*_if_any(status), *voice.met(now_ms, now_s)]

    def known(self) -> Found:
        """What was told last of its points; nothing of one that has not been told yet, or that is an event."""
        return self._voice.known if self._voice is not None else NOTHING

    def _hear(self, advert: Advert, now_s: float) -> Iterator[Item]:
        voice, silence_s = self._begun(now_s), now_s - self._heard_s
        self._counters.adverts += 1
        yield from self._held(voice, now_s)
        self._heard_s = now_s
        said = self._said
        is_same = said is not None and silence_s < APART_S and said.has_same_data(advert)
        if is_same and now_s < self._again_s and said is not None and said.has_same_head(advert):
            self._counters.collapsed += 1
            self._flood.drop(now_s)
            voice.again(now_s)
        elif self._flood.admits(advert, now_s):
            yield from self._take(voice, advert, now_s, is_new=not is_same)
        yield from _if_any(self._flood.news(now_s))

    def _look(self, now_s: float, now_ms: int, deaf_s: float) -> Iterator[Item]:
        voice = self._begun(now_s)
        yield from self._held(voice, now_s)
        stale = voice.stale(now_s)
        self._standing.points(stale)
        silent = [*voice.silent(stale, now_ms, now_s)]
        if silent:
            self._again_s = NEVER_S
        yield from silent
        yield from _if_any(self._state(now_s, now_ms, deaf_s))
        if self._learning is not None and self._learning.is_settled(now_s):
            yield Relearned(self._name)
        yield from _if_any(self._flood.news(now_s))
        self._kept.look(now_s)

    def _begun(self, now_s: float) -> Voice:
        """From the first moment that is known of."""
        if self._voice is None:
            self._heard_s = now_s
            self._voice = Voice(self._points, self._device.every, self._silence, now_s)
        return self._voice

    def _held(self, voice: Voice, now_s: float) -> Iterator[Item]:
        """What a flood has held back, if its time has come."""
        advert = self._flood.due(now_s)
        if advert is not None:
            is_same = self._said is not None and self._said.has_same_data(advert)
            yield from self._take(voice, advert, now_s, is_new=not is_same)

    def _state(self, now_s: float, now_ms: int, deaf_s: float) -> DeviceStatus | None:
        """What has become of its state meanwhile."""
        after_s, silent_s = self._silence.after_s, now_s - self._heard_s
        is_unheard = 0 < deaf_s <= silent_s
        is_first, self._is_first_look = self._is_first_look, False
        if is_first and not after_s and not self._device.learns:
            return self._standing.unknown(now_ms)
        if not after_s or silent_s < after_s:
            return self._standing.unheard(now_ms) if is_unheard else self._standing.settled(now_ms, now_s)
        self._again_s = NEVER_S
        return self._standing.silent(now_ms, is_alone=not is_unheard)

    def _take(self, voice: Voice, advert: Advert, now_s: float, *, is_new: bool) -> Iterator[Item]:
        """One packet that is not just the last one again; `is_new`: what happens in it has not been told."""
        if not self._standing.is_heard:
            self._back(voice, now_s)
        self._said = advert
        outcome = self._decoder.decode(advert) if self._decoder is not None else None
        told = self._told(outcome, now_s)
        packet = self._count(told)
        is_forged = isinstance(outcome, Refused) and outcome.why in FORGED
        found = NOTHING if is_forged or packet is Packet.LATE else self._found(advert, told)
        happened = told is not None and is_new and packet is not Packet.REPEATED
        events = self._points.happened(told) if told is not None and happened else NOTHING
        is_placed = self._points.has_placed(found)
        is_riddle = self._unknown is not None and outcome is None and not is_placed
        if is_riddle or told is None or told.values or is_placed:
            yield from _if_any(self._riddle(advert, now_s) if is_riddle else self._solved())
        self._standing.points(found)
        yield from _if_any(self._standing.heard(advert.time_ms, now_s))
        is_understood = told is not None or is_placed
        samples = [
            *voice.says(found, events, advert.time_ms, now_s, is_there=not is_forged, is_understood=is_understood)
        ]
        self._counters.collapsed += not samples and not is_riddle and not isinstance(outcome, Refused)
        self._again_s = voice.again_s(now_s)
        yield from samples

    def _back(self, voice: Voice, now_s: float) -> None:
        """It is there after a silence, or for the first time."""
        self._standing.back()
        voice.begin(now_s)

    def _told(self, outcome: Told | Refused | None, now_s: float) -> Told | None:
        """What the packet says; else why it says nothing is counted."""
        if isinstance(outcome, Refused):
            self._counters.refused(outcome.why)
            self._standing.refused(outcome, now_s)
            return None
        if outcome is not None:
            self._counters.unread += outcome.unknown
            self._silence.told(outcome.is_sporadic)
        if outcome is not None and outcome.values:
            self._standing.told(_model(outcome) if self._device.decodes == "auto" else None)
            if self._learning is not None:
                counted = () if outcome.counter is None else (LOST,)
                self._learning.hear((*outcome.values, *counted), now_s)
        return outcome

    def _count(self, told: Told | None) -> Packet:
        """What its packet is to those before it, as far as it can be told by its number."""
        if told is None or told.counter is None:
            return Packet.NEW
        if self._flood.is_broken():
            self._lost, self._losses, self._last_packet = self._lost_in_all, Losses(), self._kept.get(PACKET)
        before = self._losses.lost
        packet = self._losses.hear(told.counter, told.wraps)
        self._counters.lost += max(0, self._losses.lost - before)
        last, self._last_packet = self._last_packet, None
        if self._points.events is not None:
            self._kept.keep(PACKET, told.counter)
        return Packet.REPEATED if told.counter == last else packet

    @property
    def _lost_in_all(self) -> int:
        return self._lost + self._losses.lost

    def _found(self, advert: Advert, told: Told | None) -> Found:
        """What is said of its points, but for events."""
        if self._points.said is None:
            return NOTHING
        return {**self._points.named(advert, told, self._lost_in_all), **self._points.placed(advert)}

    def _riddle(self, advert: Advert, now_s: float) -> Notice | None:
        """Nothing can be made of what it says, though something is wanted: a word to people."""
        self._counters.undecodable += 1
        return self._unknown.hear(advert, now_s) if self._unknown is not None else None

    def _solved(self) -> Notice | None:
        """Something can."""
        return self._unknown.known() if self._unknown is not None else None


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
