"""Values of points as people read and type them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from gateway.cli.refused import hint

Point = Mapping[str, Any]
"""What the gateway tells of a point."""

TRUTH = {"true": True, "false": False}


class BadValue(ValueError):
    """What was typed can't be a value of this point."""


def assigned(text: str) -> tuple[str, str]:
    """`NAME=VALUE` taken apart; raises BadValue."""
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise BadValue(f"'{text}' is no NAME=VALUE")
    return name, value


def parsed(name: str, text: str, point: Point) -> bool | int | float | str:
    """What was typed as a value of this point; raises BadValue."""
    if labels := point.get("enum"):
        return _label(name, text, list(labels.values()))
    if point["kind"] == "bool":
        if text not in TRUTH:
            raise BadValue(f"{name} is true or false, not '{text}'")
        return TRUTH[text]
    return text if point["kind"] == "text" else number(name, text)


def number(name: str, text: str) -> int | float:
    """Whole where it is written so; raises BadValue."""
    try:
        return int(text)
    except ValueError:
        pass
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise BadValue(f"{name} takes a number, not '{text}'")
    return value


def _label(name: str, text: str, labels: list[Any]) -> bool | int | float | str:
    for label in labels:
        if shown(label) == text:
            return label  # type: ignore[no-any-return]
    raise BadValue(f"{name}: no value '{text}' - {hint(text, map(shown, labels))}")


def shown(value: object) -> str:
    """As it is typed, and harmless on a terminal; nothing for None."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return printable(str(value))


def printable(text: str) -> str:
    """What a device or a stranger wrote, without what would command a terminal."""
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)


def measured(value: object, point: Point) -> str:
    """With its unit."""
    unit = point.get("unit")
    return f"{shown(value)} {printable(unit)}" if unit and value is not None else shown(value)


def limits(point: Point) -> str:
    """What may be written: `20 to 80 °C`; nothing if there is no limit."""
    low, high = _short(point.get("min")), _short(point.get("max"))
    if low is None and high is None:
        return ""
    if low is None or high is None:
        return f"at most {measured(high, point)}" if low is None else f"at least {measured(low, point)}"
    return f"{shown(low)} to {measured(high, point)}"


def _short(limit: float | None) -> float | None:
    """Limits come as fractions also where whole numbers were written."""
    return int(limit) if isinstance(limit, float) and limit.is_integer() else limit
