"""Whether a named command is given what it takes. Pure."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any

from gateway.adapter import Rejected
from gateway.adapter.arguments import SHOWN_CHARS, Unfit, allowed, fitted
from gateway.model import ArgumentInfo, Value


def checked(
    command: str, given: Mapping[str, Any], wanted: Mapping[str, ArgumentInfo], rule: str
) -> Mapping[str, Value]:
    """All that it takes, in the order of the configuration, with defaults; raises Rejected.

    `rule`: where in the configuration it is said what it takes.
    """
    for name in given:
        if name not in wanted:
            raise Rejected("malformed", f"'{command}' has no argument {_named(name)}{_known(name, wanted)}")
    missing = [name for name, info in wanted.items() if name not in given and info.default is None]
    if missing:
        raise Rejected("malformed", f"'{command}' needs {' and '.join(told(name, wanted[name]) for name in missing)}")
    return {name: _checked(name, given.get(name, info.default), info, rule) for name, info in wanted.items()}


def told(name: str, info: ArgumentInfo) -> str:
    """As in: kg, a number from 0 to 500 kg (the new limit)."""
    return f"{name}, {allowed(info)}" + (f" ({info.description})" if info.description else "")


def _checked(name: str, value: Any, info: ArgumentInfo, rule: str) -> Value:
    try:
        return fitted(info, value)
    except Unfit as error:
        if error.is_kind:
            raise Rejected("malformed", f"{name} {error}") from None
        raise Rejected("out-of-range", f"{name} {error}", f"{rule}.{name}") from None


def _known(name: str, wanted: Mapping[str, ArgumentInfo]) -> str:
    near = difflib.get_close_matches(name, wanted, n=1)
    if near:
        return f" - did you mean '{near[0]}'?"
    return f" (it takes: {', '.join(wanted)})" if wanted else ": it takes no args"


def _named(name: str) -> str:
    return f"'{name[:SHOWN_CHARS]}'"
