"""References into values, each read as the field that it stands in wants it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gateway.config import scalars, shapes
from gateway.config.diagnostics import Findings
from gateway.config.nodes import BROKEN, Node
from gateway.config.references import Template
from gateway.config.secrets import References
from gateway.config.shapes import Shape
from gateway.config.stamp import Stamp

LITERAL_SECRET = "(literal)"  # noqa: S105 - what stands for a secret, not one
"""Stands for a secret that is written out, in what is hashed."""


class Filler:
    """Fills in references and looks after secrets that are written out."""

    def __init__(self, references: References, findings: Findings) -> None:
        self._references = references
        self._findings = findings
        self.secrets: set[str] = set()

    @property
    def secret_files(self) -> Mapping[Path, Stamp | None]:
        """Where secrets came from, as those were just before they were read."""
        return self._references.files

    def fill(self, node: Node, expected: Shape) -> Any:
        """The node's data with every reference resolved; BROKEN where one could not be."""
        if shapes.is_secret(expected):
            return self._secret(node)
        if not node.pending and not shapes.holds_secrets(expected):
            return node.data
        if isinstance(node.data, dict):
            self._mask_unknown(node, expected)
            return {key: self.fill(child, shapes.below(expected, key)) for key, child in node.children.items()}
        if isinstance(node.data, list):
            return [self.fill(child, shapes.below(expected, index)) for index, child in node.children.items()]
        return self._plain(node, expected) if isinstance(node.data, Template) else node.data

    def value(self, node: Node | None) -> Any:
        """The value of a lone scalar that holds no secret."""
        return None if node is None else self.fill(node, (str,))

    def _plain(self, node: Node, expected: Shape) -> Any:
        template: Template = node.data
        if not expected:
            return template
        if any(reference.scheme != "env" for reference in template.references):
            message = "${secret:} and ${file:} may only stand in a field that holds a secret, such as a password"
            self._findings.add("E153", message, node.span)
            return BROKEN
        text = self._references.text(template, node.span)
        if text is None:
            return BROKEN
        return text if shapes.wants_text(expected) or not template.whole else scalars.resolve_leniently(text)

    def _secret(self, node: Node) -> Any:
        self.hide(node)
        if not isinstance(node.data, Template):
            if isinstance(node.data, str):
                message = 'a secret stands in the configuration - write "${secret:name}" and put it into secrets.yaml'
                self._findings.add("W203", message, node.span)
                self.secrets.add(node.data)
            return node.data
        text = self._references.text(node.data, node.span)
        if text is None:
            return BROKEN
        self._findings.scrub(text)
        self.secrets.add(text)
        return text

    def _mask_unknown(self, node: Node, expected: Shape) -> None:
        """Beside a field for a secret, an unknown key may be its misspelling: its value is not shown.

        Nor is what follows up to the next key with a colon: in { } a comma may have cut the secret in two.
        """
        if not any(True for _ in shapes.secret_names(expected)):
            return
        known = shapes.known_keys(expected)
        starts = [key.start for key in node.keys.values() if not key.is_bare_key]
        for name, child in node.children.items():
            if name not in known:
                self.hide(child)
                rest_end = min((start for start in starts if start > child.end), default=node.end - 1)
                if node.source.text[child.end : rest_end].strip(", \t\r\n"):
                    node.source.mask(child.end, rest_end)

    def hide(self, node: Node) -> None:
        """Never show what stands here, unless it is a reference."""
        if isinstance(node.data, Template) and not node.data.holds_literals:
            return
        node.source.mask(node.start, node.end)
        for child in (*node.children.values(), *node.keys.values()):
            self.hide(child)
        if isinstance(node.data, str):
            self._findings.scrub(node.data)


def canonical(node: Node, filled: Any, expected: Shape) -> Any:
    """Filled data for hashing: no secrets in it, and no order of keys."""
    if shapes.is_secret(expected):
        data = node.data
        return data.raw if isinstance(data, Template) and not data.holds_literals else LITERAL_SECRET
    if not shapes.holds_secrets(expected):
        return _ordered(filled)
    if isinstance(filled, dict):
        return sorted(
            [repr(key), canonical(node.children[key], value, shapes.below(expected, key))]
            for key, value in filled.items()
        )
    if isinstance(filled, list):
        return [
            canonical(node.children[index], value, shapes.below(expected, index)) for index, value in enumerate(filled)
        ]
    return repr(filled)


def _ordered(data: Any) -> Any:
    if isinstance(data, dict):
        return sorted([repr(key), _ordered(value)] for key, value in data.items())
    return [_ordered(value) for value in data] if isinstance(data, list) else repr(data)
