"""What an endpoint chooses of the devices and their points, and whether there is any such thing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase, translate
from functools import lru_cache
from typing import Any, NamedTuple

from gateway.adapter import DeviceConfig
from gateway.config.diagnostics import Findings, Span, did_you_mean, quoted
from gateway.config.files import Collection
from gateway.config.models import EndpointConfig
from gateway.config.nodes import Node
from gateway.config.site import EndpointSetup

ANY = "*"


def chosen_points(endpoint: EndpointConfig, device: str, points: Iterable[str]) -> list[str]:
    """Those of a device's points whose readings an endpoint wants, in their order."""
    if endpoint.points is None:
        return list(points)
    wanted = _any_of(tuple(point for owner, point in map(_parts, endpoint.points) if fnmatchcase(device, owner)))
    return [point for point in points if wanted.fullmatch(point)]


def check_choices(
    findings: Findings,
    endpoints: Mapping[str, EndpointSetup],
    devices: Mapping[str, DeviceConfig[Any]],
    groups: Mapping[str, Collection],
    *,
    complete: bool,
) -> None:
    """Note what endpoints choose that is not there, or that contradicts itself; `complete`: every file was read."""
    known = groups["devices"].entries
    for key, setup in endpoints.items():
        node = groups["endpoints"].entries[key]
        _check_contradictions(findings, setup.config, node, devices)
        if complete:
            _check_devices(findings, setup.config, node, known)
        if complete and known.keys() == devices.keys():
            _check_points(findings, setup.config, node, devices)


class _Choice(NamedTuple):
    """An entry of a list, and where it stands."""

    text: str
    where: Span


def _choices(node: Node, key: str, values: Sequence[str] | None) -> list[_Choice]:
    listed = node.children.get(key)
    if values is None or listed is None:
        return []
    places = [listed.value_span(at) if at in listed.children else listed.span for at in range(len(values))]
    return [_Choice(text, where) for text, where in zip(values, places, strict=True)]


def _check_contradictions(
    findings: Findings, config: EndpointConfig, node: Node, devices: Mapping[str, DeviceConfig[Any]]
) -> None:
    only = config.only
    if only is None or "only" not in node.children:
        return
    if "readings" not in only:
        if config.report is not None:
            message = "report says when readings go there, and only leaves them out: remove one of the two"
            findings.add("E174", message, node.key_span("report"))
        if config.points is not None and "births" not in only:
            message = "points chooses among readings and in births, and only leaves both out: remove one of the two"
            findings.add("E174", message, node.key_span("points"))
    if set(only) == {"results"} and not config.commands and all(d.on_uplink_lost is None for d in devices.values()):
        message = "only results go there, and without commands there are none: allow commands, or say what else goes"
        findings.add("E174", message, node.value_span("only"))


def _check_devices(findings: Findings, config: EndpointConfig, node: Node, known: Mapping[str, object]) -> None:
    for text, where in _choices(node, "devices", config.devices):
        if text not in known:
            findings.add("E173", f"no device {quoted(text)}{did_you_mean(text, known)}", where)


def _check_points(
    findings: Findings, config: EndpointConfig, node: Node, devices: Mapping[str, DeviceConfig[Any]]
) -> None:
    wanted = {name: device for name, device in devices.items() if config.devices is None or name in config.devices}
    points = {name: device.points for name, device in wanted.items()}
    for text, where in _choices(node, "points", config.points):
        owner, point = _parts(text)
        owners = [name for name in points if fnmatchcase(name, owner)]
        if not owners and wanted:
            about = " that goes there" if any(fnmatchcase(name, owner) for name in devices) else ""
            findings.add("E175", f"no device {quoted(owner)}{about}{did_you_mean(owner, wanted)}", where)
        elif owners and not any(_may_have(points[name], point) for name in owners):
            names = list(dict.fromkeys(each for name in owners for each in points[name]))
            of = f"{quoted(owner)} has no point" if owner != ANY else "no device that goes there has a point"
            findings.add("E175", f"{of} {quoted(point)}{did_you_mean(point, names)}", where)


def _may_have(points: object, pattern: str) -> bool:
    """Whether some point matches; points that are not known, or only learned from the device, may."""
    if not isinstance(points, Mapping) or not points:
        return True
    return any(fnmatchcase(name, pattern) for name in points)


def _parts(pattern: str) -> tuple[str, str]:
    """Of DEVICE.POINT, or of POINT, which is of any device."""
    owner, dot, point = pattern.partition(".")
    return (owner, point) if dot else (ANY, owner)


@lru_cache(maxsize=256)
def _any_of(patterns: tuple[str, ...]) -> re.Pattern[str]:
    """Devices of one kind are chosen from alike: an expression for all of a device's patterns, or for none."""
    return re.compile("|".join(map(translate, patterns)) if patterns else r"(?!)")
