"""Desired properties: what of them are wishes, and what is answered. Pure.

    {"report": {"interval": "1min", "devices": {"boiler": "10s"}}, "log": {"level": "debug"}, "commands": false}

Each is answered by a reported property of the same name, as IoT Plug and Play has it for writable properties: `value`
is what holds of it, `ac` a code as of HTTP, `av` the version of the desired properties, `ad` a sentence for people.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from gateway.endpoints.azure_iot_hub.twin.texts import fitted, key
from gateway.model import Wishes
from gateway.units import UnitError, format_duration, parse_duration

REPORT, LOG, COMMANDS = "report", "log", "commands"
SETTINGS = (REPORT, LOG, COMMANDS)

UNKNOWN = "unknown"
"""The reported property that tells of desired ones which nobody here knows."""

TAKEN, AMISS, FORBIDDEN, NOT_FOUND = 200, 400, 403, 404
"""`ac`: all of it; some can't be understood, or is not granted; there is no such thing."""

LEVEL_BYTES = 32
"""None that is granted is longer."""

SENTENCE_BYTES = 400
SHOWN = 5
"""Faults that are told of one setting, unknown names that are told."""

REPEATED_BYTES = 4096
"""Of devices' intervals in the answer: the rest is taken, but not repeated."""


class Desired(NamedTuple):
    """`faults`: by setting that is there, sentences about what can't be meant; `unknown`: names of no setting."""

    wishes: Wishes
    faults: Mapping[str, Sequence[str]]
    unknown: Sequence[str]


def read(desired: Mapping[str, Any]) -> Desired:
    """Never fails: what can't be meant is left out, and told."""
    interval_s, about_report = _report(desired.get(REPORT))
    level, about_log = _log(desired.get(LOG))
    commands, about_commands = _commands(desired.get(COMMANDS))
    faults = {REPORT: about_report, LOG: about_log, COMMANDS: about_commands}
    return Desired(
        Wishes(interval_s, level, commands),
        {name: told for name, told in faults.items() if desired.get(name) is not None},
        [name for name in desired if name not in SETTINGS and not name.startswith("$")],
    )


def answers(read: Desired, refused: Mapping[str, str], version: int) -> dict[str, Any]:
    """Reported properties: what came of each setting; `refused` is what the core did not grant, by name of the wish."""
    values = {
        REPORT: _intervals(read.wishes.interval_s, refused),
        LOG: _level(read.wishes.level) if "level" not in refused else None,
        COMMANDS: read.wishes.commands if "commands" not in refused else None,
    }
    answered = {
        name: _answer(values[name], faults, [why for wish, why in refused.items() if _setting(wish) == name], version)
        for name, faults in read.faults.items()
    }
    if read.unknown:
        told = f"there is no {_listed(read.unknown)}; there are {', '.join(SETTINGS)}"
        answered[UNKNOWN] = {"ac": NOT_FOUND, "av": version, "ad": fitted(told, SENTENCE_BYTES)}
    return answered


def _report(given: Any) -> tuple[dict[str, float], list[str]]:
    interval_s: dict[str, float] = {}
    faults: list[str] = []
    for name, value in _members(given, REPORT, ("interval", "devices"), faults):
        if name == "interval":
            _put_interval(interval_s, "", value, faults)
        elif isinstance(value, Mapping):
            for device, wanted in value.items():
                _put_interval(interval_s, device, wanted, faults)
        else:
            faults.append('devices must be an object, like {"boiler": "10s"}')
    return interval_s, faults


def _put_interval(interval_s: dict[str, float], device: str, value: Any, faults: list[str]) -> None:
    if value is None:
        return
    try:
        interval_s[device] = parse_duration(value)
    except UnitError as error:
        faults.append(f"{f'devices.{device}' if device else 'interval'}: {error}")


def _log(given: Any) -> tuple[str | None, list[str]]:
    faults: list[str] = []
    level: str | None = None
    for _, value in _members(given, LOG, ("level",), faults):
        if isinstance(value, str):
            level = value
        else:
            faults.append('level must be a text, like "debug"')
    return level, faults


def _commands(given: Any) -> tuple[bool | None, list[str]]:
    if given is None or isinstance(given, bool):
        return given, []
    return None, ["commands must be true or false"]


def _members(given: Any, setting: str, known: Sequence[str], faults: list[str]) -> Iterator[tuple[str, Any]]:
    """Those that are known and not null."""
    if given is not None and not isinstance(given, Mapping):
        faults.append(f"{setting} must be an object with {' and '.join(known)}")
    elif given is not None:
        for name, value in given.items():
            if name not in known:
                faults.append(f"there is no {setting}.{name}; there is {' and '.join(known)}")
            elif value is not None:
                yield name, value


def _level(level: str | None) -> dict[str, Any] | None:
    return None if level is None else {"level": fitted(level, LEVEL_BYTES)}


def _intervals(interval_s: Mapping[str, float], refused: Mapping[str, str]) -> dict[str, Any] | None:
    granted = {
        device: format_duration(seconds)
        for device, seconds in interval_s.items()
        if (f"interval_s.{device}" if device else "interval_s") not in refused
    }
    value: dict[str, Any] = {}
    if "" in granted:
        value["interval"] = granted.pop("")
    if devices := dict(_up_to(granted, REPEATED_BYTES)):
        value["devices"] = devices
    return value or None


def _up_to(texts: Mapping[str, str], max_bytes: int) -> Iterator[tuple[str, str]]:
    """As many as have room as JSON."""
    for name, text in texts.items():
        max_bytes -= len(key(name).encode()) + len(text) + len('"":"",')
        if max_bytes < 0:
            return
        yield key(name), text


def _answer(value: Any, faults: Sequence[str], refused: Sequence[str], version: int) -> dict[str, Any]:
    answer: dict[str, Any] = {} if value is None else {"value": value}
    answer["ac"] = AMISS if faults else FORBIDDEN if refused else TAKEN
    answer["av"] = version
    sentences = [*faults, *refused]
    if sentences:
        more = [f"and {len(sentences) - SHOWN} more"] if len(sentences) > SHOWN else []
        answer["ad"] = fitted("; ".join([*sentences[:SHOWN], *more]), SENTENCE_BYTES)
    return answer


def _setting(wish: str) -> str:
    """Which one a wish of this name comes from."""
    return {"level": LOG, "commands": COMMANDS}.get(wish, REPORT)


def _listed(names: Iterable[str]) -> str:
    shown = list(names)
    more = f" and {len(shown) - SHOWN} more" if len(shown) > SHOWN else ""
    return ", ".join(shown[:SHOWN]) + more
