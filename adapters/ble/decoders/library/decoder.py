"""A decoder of what bleparser knows. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from adapters.ble.advert import Advert
from adapters.ble.decoders.contract import Refusal, Refused, Remembered, Told
from adapters.ble.decoders.library import mibeacon
from adapters.ble.decoders.library.bare import bleparser
from adapters.ble.decoders.library.entry import Entry, entries, mac_of
from adapters.ble.decoders.library.mends import mended
from adapters.ble.decoders.library.mibeacon import MiBeacon, Opened
from adapters.ble.decoders.library.names import translated
from adapters.ble.decoders.library.rules import Rule, rules_of
from adapters.ble.decoders.library.sporadic import sporadic
from adapters.ble.decoders.merge import merged

ADDRESS_BYTES = 6

_COUNTER_WRAPS = {"bparasite": 16}
"""Makers whose `packet` counts packets, and how far (b-parasite: four bits)."""

_XIAOMI = Rule(mibeacon.NAME, ())


class _Found(NamedTuple):
    rule: Rule
    entry: Entry


class LibraryDecoder:
    """Of one device; `families`: the makers that are looked for, none: all.

    Its parser has no state of its own: whatever it keeps to leave out repeated packets is emptied before each.
    """

    def __init__(self, key: bytes | None, memory: Remembered, families: tuple[str, ...] = ()) -> None:
        self._package = bleparser()
        self._parser = self._package.BleParser()
        self._families = frozenset(families)
        self._mibeacon = MiBeacon(key, memory)
        self._last: tuple[Advert, Told | Refused | None] | None = None

    def decode(self, advert: Advert) -> Told | Refused | None:
        """What it says, entry by entry, each on its own; what is repeated says the same, and is not read again."""
        if self._last is not None and _is_alike(self._last[0], advert):
            return self._last[1]
        answer = self._decode(advert)
        self._last = advert, answer
        return answer

    def _decode(self, advert: Advert) -> Told | Refused | None:
        mac = mac_of(advert.address)
        if len(mac) != ADDRESS_BYTES:
            return None
        found = [each for entry in entries(advert, mac) if (each := self._find(entry)) is not None]
        if sum(each.rule.drifts for each in found) > 1:
            text = "it has this maker's data twice: the older one can't be told from the newer"
            return Refused(found[0].rule.family, Refusal.MALFORMED, text)
        return merged(self._one(each) for each in found)

    def _find(self, entry: Entry) -> _Found | None:
        if entry.is_service and entry.number == mibeacon.SERVICE:
            return _Found(_XIAOMI, entry) if self._wants(mibeacon.NAME) else None
        for rule in rules_of(entry):
            if self._wants(rule.family) and rule.meant(entry):
                return _Found(rule, entry)
        return None

    def _wants(self, family: str) -> bool:
        return not self._families or family in self._families

    def _one(self, found: _Found) -> Told | Refused | None:
        rule, entry = found
        if rule is _XIAOMI:
            return self._xiaomi(entry)
        if rule.is_sealed is not None and rule.is_sealed(entry):
            return Refused(rule.family, Refusal.ENCRYPTED, "it is encrypted in a way that only its maker opens")
        return self._parse(rule, entry)

    def _xiaomi(self, entry: Entry) -> Told | Refused | None:
        opened = self._mibeacon.open(entry)
        if not isinstance(opened, Opened):
            return opened
        if opened.is_empty:
            return Told(mibeacon.NAME, {}, opened.counter, mibeacon.COUNTERS)
        return self._parse(_XIAOMI, opened.entry, opened)

    def _parse(self, rule: Rule, entry: Entry, opened: Opened | None = None) -> Told | Refused | None:
        self._parser.lpacket_ids.clear()
        self._parser.adv_priority.clear()
        try:
            result = rule.parse(self._package, self._parser, entry)
        except Exception as error:  # noqa: BLE001  # bleparser lets whatever the bytes cause come out
            return Refused(rule.family, Refusal.MALFORMED, f"it can't be read: {type(error).__name__}")
        if not result:
            return None
        values = translated(rule.family, mended(rule.family, result))
        if values is None:
            return Refused(rule.family, Refusal.MALFORMED, "it says what can't be")
        if not values:
            return None
        counter, wraps = _counter(rule.family, result, opened)
        model = result.get("type")
        is_sporadic = sporadic(str(model), values) if rule is _XIAOMI else None
        return Told(rule.family, values, counter, wraps, model, is_sporadic=is_sporadic)


def _is_alike(one: Advert, other: Advert) -> bool:
    """All that is looked at; in most devices most packets are repeats."""
    return (
        one.manufacturer == other.manufacturer
        and one.services == other.services
        and one.address == other.address
        and one.name == other.name
        and one.uuids == other.uuids
    )


def _counter(family: str, result: Mapping[str, Any], opened: Opened | None) -> tuple[int | None, int]:
    if opened is not None:
        return opened.counter, mibeacon.COUNTERS
    wraps = _COUNTER_WRAPS.get(family)
    return (None, 256) if wraps is None else (result["packet"] % wraps, wraps)
