"""Links, devices and endpoints: each against the models of what serves it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal, Self, TypeVar

from pydantic import ConfigDict, model_validator

from gateway.adapter import DeviceConfig, FailSafe, LinkConfig, PointConfig
from gateway.config.diagnostics import Findings, Place, Span, did_you_mean, quoted
from gateway.config.files import Collection, entries
from gateway.config.models import EndpointConfig, OutboxSection
from gateway.config.nodes import Node
from gateway.config.reader import Reader
from gateway.config.shared import SharedPoints
from gateway.config.site import AdapterModels, Catalog, EndpointSetup, Unavailable

InstalledT = TypeVar("InstalledT")


class _SomeLink(LinkConfig):
    """A link whose adapter is not known: what every link has."""

    model_config = ConfigDict(extra="ignore")


class _SomeDevice(DeviceConfig[PointConfig]):
    """A device whose adapter is not known: what every device has, apart from its points."""

    model_config = ConfigDict(extra="ignore")

    points: Any = None
    commands: Any = None
    on_uplink_lost: Any = None

    @model_validator(mode="after")
    def _commands_make_sense(self) -> Self:
        return self


class _SomeEndpoint(EndpointConfig):
    """An endpoint whose type is not known: what every endpoint has."""

    model_config = ConfigDict(extra="ignore")


def read_links(reader: Reader, catalog: Catalog, links: Collection) -> dict[str, LinkConfig]:
    """The links that have no errors."""
    good: dict[str, LinkConfig] = {}
    claims: dict[str, tuple[str, Span]] = {}
    for key, node, own in entries(links):
        name = reader.filler.value(node.children.get("adapter"))
        installed = _installed(reader, "adapter", catalog.adapters, name, _chosen_at(node, "adapter"))
        link = reader.checked(node, own, installed.link if installed else _SomeLink, f"links/{key}")
        if reader.is_id(key, own) and link is not None:
            good[key] = link
            _claim(reader, claims, link.exclusive, key, own, code="E147")
    return good


def read_devices(
    reader: Reader, catalog: Catalog, devices: Collection, links: Collection, all_links_known: bool
) -> dict[str, DeviceConfig[Any]]:
    """The devices that have no errors, each read by the adapter of its link."""
    good: dict[str, DeviceConfig[Any]] = {}
    points = SharedPoints()
    for key, node, own in entries(devices):
        link = reader.filler.value(node.children.get("link"))
        if isinstance(link, str) and link not in links.entries and all_links_known:
            message = f"no link {quoted(link)}{did_you_mean(link, links.entries)}"
            reader.findings.add("E131", message, node.value_span("link"))
        installed = _adapter_of(reader, catalog, links.entries.get(link) if isinstance(link, str) else None)
        device = reader.checked(node, own, installed.device if installed else _SomeDevice, f"devices/{key}")
        if reader.is_id(key, own) and device is not None:
            if installed is not None:
                points.share(device)
            good[key] = device
    return good


def read_endpoints(
    reader: Reader, catalog: Catalog, endpoints: Collection, outbox: OutboxSection
) -> dict[str, EndpointSetup]:
    """The endpoints that have no errors, each with the outbox settings that hold for it."""
    good: dict[str, EndpointSetup] = {}
    claims: dict[str, tuple[str, Span]] = {}
    for key, node, own in entries(endpoints):
        name = reader.filler.value(node.children.get("type"))
        model = _installed(reader, "endpoint type", catalog.endpoints, name, _chosen_at(node, "type"))
        if model is None:
            _hide_unknown(reader, node)
        config = reader.checked(node, own, model or _SomeEndpoint, f"endpoints/{key}")
        if reader.is_id(key, own) and config is not None:
            override = {name: value for name, value in config.outbox if value is not None}
            good[key] = EndpointSetup(config.type, config, outbox.model_copy(update=override))
            for claim in config.exclusives:
                _claim(reader, claims, claim, key, own)
            if config.was in endpoints.entries:
                message = f"{quoted(config.was)} is an endpoint of its own, so its outbox can't be had"
                reader.findings.add("E144", message, node.value_span("was"))
            elif config.was is not None:
                _claim(reader, claims, f"was: {config.was}", key, own)
    return good


def check_endpoints_of(
    findings: Findings, devices: Mapping[str, DeviceConfig[Any]], groups: Mapping[str, Collection]
) -> None:
    """What devices say of endpoints is about some that there are."""
    known = groups["endpoints"].entries
    for key, device in devices.items():
        lost = device.on_uplink_lost  # of a device whose adapter is not known it is what stands in the file
        wanted = lost.endpoint if isinstance(lost, FailSafe) else None
        if wanted is not None and wanted not in known:
            message = f"no endpoint {quoted(wanted)}{did_you_mean(wanted, known)}"
            where = groups["devices"].entries[key].children["on_uplink_lost"].value_span("endpoint")
            findings.add("E145", message, where)


def sizes_at(endpoints: Collection, common: Node | None) -> dict[str, Place]:
    """Where each endpoint's `max_size` stands: its own, else the common one; its key where that is the default.

    Only once everything is read: before, it is not known what must be masked.
    """
    places: dict[str, Place] = {}
    for key, node, own in entries(endpoints):
        sections = (node.children.get("outbox"), common)
        section = next((each for each in sections if each is not None and "max_size" in each.children), None)
        places[key] = (own if section is None else section.value_span("max_size")).place()
    return places


def _claim(
    reader: Reader,
    claims: dict[str, tuple[str, Span]],
    claim: str | None,
    key: str,
    own: Span,
    *,
    code: Literal["E143", "E147"] = "E143",
) -> None:
    """Note what an endpoint (E143) or link (E147) wants for itself alone; an error where another has it."""
    if claim is None:
        return
    first, where = claims.setdefault(claim, (key, own))
    if first != key:
        what = "endpoints" if code == "E143" else "links"
        message = f"{what} {quoted(first)} and {quoted(key)} both have {quoted(claim)}, which only one can have"
        reader.findings.add(code, message, own, (where, "the first is here"))


def _chosen_at(node: Node, key: str) -> Span:
    return node.value_span(key) if key in node.children else node.span


def _installed(
    reader: Reader, what: str, known: Mapping[str, Callable[[], InstalledT]], name: object, where: Span
) -> InstalledT | None:
    """What is installed under a name; why it is not to be had is among the findings."""
    if not isinstance(name, str):
        return None
    if name not in known:
        choice = did_you_mean(name, known) or f" - installed: {', '.join(sorted(known)) or 'none'}"
        reader.findings.add("E132", f"no {what} {quoted(name)}{choice}", where)
        return None
    try:
        return known[name]()
    except Unavailable as problem:
        reader.findings.add("E133", str(problem), where)
        return None


def _adapter_of(reader: Reader, catalog: Catalog, link: Node | None) -> AdapterModels | None:
    """The adapter that serves a link, silently None where the link itself has that error."""
    name = reader.filler.value(link.children.get("adapter")) if link else None
    if not isinstance(name, str) or name not in catalog.adapters:
        return None
    try:
        return catalog.adapters[name]()
    except Unavailable:
        return None


def _hide_unknown(reader: Reader, node: Node) -> None:
    """Which keys of an unknown endpoint hold secrets is not known: none of their values is shown."""
    for key, child in node.children.items():
        if key not in EndpointConfig.model_fields and key != "url":
            reader.filler.hide(child)
