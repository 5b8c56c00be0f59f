"""From a path to a Site, or to every error at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel

from gateway.adapter import DeviceConfig, LinkConfig
from gateway.config import files
from gateway.config.advice import advise, advise_endpoint
from gateway.config.choices import check_choices
from gateway.config.diagnostics import ConfigError, Findings, did_you_mean, quoted
from gateway.config.files import GROUPS, Collection
from gateway.config.fill import Filler
from gateway.config.groups import check_endpoints_of, read_devices, read_endpoints, read_links, sizes_at
from gateway.config.models import (
    CommandsSection,
    ControlSection,
    GatewaySection,
    LogSection,
    OutboxSection,
    ReportSection,
)
from gateway.config.nodes import BROKEN, Node
from gateway.config.reader import Reader
from gateway.config.secrets import References
from gateway.config.site import Catalog, EndpointSetup, LinkSetup, Site

VERSION = 1
"""Of the configuration's format."""

TOP_KEYS = ("version", "gateway", "include", "outbox", "report", *GROUPS, "commands", "control", "log")

SectionT = TypeVar("SectionT", bound=BaseModel)


Links = Mapping[str, LinkSetup]


def _as_written(links: Links) -> Links:
    return links


def load(
    path: Path, catalog: Catalog, environ: Mapping[str, str], known: Callable[[Links], Links] = _as_written
) -> Site:
    """The site that a configuration file describes. Raises ConfigError with everything that is wrong.

    `known(links)`: with what else is known of their devices. It is not of the site, but what adapters advise counts it.
    """
    findings = Findings()
    filler = Filler(References(path.parent, environ, findings), findings)
    return _Loader(path, catalog, Reader(filler, findings), known).site()


class _Loader:
    """Reads one configuration."""

    def __init__(self, path: Path, catalog: Catalog, reader: Reader, known: Callable[[Links], Links]) -> None:
        self._path = path
        self._catalog = catalog
        self._reader = reader
        self._known = known
        self._findings = reader.findings
        self._files = [path]

    def site(self) -> Site:
        """The whole of it."""
        main = files.read(self._path, self._findings)
        if main is None or not self._is_our_version(main):
            raise self._error()
        roots = [main, *self._included(main)]
        groups = files.collect(roots, self._findings)
        self._refuse_unknown(main)
        gateway = self._section(main, "gateway", GatewaySection)
        outbox = self._section(main, "outbox", OutboxSection)
        report = self._section(main, "report", ReportSection)
        commands = self._section(main, "commands", CommandsSection)
        control = self._section(main, "control", ControlSection)
        log = self._section(main, "log", LogSection)
        endpoints = read_endpoints(self._reader, self._catalog, groups["endpoints"], outbox or OutboxSection())
        links = read_links(self._reader, self._catalog, groups["links"])
        complete = len(roots) == len(self._files)
        devices = read_devices(self._reader, self._catalog, groups["devices"], groups["links"], complete)
        check_endpoints_of(self._findings, devices, groups)
        check_choices(self._findings, endpoints, devices, groups, complete=complete)
        self._check_fail_safes(main, commands, devices)
        self._warn_of_absence(main, groups)
        self._advise(endpoints, links, devices, groups)
        if self._findings.failed or not (gateway and outbox and report and commands and control and log):
            raise self._error()
        return Site(
            gateway=gateway,
            endpoints=endpoints,
            links=_with_devices(links, devices),
            report=report,
            commands=commands,
            control=control,
            log=log,
            directory=self._path.parent,
            config_hash=self._reader.content_hash(),
            files=tuple(self._files),
            warnings=self._findings.diagnostics(self._files),
            sizes_at=sizes_at(groups["endpoints"], main.children.get("outbox")),
            secrets=tuple(sorted(self._reader.filler.secrets)),
            secret_files=dict(self._reader.filler.secret_files),
        )

    def _error(self) -> ConfigError:
        return ConfigError(self._findings.diagnostics(self._files))

    def _is_our_version(self, main: Node) -> bool:
        """Whether the rest of the file can be understood; a missing version is one error among others."""
        if "version" not in main.children:
            message = f"missing required key 'version' - begin with 'version: {VERSION}'"
            self._findings.add("E105", message, main.start_span())
            return True
        version = main.data["version"]
        if version is not BROKEN and (version != VERSION or isinstance(version, bool | float)):
            message = f"this build reads version {VERSION} of the configuration"
            self._findings.add("E120", message, main.value_span("version"))
            return False
        return True

    def _included(self, main: Node) -> list[Node]:
        paths = list(files.included(main, self._reader.filler, self._findings))
        self._files += paths
        where = main.value_span("include") if paths else None
        roots = [files.read(path, self._findings, where) for path in paths]
        return [root for root in roots if root is not None]

    def _refuse_unknown(self, main: Node) -> None:
        free = [name for name in TOP_KEYS if name not in main.children]
        for key in main.children:
            if key not in TOP_KEYS:
                message = f"unknown key {quoted(key)}{did_you_mean(key, free)}"
                self._findings.add("E104", message, main.key_span(key))

    def _section(self, main: Node, name: str, model: type[SectionT]) -> SectionT | None:
        """A section of the main file; its defaults where it is absent or empty."""
        node = main.children.get(name)
        if node is not None and (node.data is not None or model is GatewaySection):
            return self._reader.checked(node, main.key_span(name), model, name)
        if model is GatewaySection:
            self._findings.add("E105", f"missing required key {quoted(name)}", main.start_span())
            return None
        return model()

    def _check_fail_safes(
        self, main: Node, commands: CommandsSection | None, devices: Mapping[str, DeviceConfig[Any]]
    ) -> None:
        writing = [key for key, device in devices.items() if device.on_uplink_lost is not None]
        if writing and commands is not None and not commands.allowed:
            message = f"nothing may be written, but on_uplink_lost of {quoted(writing[0])} does"
            self._findings.add("E119", message, main.key_span("commands"))

    def _advise(
        self,
        endpoints: Mapping[str, EndpointSetup],
        links: Mapping[str, LinkConfig],
        devices: Mapping[str, DeviceConfig[Any]],
        groups: Mapping[str, Collection],
    ) -> None:
        """Have endpoints and adapters say what is valid, but hardly what was meant."""
        if not self._findings.failed:
            for key, endpoint in endpoints.items():
                advice = self._catalog.advice_of_endpoint(endpoint.type, endpoint.config)
                advise_endpoint(self._findings, advice, key, groups)
            for key, link in self._known(_with_devices(links, devices)).items():
                advise(self._findings, self._catalog.adapters[link.adapter]().advice, key, link, groups)

    def _warn_of_absence(self, main: Node, groups: Mapping[str, Collection]) -> None:
        """What is allowed, but hardly what was meant."""
        if self._findings.failed:
            return
        if not groups["endpoints"].entries:
            self._findings.add("W202", "no endpoints: nothing will be sent anywhere", main.start_span())
        if not groups["devices"].entries:
            self._findings.add("W205", "no devices: there is nothing to read", main.start_span())
            return
        used = {self._reader.filler.value(node.children["link"]) for node in groups["devices"].entries.values()}
        for key, own in groups["links"].keys.items():
            if key not in used:
                self._findings.add("W201", f"link {quoted(key)} has no devices", own.span)


def _with_devices(links: Mapping[str, LinkConfig], devices: Mapping[str, DeviceConfig[Any]]) -> dict[str, LinkSetup]:
    by_link: dict[str, dict[str, DeviceConfig[Any]]] = {key: {} for key in links}
    for key, device in devices.items():
        by_link[device.link][key] = device
    return {key: LinkSetup(link.adapter, link, by_link[key]) for key, link in links.items()}
