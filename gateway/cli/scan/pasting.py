"""What a scan has found as YAML to paste: names for who has none, and what YAML would misread in quotes."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import yaml

LONGEST_NAME = 40
NO_ID = re.compile(r"[^A-Za-z0-9_]+")
WORDS = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})
"""No texts to YAML."""
HEX_KEYS = frozenset({"manufacturer"})
"""Numbers that people know in hex."""
QUOTED_KEYS = frozenset({"address", "radio", "service", "characteristic", "descriptor", "bus"})
"""Texts of hex digits: unquoted some of them are numbers to YAML."""


class _Hex(int):
    """A number in hex."""


class _Quoted(str):
    """A text in double quotes."""

    __slots__ = ()


class _Dumper(yaml.SafeDumper):
    """Knows these."""

    def ignore_aliases(self, _data: Any) -> bool:
        return True


_Dumper.add_representer(
    _Hex, lambda dumper, number: dumper.represent_scalar("tag:yaml.org,2002:int", f"0x{number:04X}")
)
_Dumper.add_representer(
    _Quoted, lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", str(text), style='"')
)


def entry(name: str, content: Mapping[str, Any]) -> Iterator[str]:
    """An entry of a section: a line for each of its keys."""
    yield f"{name}:"
    for key, value in content.items():
        yield f"  {key}: {_flow(_marked(key, value))}"


def line(name: str, content: Mapping[str, Any]) -> str:
    """The same on one line."""
    return f"{name}: {_flow(_marked(name, content))}"


def _flow(value: Any) -> str:
    text: str = yaml.dump(
        value, Dumper=_Dumper, sort_keys=False, default_flow_style=True, allow_unicode=True, width=sys.maxsize
    )
    return text.removesuffix("...\n").rstrip()


def named(found: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Each with an id that no other has: of its name, else of the end of its address."""
    taken: set[str] = set()
    for each in found:
        end = each["address"].replace(":", "")[-6:].lower()
        name = _id_of(each.get("name", ""))
        name = name if name and name not in taken else f"{name or 'ble'}-{end}"
        taken.add(name)
        yield name, each


def _id_of(text: str) -> str:
    """A part of it that can be an id and that YAML does not take for something else."""
    name = NO_ID.sub("-", text).strip("-").lower()[:LONGEST_NAME]
    return f"ble-{name}" if name and (name in WORDS or not name[0].isalpha()) else name


def _marked(key: str, value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _marked(name, each) for name, each in value.items()}
    if key in HEX_KEYS and isinstance(value, int):
        return _Hex(value)
    return _Quoted(value) if key in QUOTED_KEYS and isinstance(value, str) else value
