"""A piece of a file against its model: an instance, or every error where it stands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from gateway.config import shapes, unions, wording
from gateway.config.diagnostics import Findings, Span, quoted, suggestion
from gateway.config.nodes import BROKEN, Node
from gateway.config.shapes import Shape
from gateway.config.unions import Fault

ModelT = TypeVar("ModelT", bound=BaseModel)


@dataclass(frozen=True)
class Piece:
    """A part of a file that has a model: its node, the place of its key, its data, and the files' directory."""

    node: Node
    own: Span
    filled: Any


def validate(piece: Piece, model: type[ModelT], findings: Findings) -> ModelT | None:
    """The piece as an instance of its model; None where it has errors, which are then among the findings."""
    context = {"directory": piece.node.source.path.parent.absolute()}
    try:
        instance = model.model_validate(piece.filled, context=context)
    except ValidationError as error:
        _Report(piece, shapes.shape(model), findings).all(error)
        return None
    return None if piece.node.broken else instance


class _Report:
    """Turns the errors of one piece into findings."""

    def __init__(self, piece: Piece, expected: Shape, findings: Findings) -> None:
        self._piece = piece
        self._expected = expected
        self._findings = findings

    def all(self, error: ValidationError) -> None:
        """Report each error once, without those that follow from another."""
        faults = unions.resolve([unions.fault(each, self._piece.filled) for each in error.errors(include_url=False)])
        faults = [each for each in faults if not self._is_known(each.path)]
        meant = {(each.path[:-1], self._meant(each)) for each in faults if each.type == "extra_forbidden"}
        for each in faults:
            if each.type != "missing" or (each.path[:-1], each.path[-1]) not in meant:
                self._one(each)

    def _is_known(self, path: tuple[Any, ...]) -> bool:
        """Whether the value, or one around it, has its diagnostic already."""
        data = self._piece.filled
        for key in path:
            if not _has(data, key):
                break
            data = data[key]
        return data is BROKEN

    def _one(self, fault: Fault) -> None:
        if fault.type == "missing":
            message = f"missing required key {quoted(fault.path[-1])}"
            self._findings.add("E105", message, self._key_span(fault.path[:-1]))
        elif fault.type == "too_short" and self._node(fault.path).broken:
            return
        elif fault.type in ("extra_forbidden", "invalid_key"):
            self._unknown(fault)
        elif fault.at_key:
            code, message = wording.bad_key(fault)
            self._findings.add(code, message, self._key_span(fault.path))
        else:
            code, message = wording.bad_value(fault, self._data(fault.path))
            self._findings.add(code, message, self._value_span(fault))

    def _unknown(self, fault: Fault) -> None:
        node = self._node(fault.path)
        span = self._key_span(fault.path)
        if node.start == node.end and span.source.is_masked(span.start):
            message = "a key without a value - if it is part of a text with a comma, quote the text"
        else:
            meant = self._meant(fault)
            message = f"unknown key {quoted(fault.path[-1])}" + (f" - did you mean {quoted(meant)}?" if meant else "")
        self._findings.add("E104", message, span)

    def _meant(self, fault: Fault) -> str | None:
        """The key that a misspelt one stands for, if that one is still free."""
        *above, key = fault.path
        expected = self._expected
        for part in above:
            expected = shapes.below(expected, part)
        taken = self._data(tuple(above))
        known = [name for name in shapes.known_keys(expected) if not _has(taken, name)]
        return suggestion(key, known)

    def _data(self, path: tuple[Any, ...]) -> Any:
        data = self._piece.filled
        for key in path:
            data = data[key]
        return data

    def _node(self, path: tuple[Any, ...]) -> Node:
        node = self._piece.node
        for key in path:
            node = node.children[key]
        return node

    def _key_span(self, path: tuple[Any, ...]) -> Span:
        return self._node(path[:-1]).key_span(path[-1]) if path else self._piece.own

    def _value_span(self, fault: Fault) -> Span:
        path = fault.path
        if fault.tag_key is not None and _has(self._data(path), fault.tag_key):
            return self._node(path).value_span(fault.tag_key)
        return self._node(path[:-1]).value_span(path[-1]) if path else self._piece.own


def _has(data: Any, key: Any) -> bool:
    if isinstance(data, dict):
        return key in data
    return isinstance(data, list) and isinstance(key, int) and key < len(data)
