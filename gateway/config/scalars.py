"""Bare scalars by the core schema of YAML 1.2; what YAML 1.1 reads otherwise is a trap."""

from __future__ import annotations

import re
from typing import NamedTuple

Scalar = bool | int | float | str | None

LONGEST_NUMBER = 40
"""Digits: more than any 64-bit integer or double has."""

_WORDS: dict[str, Scalar] = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys(("null", "Null", "NULL", "~", ""), None),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan")),
    **dict.fromkeys((f"{sign}{word}" for sign in ("", "+") for word in (".inf", ".Inf", ".INF")), float("inf")),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), float("-inf")),
}
"""YAML 1.2.2, 10.3.2."""

_INT = re.compile(r"[-+]?[0-9]+")
_OCTAL = re.compile(r"0o[0-7]+")
_HEX = re.compile(r"0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")

_TRUTH_WORD = re.compile(r"(?i)yes|no|on|off")
_LEADING_ZERO = re.compile(r"[-+]?0[0-9]+")
_SEXAGESIMAL = re.compile(r"[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?")
_UNDERSCORES = re.compile(r"[-+]?[0-9][0-9_]*_[0-9_]*(\.[0-9_]*)?|[-+]?0x[0-9a-fA-F_]*_[0-9a-fA-F_]*")
_BINARY = re.compile(r"[-+]?0b[01_]+|[-+]0x[0-9a-fA-F_]+")


class Trap(NamedTuple):
    """A bare scalar that readers of YAML disagree about: a code and a sentence without the scalar in it."""

    code: str
    message: str


def resolve(text: str) -> Scalar | Trap:
    """The value of a bare scalar, or why it must be written in another way."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] in "+-.0123456789":
        return _number(text)
    if len(text) <= len("off") and _TRUTH_WORD.fullmatch(text):
        return Trap("E110", "a bare yes, no, on or off - write true or false, or quote it if text is meant")
    return text


def resolve_leniently(text: str) -> Scalar:
    """The value of a scalar that came from outside the file, where nothing could be quoted: a trap is text."""
    value = resolve(text)
    return text if isinstance(value, Trap) else value


def _number(text: str) -> Scalar | Trap:
    if trap := _number_trap(text):
        return trap
    if _INT.fullmatch(text):
        return int(text)
    if _OCTAL.fullmatch(text):
        return int(text, 0)
    if _HEX.fullmatch(text):
        return int(text, 0)
    if _FLOAT.fullmatch(text):
        number = float(text)
        return Trap("E113", "a number too large to be stored") if number in (float("inf"), float("-inf")) else number
    return text


def _number_trap(text: str) -> Trap | None:
    if _LEADING_ZERO.fullmatch(text):
        return Trap("E111", "a number with a leading zero - remove the zero, or quote it if text is meant")
    if _SEXAGESIMAL.fullmatch(text):
        return Trap("E112", "a bare number with colons - quote it if text is meant, or write a duration with its unit")
    if _UNDERSCORES.fullmatch(text):
        return Trap("E113", "underscores in a number - remove them, or quote it if text is meant")
    if _BINARY.fullmatch(text):
        return Trap("E113", "an ambiguous number - write it in plain decimal, or quote it if text is meant")
    if len(text) > LONGEST_NUMBER and (_INT.fullmatch(text) or _HEX.fullmatch(text) or _OCTAL.fullmatch(text)):
        return Trap("E113", "a number with too many digits - quote it if text is meant")
    return None
