"""Several values that arrive together: from their parts, good or not. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from gateway.model import NOTHING_BAD, Bad, Value
from gateway.values.reading import Spoiled


class Reading(NamedTuple):
    """What is said: `values` in the order of the points, None exactly where `bad` names the point."""

    values: tuple[Value | None, ...]
    bad: Mapping[str, Bad]


Read = Callable[[Any], Value]
"""What there is for a point, to its value; raises Spoiled."""


def reading(names: Iterable[str], reads: Sequence[Read], parts: Sequence[Any]) -> Reading:
    """The values of points, from what there is for each."""
    try:
        return Reading(tuple([read(part) for read, part in zip(reads, parts, strict=True)]), NOTHING_BAD)
    except Spoiled:
        return _sifted(names, reads, parts)


def _sifted(names: Iterable[str], reads: Sequence[Read], parts: Sequence[Any]) -> Reading:
    """The same where some are not good."""
    values: list[Value | None] = []
    bad: dict[str, Bad] = {}
    for name, read, part in zip(names, reads, parts, strict=True):
        try:
            values.append(read(part))
        except Spoiled as spoiled:
            values.append(None)
            bad[name] = spoiled.bad
    return Reading(tuple(values), bad)
