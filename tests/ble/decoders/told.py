from __future__ import annotations

from collections.abc import Mapping

from adapters.ble.advert import Advert
from adapters.ble.decoders.contract import Decoder, Refusal, Refused, Told
from adapters.ble.quantities import quantity_of
from gateway.model import Value

ADDRESS = "54:48:E6:8F:80:A5"
"""Of the sensor in BTHome's example of encryption."""
TYPES = {"float": float, "int": int, "bool": bool, "text": str}


class Notebook:
    """Remembers as long as it lives."""

    def __init__(self) -> None:
        self.facts: dict[str, int] = {}

    def get(self, name: str, /) -> int | None:
        return self.facts.get(name)

    def keep(self, name: str, number: int, /) -> None:
        self.facts[name] = number


def service(short: str, data: str | bytes, address: str = ADDRESS) -> Advert:
    content = bytes.fromhex(data) if isinstance(data, str) else data
    return Advert(address, 0, -60, services={f"0000{short}-0000-1000-8000-00805f9b34fb": content})


def manufacturer(company: int, data: str | bytes, address: str = ADDRESS) -> Advert:
    content = bytes.fromhex(data) if isinstance(data, str) else data
    return Advert(address, 0, -60, manufacturer={company: content})


def told(decoder: Decoder, advert: Advert) -> Told:
    """What it tells, each value as its quantity says that it is."""
    said = decoder.decode(advert)
    assert isinstance(said, Told), said
    for name, value in said.values.items():
        known = quantity_of(name)
        assert known is not None, f"{name} is no quantity"
        assert type(value) is TYPES[known.kind], f"{name}: {value!r} is no {known.kind}"
    return said


def values(decoder: Decoder, advert: Advert) -> Mapping[str, Value]:
    return told(decoder, advert).values


def refusal(decoder: Decoder, advert: Advert) -> Refusal:
    said = decoder.decode(advert)
    assert isinstance(said, Refused), said
    assert said.text
    return said.why


def is_silent(decoder: Decoder, advert: Advert) -> bool:
    """Whether it tells no value."""
    said = decoder.decode(advert)
    return not isinstance(said, Told) or not said.values
