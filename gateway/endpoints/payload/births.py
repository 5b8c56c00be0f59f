"""What a birth says of points and commands. Pure."""

from __future__ import annotations

from typing import Any

from gateway.model import ArgumentInfo, CommandInfo, PointInfo
from gateway.units import format_duration


def point_facts(point: PointInfo) -> dict[str, Any]:
    """What is known of a point."""
    limits = {"min": point.write_min, "max": point.write_max}
    facts = {
        "type": point.type,
        "unit": point.unit,
        "enum": {str(raw): label for raw, label in point.enum.items()} if point.enum else None,
        "range": list(point.range) if point.range else None,
        "writable": point.writable or None,
        "limits": {name: value for name, value in limits.items() if value is not None} or None,
        "confirm": point.guards.confirm or None,
        "every": every_of(point.every_s),
        "labels": dict(point.labels) or None,
    }
    return {name: value for name, value in facts.items() if value is not None}


def every_of(every_s: float) -> str | None:
    """None of what is not polled."""
    return format_duration(every_s) if every_s else None


def command_facts(command: CommandInfo) -> dict[str, Any]:
    """What is known of a command, by name what it takes."""
    facts = {
        "description": command.description or None,
        "confirm": command.guards.confirm or None,
        "args": {name: _argument(argument) for name, argument in command.args.items()} or None,
    }
    return {name: value for name, value in facts.items() if value is not None}


def _argument(argument: ArgumentInfo) -> dict[str, Any]:
    facts = {
        "kind": argument.kind,
        "min": argument.min,
        "max": argument.max,
        "choices": list(argument.choices) or None,
        "max_length": argument.max_length,
        "pattern": argument.pattern,
        "default": argument.default,
        "unit": argument.unit,
        "description": argument.description or None,
    }
    return {name: value for name, value in facts.items() if value is not None}
