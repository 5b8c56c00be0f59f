"""pydantic's errors with the branches of unions sorted out: only what was meant is reported."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

_OTHER_TYPE = "other_type"
"""A fault that stands for all branches of a union, none of which takes this type of value."""

_KEY = "[key]"


@dataclass(frozen=True)
class Fault:
    """One error of pydantic, at a path into the data.

    `branch`: where in the path a union's branch was chosen, and which. `expected`: the types that were possible.
    """

    type: str
    path: tuple[Any, ...]
    message: str
    context: Mapping[str, Any] = field(default_factory=dict)
    at_key: bool = False
    branch: tuple[int, str] | None = None
    expected: tuple[str, ...] = ()

    @property
    def tag_key(self) -> str | None:
        """The key that chooses among a union's branches, where that choice is the error."""
        found = self.context.get("discriminator") if self.type.startswith("union_tag") else None
        return str(found).strip("'") if found else None


def fault(error: Any, data: Any) -> Fault:
    """An error of pydantic, its location freed of the names of branches."""
    path: list[Any] = []
    branch: tuple[int, str] | None = None
    location = [part for part in error["loc"] if part != _KEY]
    for number, part in enumerate(location):
        is_last = number == len(location) - 1
        if _is_child(data, part):
            data = data[part]
            path.append(part)
        elif is_last and error["type"] == "missing":
            path.append(part)
        elif branch is None:
            branch = (len(path), str(part))
    at_key = bool(error["loc"]) and error["loc"][-1] == _KEY
    kind = str(error["type"])
    types = (kind,) if _is_type(kind) else ()
    return Fault(kind, tuple(path), str(error["msg"]), error.get("ctx", {}), at_key, branch, types)


def resolve(faults: Iterable[Fault]) -> list[Fault]:
    """Of the branches of each union those faults that belong to the one that was meant."""
    unions: dict[tuple[Any, ...], dict[str, list[Fault]]] = {}
    for each in faults:
        union = (each.path[: each.branch[0]], True) if each.branch else (each.path, each.at_key, each.type, id(each))
        unions.setdefault(union, {}).setdefault(each.branch[1] if each.branch else "", []).append(each)
    return [each for branches in unions.values() for each in _meant(list(branches.values()))]


def _meant(branches: list[list[Fault]]) -> list[Fault]:
    if len(branches) == 1:
        return branches[0]
    right_type = [branch for branch in branches if not any(_refuses_type(each) for each in branch)]
    if right_type:
        return min(right_type, key=len)
    first = branches[0][0]
    types = tuple(dict.fromkeys(each.type for branch in branches for each in branch))
    path = first.path[: first.branch[0]] if first.branch else first.path
    return [Fault(_OTHER_TYPE, path, first.message, expected=types)]


def _refuses_type(each: Fault) -> bool:
    return each.branch is not None and len(each.path) == each.branch[0] and _is_type(each.type)


def _is_type(kind: str) -> bool:
    return kind.endswith("_type") or kind == "int_from_float"


def _is_child(data: Any, key: Any) -> bool:
    if isinstance(data, dict):
        return key in data
    return isinstance(data, list) and isinstance(key, int) and key < len(data)
