"""YAML text to nodes, with PyYAML's parser and our own reading of scalars, keys and aliases."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import yaml

from gateway.config import references, scalars, syntax
from gateway.config.diagnostics import Findings, Span, quoted
from gateway.config.nodes import BROKEN, Node
from gateway.config.source import Source, is_secret_name, mask_by_name

MAX_DEPTH = 50
"""Levels; a real configuration has seven or so."""

MAX_VALUES = 1_000_000
"""Values after all aliases are expanded: a hundred times the largest real site, and little enough to hold."""

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_CORE = "tag:yaml.org,2002:"
_SCALAR_TAGS = frozenset(_CORE + name for name in ("int", "float", "bool", "null"))
_FAMILIAR_TAGS = {
    "!include": "name the file under the top-level key 'include:'",
    "!include_dir_merge_named": "name the files under the top-level key 'include:'",
    "!secret": 'write "${secret:name}"',
    "!env_var": 'write "${env:NAME}"',
    "!env": 'write "${env:NAME}"',
}


def compose(source: Source, findings: Findings) -> Node | None:
    """The one document of a file; None where it has none or cannot be parsed, which is then among the findings."""
    if unreadable := syntax.UNREADABLE.search(source.text):
        at = unreadable.start()
        findings.add("E101", f"control character U+{ord(unreadable[0]):04X} in the file", Span(source, at, at + 1))
        return None
    try:
        return _Composer(source, findings).document()
    except yaml.YAMLError as error:
        syntax.report(error, source, findings)
    except _Abandoned:
        mask_by_name(source)
    return None


class _Abandoned(Exception):
    """What follows cannot be read; the finding is there already."""


class _Composer:
    """Builds the nodes of one file from the parser's events."""

    def __init__(self, source: Source, findings: Findings) -> None:
        self._source = source
        self._findings = findings
        self._anchors: dict[str, Node | None] = {}
        self._events: Iterator[Any] = yaml.parse(source.text, Loader=_LOADER)
        self._depth = 0

    def document(self) -> Node | None:
        self._next()
        if isinstance(self._next(), yaml.StreamEndEvent):
            return None
        node = self._node(self._next())
        self._next()
        if not isinstance(event := self._next(), yaml.StreamEndEvent):
            self._findings.add("E109", "a second document begins here", self._span(event))
        return node

    def _next(self) -> Any:
        return next(self._events)

    def _node(self, event: Any) -> Node:
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event)
        if event.anchor is not None:
            self._anchors[event.anchor] = None
        node = self._scalar(event) if isinstance(event, yaml.ScalarEvent) else self._collection(event)
        if event.anchor is not None:
            self._anchors[event.anchor] = node
        return node

    def _scalar(self, event: Any) -> Node:
        start, end, text = event.start_mark.index, event.end_mark.index, event.value
        plain = event.implicit[0] or event.tag in _SCALAR_TAGS
        if event.tag is not None and not plain and event.tag not in (_CORE + "str", "!"):
            return self._broken(event, "E114", _unknown_tag(event.tag))
        if "${" in text:
            return self._reference(event, text)
        value = scalars.resolve(text) if plain else text
        if isinstance(value, scalars.Trap):
            return self._broken(event, value.code, value.message)
        return Node(self._source, start, end, value)

    def _reference(self, event: Any, text: str) -> Node:
        try:
            value = references.parse(text)
        except references.MalformedReference as error:
            return self._broken(event, "E150", str(error))
        pending = isinstance(value, references.Template)
        return Node(self._source, event.start_mark.index, event.end_mark.index, value, pending=pending)

    def _collection(self, event: Any) -> Node:
        if event.tag is not None and event.tag not in (_CORE + "map", _CORE + "seq", "!"):
            self._findings.add("E114", _unknown_tag(event.tag), self._span(event))
        if self._depth == MAX_DEPTH:
            self._findings.add("E116", f"nested more than {MAX_DEPTH} levels deep", self._span(event))
            raise _Abandoned
        self._depth += 1
        fill = self._mapping if isinstance(event, yaml.MappingStartEvent) else self._sequence
        node = fill(Node(self._source, event.start_mark.index, event.end_mark.index, None))
        self._depth -= 1
        if node.size > MAX_VALUES:
            self._findings.add("E116", f"aliases expand to more than {MAX_VALUES} values", self._span(event))
            raise _Abandoned
        return node

    def _sequence(self, node: Node) -> Node:
        data: list[Any] = []
        while not isinstance(event := self._next(), yaml.SequenceEndEvent):
            item = self._node(event)
            node.adopt(len(data), item)
            data.append(item.data)
        node.end = self._end(event)
        node.data = data
        return node

    def _mapping(self, node: Node) -> Node:
        data: dict[Any, Any] = {}
        merged: list[Node] = []
        secret = False
        while not isinstance(event := self._next(), yaml.MappingEndEvent):
            key, value = self._node(event), self._node(self._next())
            secret = self._mask_secret(key, value, secret)
            if _is_merge(event):
                merged += self._mergeable(value)
            elif self._usable(key, event) and self._first(key, node):
                node.keys[key.data] = key
                node.adopt(key.data, value)
                data[key.data] = value.data
            else:
                node.broken = True
        node.end = self._end(event)
        node.data = data
        for other in merged:
            _merge(other, node)
        return node

    def _mask_secret(self, key: Node, value: Node, after_secret: bool) -> bool:
        """Hide what stands under a secret's name, and what a comma in it made a key of."""
        if after_secret and (not isinstance(key.data, str) or (value.start == value.end and key.is_bare_key)):
            self._source.mask(key.start, max(key.end, value.end))
        elif not isinstance(key.data, str) or not is_secret_name(key.data):
            return False
        elif value.data != "$" and not (isinstance(value.data, references.Template) and not value.data.holds_literals):
            self._source.mask(value.start, value.end)
        return True

    def _usable(self, key: Node, event: Any) -> bool:
        if key.data is BROKEN:
            return False
        if isinstance(event, yaml.ScalarEvent) and isinstance(key.data, references.Template):
            key.data = event.value
        if isinstance(key.data, str | int):
            return True
        self._findings.add("E117", "this cannot be a key - keys are texts or whole numbers", key.span)
        return False

    def _first(self, key: Node, node: Node) -> bool:
        if key.data not in node.keys:
            return True
        first = node.keys[key.data]
        self._findings.add("E108", f"key {quoted(key.data)} occurs twice", key.span, (first.span, "first defined here"))
        return False

    def _mergeable(self, value: Node) -> list[Node]:
        values = list(value.children.values()) if isinstance(value.data, list) else [value]
        if all(isinstance(each.data, dict) for each in values):
            return values
        self._findings.add("E115", "'<<' takes a mapping or a list of mappings", value.span)
        return []

    def _alias(self, event: Any) -> Node:
        node = self._anchors.get(event.anchor)
        if node is not None:
            return node
        if event.anchor in self._anchors:
            return self._broken(event, "E115", "an alias that contains itself")
        return self._broken(event, "E115", "an alias without an anchor before it - quote the text if text is meant")

    def _broken(self, event: Any, code: str, message: str) -> Node:
        self._findings.add(code, message, self._span(event))
        return Node(self._source, event.start_mark.index, event.end_mark.index, BROKEN, broken=True)

    def _end(self, event: Any) -> int:
        return int(event.end_mark.index)

    def _span(self, event: Any) -> Span:
        return Span(self._source, event.start_mark.index, event.end_mark.index)


def _is_merge(event: Any) -> bool:
    return isinstance(event, yaml.ScalarEvent) and event.value == "<<" and bool(event.implicit[0])


def _merge(other: Node, node: Node) -> None:
    """Take over what the mapping does not say itself; the first of several merged mappings wins."""
    for key, value in other.children.items():
        if key not in node.children:
            node.keys[key] = other.keys[key]
            node.adopt(key, value)
            node.data[key] = value.data


def _unknown_tag(tag: str) -> str:
    """Names only well-known tags: what follows an exclamation mark may be somebody's password."""
    if hint := _FAMILIAR_TAGS.get(tag):
        return f"the tag {tag} is not used here - {hint}"
    return "tags are not used here - quote a text that begins with '!'; files come in by 'include:'"
