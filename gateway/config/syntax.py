"""What the YAML parser refuses, in words for people."""

from __future__ import annotations

import re
from typing import NamedTuple

import yaml

from gateway.config.diagnostics import Findings, Span
from gateway.config.source import Source, mask_by_name

UNREADABLE = re.compile("^\ufeff|[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that YAML does not allow, and a second byte order mark. YAML 1.2.2, 5.1 and 5.2."""


class _Rule(NamedTuple):
    """How a problem of the parser begins, what to say, and whether it is shown where its context begins."""

    problem: str
    message: str
    at_context: bool = False
    related: str = ""


_RULES = (
    _Rule("did not find expected ',' or '}'", "expected ',' or '}' here", related="in the mapping opened here"),
    _Rule("expected ',' or '}'", "expected ',' or '}' here", related="in the mapping opened here"),
    _Rule("did not find expected ',' or ']'", "expected ',' or ']' here", related="in the list opened here"),
    _Rule("expected ',' or ']'", "expected ',' or ']' here", related="in the list opened here"),
    _Rule("found unexpected end of stream", "the quote opened here is never closed", at_context=True),
    _Rule("found unexpected document", "the quote opened here is never closed", at_context=True),
    _Rule(
        "mapping values are not allowed",
        "': ' where a value has begun - quote the text, or check indentation and the space after each colon",
    ),
    _Rule("did not find expected key", "this line does not line up with the lines above - check the indentation"),
    _Rule("did not find expected '-'", "a list's lines all begin with '-' - check the indentation"),
    _Rule("expected <block end>", "this line does not line up with the lines above - check the indentation"),
    _Rule("could not find expected ':'", "expected 'key: value' here - is the colon or the space after it missing?"),
    _Rule("found unknown escape", "an unknown escape in double quotes - write \\\\ for a backslash, or single quotes"),
    _Rule("did not find expected node content", "expected a value here"),
    _Rule("expected the node content", "expected a value here"),
    _Rule("did not find expected <document start>", "the document ended above; this line does not belong to it"),
    _Rule("expected '<document start>'", "the document ended above; this line does not belong to it"),
)


def report(error: yaml.YAMLError, source: Source, findings: Findings) -> None:
    """Turn the parser's error into a diagnostic; the values of secrets on the lines shown are masked."""
    mask_by_name(source)
    if not isinstance(error, yaml.MarkedYAMLError):
        findings.add("E102", "the YAML parser refuses this file", _span(source, 0))
        return
    problem = error.problem or error.context or "not YAML"
    at = _index(error.problem_mark, error.context_mark)
    if source.text[at - 1 : at + 1] == "${":
        message = 'a reference inside { } or [ ] must be quoted - write "${...}" with the quotes'
        findings.add("E102", message, Span(source, at - 1, _reference_end(source.text, at)))
    elif problem.startswith("found character"):
        findings.add("E102", _bad_start(source.text[at : at + 1]), _span(source, at))
    else:
        _by_rule(problem, error, source, findings)


def _by_rule(problem: str, error: yaml.MarkedYAMLError, source: Source, findings: Findings) -> None:
    at = _index(error.problem_mark, error.context_mark)
    opened = _index(error.context_mark, error.problem_mark)
    for rule in _RULES:
        if problem.startswith(rule.problem):
            related = (_span(source, opened), rule.related) if rule.related else None
            findings.add("E102", rule.message, _span(source, opened if rule.at_context else at), related)
            return
    findings.add("E102", re.sub(r" *'.*", "", problem), _span(source, at))


def _bad_start(character: str) -> str:
    if character == "\t":
        return "a tab may not indent YAML - use spaces"
    return f"'{character}' may not begin a bare text - quote the text" if character else "expected a value here"


def _index(*marks: yaml.Mark | None) -> int:
    return next((mark.index for mark in marks if mark is not None), 0)


def _span(source: Source, at: int) -> Span:
    return Span(source, at, at + 1)


def _reference_end(text: str, at: int) -> int:
    closed = text.find("}", at)
    return closed + 1 if closed >= 0 else at + 1
