"""What is said instead of a message that is larger than the far end takes. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from msgspec import structs

from gateway.endpoints.payload.encoder import Encoder, Part
from gateway.model import DeviceInfo, Result

MANY = 10**9
"""As long a number as any in a part, where how long it will be is not known yet."""

TOO_LARGE = "too-large"
"""The reason of a result without its values."""

Names = Sequence[str]


def device_births(encoder: Encoder, seq: int, time_ms: int, info: DeviceInfo, limit: int) -> list[bytes]:
    """A device's birth; where it is too large, parts that each name some of its points and commands."""

    def write(names: Names, at: int, part: Part | None) -> bytes:
        return encoder.device_birth(seq + at, time_ms, _some(info, set(names)), part)

    return _in_parts([*info.points, *info.commands], limit, write)


def gateway_births(encoder: Encoder, seq: int, time_ms: int, facts: Mapping[str, Any], limit: int) -> list[bytes]:
    """The gateway's birth; where it is too large, parts that each name some of its devices."""

    def write(names: Names, at: int, part: Part | None) -> bytes:
        return encoder.gateway_birth(seq + at, time_ms, {**facts, "devices": list(names)} if part else facts, part)

    return _in_parts(facts.get("devices", ()), limit, write)


def status(write: Callable[[Mapping[str, Any]], bytes], facts: Mapping[str, Any], limit: int) -> bytes:
    """The gateway's status with as much of what grows with the site as fits."""
    payload = b""
    for shorter in _ever_shorter(facts):
        payload = write(shorter)
        if len(payload) <= limit:
            break
    return payload


def result(write: Callable[[Result], bytes], whole: Result, limit: int) -> bytes:
    """A command's result; where it is too large, how the command ended without what it has brought."""
    payload = write(whole)
    if len(payload) <= limit:
        return payload
    detail = f"left out: the whole result has {len(payload)} bytes, and the far end takes {limit}"
    reason = whole.reason or TOO_LARGE
    return write(structs.replace(whole, values={}, bad={}, found=(), reason=reason, detail=detail))


def _in_parts(names: Names, limit: int, write: Callable[[Names, int, Part | None], bytes]) -> list[bytes]:
    """One message, or as many as it takes; a single name that does not fit goes all the same."""
    whole = write(names, 0, None)
    if len(whole) <= limit:
        return [whole]
    groups = _halved(names, lambda some: len(write(some, MANY, Part(MANY, MANY))) <= limit)
    if len(groups) == 1:
        return [whole]
    return [write(some, at, Part(at + 1, len(groups))) for at, some in enumerate(groups)]


def _halved(names: Names, fits: Callable[[Names], bool]) -> list[Names]:
    """In their order, and not halved more often than it takes."""
    if len(names) < 2 or fits(names):
        return [names]
    middle = (len(names) + 1) // 2
    return _halved(names[:middle], fits) + _halved(names[middle:], fits)


def _some(info: DeviceInfo, names: set[str]) -> DeviceInfo:
    points = {name: point for name, point in info.points.items() if name in names}
    commands = {name: command for name, command in info.commands.items() if name in names}
    return structs.replace(info, points=points, commands=commands)


def _ever_shorter(facts: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """First without what the links have counted, then with ever fewer of those in trouble, whose number is said."""
    yield facts
    facts = {name: value for name, value in facts.items() if name != "links"}
    yield facts
    trouble = facts.get("trouble", {})
    troubled = [(group, name) for group, names in trouble.items() for name in names]
    kept = len(troubled)
    while kept:
        kept //= 2
        named: dict[str, Any] = {group: {} for group in trouble}
        for group, name in troubled[:kept]:
            named[group][name] = trouble[group][name]
        yield {**facts, "trouble": {**named, "unnamed": len(troubled) - kept}}
