"""What a model expects at a path: for choosing how a reference is read, and for suggestions."""

from __future__ import annotations

import types
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, SecretStr

Shape = tuple[Any, ...]
"""The alternatives of a field's type, without what only decorates them."""


@cache
def shape(annotation: Any) -> Shape:
    """The alternatives of an annotation."""
    return tuple(dict.fromkeys(_alternatives(annotation)))


def _alternatives(annotation: Any) -> Iterator[Any]:
    origin = get_origin(annotation)
    if origin is Annotated:
        yield from _alternatives(get_args(annotation)[0])
    elif origin is Union or origin is types.UnionType:
        for alternative in get_args(annotation):
            yield from _alternatives(alternative)
    elif hasattr(annotation, "__value__"):
        yield from _alternatives(annotation.__value__)
    elif isinstance(annotation, TypeVar):
        yield from _alternatives(annotation.__bound__ or Any)
    else:
        yield annotation


def below(parent: Shape, key: Any) -> Shape:
    """What is expected under a key or index."""
    return tuple(dict.fromkeys(found for alternative in parent for found in _below(alternative, key)))


def _below(alternative: Any, key: Any) -> Shape:
    if is_model(alternative):
        fields = _fields(alternative)
        return shape(fields[key]) if key in fields else ()
    origin, arguments = get_origin(alternative), get_args(alternative)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return shape(arguments[1])
    if origin is tuple and isinstance(key, int):
        item = arguments[0] if arguments[-1] is Ellipsis else arguments[min(key, len(arguments) - 1)]
        return shape(item)
    return shape(arguments[0]) if origin in (list, set, frozenset) else ()


@cache
def _fields(model: type[BaseModel]) -> dict[str, Any]:
    """What is expected, by the keys that people write."""
    return {field.alias or name: field.annotation for name, field in model.model_fields.items()}


def is_model(alternative: Any) -> bool:
    """Whether it is a pydantic model."""
    return isinstance(alternative, type) and issubclass(alternative, BaseModel)


def known_keys(parent: Shape) -> list[str]:
    """The keys that the models among the alternatives know."""
    return list(dict.fromkeys(name for each in parent if is_model(each) for name in _fields(each)))


def is_secret(leaf: Shape) -> bool:
    """Whether a field holds a secret."""
    return SecretStr in leaf


def wants_text(leaf: Shape) -> bool:
    """Whether a value from outside must stay text even if it looks like a number."""
    return any(each in (str, SecretStr, Path) for each in leaf) and not {bool, int, float, Any} & set(leaf)


@cache
def holds_secrets(parent: Shape) -> bool:
    """Whether a secret may stand anywhere in it."""
    return _holds_secrets(parent, set())


def _holds_secrets(parent: Shape, seen: set[Any]) -> bool:
    if is_secret(parent):
        return True
    for alternative in parent:
        if alternative in seen:
            continue
        seen.add(alternative)
        if is_model(alternative):
            inner = [shape(annotation) for annotation in _fields(alternative).values()]
        else:
            inner = [shape(argument) for argument in get_args(alternative) if not isinstance(argument, str | int)]
        if any(_holds_secrets(each, seen) for each in inner):
            return True
    return False


def secret_names(parent: Shape) -> Iterator[str]:
    """The names of the fields of its models that hold secrets."""
    for alternative in parent:
        if is_model(alternative):
            for name, annotation in _fields(alternative).items():
                if holds_secrets(shape(annotation)):
                    yield name
