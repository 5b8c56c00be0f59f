"""Decoders of other packages. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import EntryPoint
from typing import Any

from adapters.ble.advert import Advert
from adapters.ble.config.decoder import GROUP
from adapters.ble.decoders.contract import Decoder, Refusal, Refused, Remembered, Told
from gateway.adapter import PermanentError


class StrangerDecoder:
    """Keeps a stranger to the contract: whatever it raises, or gives that is none of the answers, is a refusal."""

    def __init__(self, name: str, decoder: Decoder) -> None:
        self._name = name
        self._decoder = decoder

    def decode(self, advert: Advert) -> Told | Refused | None:
        """What it says."""
        try:
            answer: Any = self._decoder.decode(advert)
        except Exception as error:  # noqa: BLE001  # a stranger's decoder must not end the radio of all others
            return Refused(self._name, Refusal.MALFORMED, f"decoder {self._name} failed: {error!r}")
        if answer is None or isinstance(answer, Refused) or _is_sound(answer):
            return answer  # type: ignore[no-any-return]  # checked
        return Refused(self._name, Refusal.MALFORMED, f"decoder {self._name} gave {type(answer).__name__}")


def _is_sound(answer: Any) -> bool:
    return isinstance(answer, Told) and isinstance(answer.values, Mapping)


def stranger(point: EntryPoint, address: str | None, key: bytes | None, memory: Remembered) -> Decoder:
    """The decoder of an entry point, made for one device; raises PermanentError."""
    try:
        return StrangerDecoder(point.name, point.load()(address, key, memory))
    except Exception as error:  # a stranger's module may raise anything
        package = f"{point.dist.name} {point.dist.version}" if point.dist else point.value
        reason = f"{type(error).__name__}: {error}"
        raise PermanentError(f"decoder {point.name!r} ({GROUP}) of {package} can't be used: {reason}") from error
