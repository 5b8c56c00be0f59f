"""What adapters and endpoints make of a valid configuration, as findings where it stands."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from gateway.adapter import Advice, AdviceKind
from gateway.config.diagnostics import Findings, Span
from gateway.config.files import Collection
from gateway.config.site import LinkSetup

CODES_OF: Mapping[AdviceKind, str] = {
    "unreachable": "E146",
    "impossible": "E148",
    "port-name": "W207",
    "overload": "W208",
    "address": "W209",
    "exposed": "W220",
    "other": "W210",
    "expiry": "W223",
    "certificate": "W224",
}


def advise(
    findings: Findings,
    asked: Callable[[Any, Mapping[str, Any]], Iterable[Advice]],
    name: str,
    link: LinkSetup,
    groups: Mapping[str, Collection],
) -> None:
    """Note what an adapter says of a link and the devices on it."""
    for advice in asked(link.config, link.devices):
        if advice.device is not None and advice.device in link.devices:
            place = _place(groups["devices"], advice.device, advice.path)
        else:
            place = _place(groups["links"], name, advice.path if advice.device is None else ())
        findings.add(CODES_OF.get(advice.kind, CODES_OF["other"]), advice.text, place)


def advise_endpoint(findings: Findings, advice: Iterable[Advice], name: str, groups: Mapping[str, Collection]) -> None:
    """Note what an endpoint says of itself."""
    for each in advice:
        findings.add(
            CODES_OF.get(each.kind, CODES_OF["other"]), each.text, _place(groups["endpoints"], name, each.path)
        )


def _place(group: Collection, key: str, path: Iterable[str]) -> Span:
    """The last value on the path that the file has."""
    node, span = group.entries[key], group.keys[key].span
    for part in path:
        if part not in node.children:
            break
        span = node.value_span(part)
        node = node.children[part]
    return span
