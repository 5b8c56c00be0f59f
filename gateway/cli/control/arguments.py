"""Arguments of named commands as people read and type them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gateway.cli.control.values import TRUTH, BadValue, assigned, limits, measured, number, parsed, printable, shown
from gateway.cli.refused import hint

Argument = Mapping[str, Any]
"""What the gateway tells of an argument."""

KINDS = {"int": "a whole number", "float": "a number", "bool": "true or false", "text": "text"}


def given(command: str, texts: list[str], known: Mapping[str, Argument]) -> dict[str, Any]:
    """What was typed, `NAME=VALUE` each, as the command takes it; raises BadValue."""
    values: dict[str, Any] = {}
    for name, text in map(assigned, texts):
        if not known:
            raise BadValue(f"'{command}' takes no args")
        if name not in known:
            raise BadValue(f"'{command}' has no argument '{name}' - {hint(name, known)}")
        if name in values:
            raise BadValue(f"{name} can have one value only")
        values[name] = _typed(name, text, known[name])
    missing = [name for name, about in known.items() if name not in values and "default" not in about]
    if missing:
        raise BadValue(f"'{command}' needs {', '.join(_assignment(name, known[name]) for name in missing)}")
    return values


def taken(known: Mapping[str, Argument]) -> str:
    """`kg=0 to 500 kg [mode=fast|slow]`: what must be given, and in brackets what may be."""
    return " ".join(
        _assignment(name, about) if "default" not in about else f"[{_assignment(name, about)}]"
        for name, about in known.items()
    )


def agreed_on(values: Mapping[str, Any], known: Mapping[str, Argument]) -> str:
    """`kg=12.5 kg mode=fast`: what a command will be given, also what nobody said."""
    defaults = {name: about["default"] for name, about in known.items() if "default" in about}
    told = {name: {**defaults, **values}[name] for name in known if name in values or name in defaults}
    return " ".join(f"{name}={measured(value, known[name])}" for name, value in told.items())


def _typed(name: str, text: str, about: Argument) -> Any:
    """By its kind: what looks like a number is text where text is wanted; the gateway knows the limits."""
    labels = {str(index): choice for index, choice in enumerate(about.get("choices", ()))}
    if about["kind"] == "int" and not labels and not isinstance(number(name, text), int):
        raise BadValue(f"{name} takes a whole number, not '{text}'")
    return parsed(name, text, {"kind": about["kind"], "enum": labels})


def _assignment(name: str, about: Argument) -> str:
    return f"{name}={_allowed(about)}"


def _allowed(about: Argument) -> str:
    if choices := about.get("choices"):
        return "|".join(map(shown, choices))
    if about["kind"] == "bool":
        return "|".join(TRUTH)
    if "max_length" in about:
        return f"{KINDS[about['kind']]} of at most {about['max_length']} characters"
    unit = about.get("unit")
    return limits(about) or (f"{KINDS[about['kind']]} in {printable(unit)}" if unit else KINDS[about["kind"]])
