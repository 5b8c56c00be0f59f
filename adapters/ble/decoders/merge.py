"""One answer from several decoders that each know a part of an advertisement. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec.structs import replace

from adapters.ble.decoders.contract import Refused, Told
from gateway.model import Value


def merged(answers: Iterable[Told | Refused | None]) -> Told | Refused | None:
    """What is told goes before what is refused; where two tell the same name, or count packets, the first is heard."""
    told: Told | None = None
    refused: Refused | None = None
    for each in answers:
        if isinstance(each, Told):
            told = each if told is None else _both(told, each)
        elif refused is None:
            refused = each
    return told or refused


def _both(first: Told, second: Told) -> Told:
    values: Mapping[str, Value] = {**second.values, **first.values}
    names = first.decoder.split("+")
    decoder = first.decoder if second.decoder in names else f"{first.decoder}+{second.decoder}"
    counts = first if first.counter is not None else second
    return replace(
        first,
        decoder=decoder,
        values=values,
        counter=counts.counter,
        wraps=counts.wraps,
        model=first.model or second.model,
        unknown=first.unknown + second.unknown,
        is_sporadic=_sporadic(first.is_sporadic, second.is_sporadic),
        absent=tuple(name for name in dict.fromkeys((*first.absent, *second.absent)) if name not in values),
    )


def _sporadic(first: bool | None, second: bool | None) -> bool | None:
    """Who says anything at intervals does."""
    if first is None or second is None:
        return second if first is None else first
    return first and second
