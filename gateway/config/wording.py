"""pydantic's errors in words for people. Values are never repeated: the line is shown, and it may be masked."""

from __future__ import annotations

import re
from typing import Any

from gateway.adapter import IDENTIFIER, PERCENTAGE
from gateway.config.diagnostics import did_you_mean
from gateway.config.models import POINT_CHOICE
from gateway.config.unions import Fault
from gateway.units import UnitError

_TYPES = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "dict_type": "a mapping (key: value)",
    "mapping_type": "a mapping (key: value)",
    "model_type": "a mapping (key: value)",
    "model_attributes_type": "a mapping (key: value)",
    "list_type": "a list ([a, b])",
    "tuple_type": "a list ([a, b])",
    "set_type": "a list ([a, b])",
    "frozen_set_type": "a list ([a, b])",
    "none_required": "nothing",
}

_BOUNDS = {
    "greater_than": "must be greater than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than": "must be less than {lt}",
    "less_than_equal": "must be at most {le}",
    "multiple_of": "must be a multiple of {multiple_of}",
    "finite_number": "must be a finite number",
    "string_too_short": "must have at least {min_length} characters",
    "string_too_long": "must have at most {max_length} characters",
    "too_short": "must have at least {min_length} entries",
    "too_long": "must have at most {max_length} entries",
    "string_pattern_mismatch": "does not follow the pattern {pattern}",
}

_CODES = {
    "range_order": "E134",
    "limits_order": "E135",
    "enum_label": "E136",
    "reconnect_order": "E137",
    "zero_duration": "E138",
    "phase_beyond_period": "E139",
    "unknown_timezone": "E140",
    "no_such_file": "E141",
    "duration_bounds": "E107",
    "size_bounds": "E107",
    "password_alone": "E142",
    "clock_source": "E107",
    "topic_template": "E160",
    "topic_collision": "E161",
    "tls_pair": "E165",
    "tls_unspoken": "E166",
    "proxy_url": "E167",
    "alpn": "E107",
    "host_name": "E107",
    "hub_connection_string": "E168",
    "hub_identity": "E169",
    "symmetric_key": "E170",
    "hub_name": "E171",
    "two_keys": "E169",
    "hub_address": "E172",
}
"""Errors that our own validators raise, by their type."""

_BAD_ID = "this cannot be an id - ids consist of 1 to 64 of the characters A-Z a-z 0-9 _ -"

_PATTERNS = {
    IDENTIFIER: ("E118", _BAD_ID),
    PERCENTAGE: ("E107", "must be a number or a percentage, like 2%"),
    POINT_CHOICE: ("E107", "must be POINT or DEVICE.POINT, where * stands for any text"),
}


def bad_value(fault: Fault, data: Any) -> tuple[str, str]:
    """A code and a sentence for a value that is refused."""
    if fault.expected:
        return "E106", _wrong_type(fault.expected, data)
    if fault.type in _CODES:
        return _CODES[fault.type], fault.message
    if fault.type == "value_error":
        code = "E130" if isinstance(fault.context.get("error"), UnitError) else "E119"
        return code, " ".join(fault.message.removeprefix("Value error, ").split())
    if fault.type in ("literal_error", "enum"):
        return "E107", _not_allowed(str(fault.context.get("expected", "")), data)
    if fault.type == "union_tag_invalid":
        tags = str(fault.context.get("expected_tags", ""))
        return "E107", _not_allowed(" or ".join(tags.rsplit(", ", 1)), fault.context.get("tag"))
    if fault.type == "union_tag_not_found":
        return "E105", f"missing required key '{fault.tag_key}'"
    if fault.context.get("pattern") in _PATTERNS:
        return _PATTERNS[fault.context["pattern"]]
    if fault.context.get("min_length") == 1:
        return "E107", "must not be empty"
    if fault.type in _BOUNDS:
        return "E107", _BOUNDS[fault.type].format(**fault.context)
    return "E119", " ".join(fault.message.split())


def bad_key(fault: Fault) -> tuple[str, str]:
    """A code and a sentence for a key that is refused."""
    if fault.type == "string_type":
        return "E106", "expected a text as key, found a number - quote it"
    if fault.type in _TYPES:
        return "E106", f"expected {_TYPES[fault.type]} as key"
    code, message = bad_value(fault, None)
    return (code, message) if code == "E118" else (code, f"key {message}")


def is_id(text: object) -> bool:
    """Whether it may be the id of a link, device, endpoint, point or gateway."""
    return isinstance(text, str) and re.fullmatch(IDENTIFIER, text) is not None


def bad_id() -> str:
    """The sentence for what is no id."""
    return _BAD_ID


def found(data: Any) -> str:
    """What kind of value this is."""
    if data is None:
        return "nothing"
    if isinstance(data, bool):
        return "true or false"
    if isinstance(data, int | float):
        return "a number"
    if isinstance(data, dict):
        return "a mapping"
    return "a list" if isinstance(data, list) else "text"


def _wrong_type(kinds: tuple[str, ...], data: Any) -> str:
    wanted = list(dict.fromkeys(_TYPES.get(kind, kind.removesuffix("_type").replace("_", " ")) for kind in kinds))
    if "a number" in wanted and "a whole number" in wanted:
        wanted.remove("a whole number")
    alternatives = " or ".join([", ".join(wanted[:-1]), wanted[-1]] if len(wanted) > 1 else wanted)
    kind = "a decimal number" if isinstance(data, float) and wanted == ["a whole number"] else found(data)
    message = f"expected {alternatives}, found {kind}"
    if "text" in wanted and isinstance(data, bool | int | float):
        return f"{message} - quote it"
    if isinstance(data, str) and wanted[0] in ("true or false", "a number", "a whole number") and len(wanted) == 1:
        return f"{message} - is it quoted?" if _is_literal(data, wanted[0]) else message
    return message


def _is_literal(text: str, wanted: str) -> bool:
    return text in ("true", "false") if wanted == "true or false" else bool(re.fullmatch(r"[-+]?\d+(\.\d+)?", text))


def _not_allowed(expected: str, data: Any) -> str:
    near = did_you_mean(data, re.findall(r"'([^']*)'", expected)) if isinstance(data, str) else ""
    return f"must be {expected}{near}"
