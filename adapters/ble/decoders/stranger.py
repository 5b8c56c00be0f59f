"""Decoders of other packages. Pure."""

from __future__ import annotations

from importlib.metadata import EntryPoint
from typing import Any

from msgspec import ValidationError, convert
from msgspec.structs import asdict

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
        if answer is None or (flaw := _flaw(answer)) is None:
            return answer  # type: ignore[no-any-return]  # checked
        return Refused(self._name, Refusal.MALFORMED, f"decoder {self._name} failed: it gave {flaw}")


def _flaw(answer: object) -> str | None:
    """What of it is not what its type says; a Struct itself looks at nothing."""
    if not isinstance(answer, Told | Refused):
        return type(answer).__name__
    try:
        convert(asdict(answer), type(answer))
    except ValidationError as error:
        return str(error)
    if isinstance(answer, Told) and not 0 <= (answer.counter or 0) < answer.wraps:
        return f"counter {answer.counter}, where there are {answer.wraps} of them"
    return None


def stranger(point: EntryPoint, address: str | None, key: bytes | None, memory: Remembered) -> Decoder:
    """The decoder of an entry point, made for one device; raises PermanentError."""
    try:
        return StrangerDecoder(point.name, point.load()(address, key, memory))
    except Exception as error:  # a stranger's module may raise anything
        package = f"{point.dist.name} {point.dist.version}" if point.dist else point.value
        reason = f"{type(error).__name__}: {error}"
        raise PermanentError(f"decoder {point.name!r} ({GROUP}) of {package} can't be used: {reason}") from error
