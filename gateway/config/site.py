"""What a valid configuration says, and what is installed to check it against."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from gateway.adapter import Advice, DeviceConfig, LinkConfig
from gateway.config.diagnostics import Diagnostic, Place
from gateway.config.models import (
    CommandsSection,
    ControlSection,
    EndpointConfig,
    GatewaySection,
    LogSection,
    OutboxSection,
    ReportSection,
)
from gateway.config.stamp import Stamp


class Unavailable(Exception):
    """An adapter or endpoint is installed but can't be used; the message names its package."""


def _no_advice(_link: Any, _devices: Mapping[str, Any]) -> Iterable[Advice]:
    return ()


def _no_endpoint_advice(_name: str, _config: Any) -> Iterable[Advice]:
    return ()


class AdapterModels(NamedTuple):
    """An adapter's part of the configuration, and what it makes of a valid one."""

    link: type[LinkConfig]
    device: type[DeviceConfig[Any]]
    advice: Callable[[Any, Mapping[str, Any]], Iterable[Advice]] = _no_advice


@dataclass(frozen=True)
class Catalog:
    """What is installed, by name. Each is loaded when first asked for; that may raise Unavailable."""

    adapters: Mapping[str, Callable[[], AdapterModels]]
    endpoints: Mapping[str, Callable[[], type[EndpointConfig]]]
    advice_of_endpoint: Callable[[str, Any], Iterable[Advice]] = _no_endpoint_advice
    """What the endpoint type of this name makes of a valid configuration."""


@dataclass(frozen=True)
class EndpointSetup:
    """An endpoint, with the outbox settings that hold for it."""

    type: str
    config: EndpointConfig
    outbox: OutboxSection


@dataclass(frozen=True)
class LinkSetup:
    """A link and the devices on it, in the order of the files; not `served` is one that is only to be scanned."""

    adapter: str
    config: LinkConfig
    devices: Mapping[str, DeviceConfig[Any]]
    served: bool = True


@dataclass(frozen=True)
class Site:
    """A valid configuration. `config_hash` changes with its content, not with its layout, and hides secrets."""

    gateway: GatewaySection
    endpoints: Mapping[str, EndpointSetup]
    links: Mapping[str, LinkSetup]
    report: ReportSection
    commands: CommandsSection
    control: ControlSection
    log: LogSection
    directory: Path
    config_hash: str
    files: tuple[Path, ...]
    warnings: tuple[Diagnostic, ...]
    sizes_at: Mapping[str, Place]
    """By endpoint, where the limit of its outbox stands: how much the disk holds is not known here."""
    secrets: tuple[str, ...] = field(repr=False)
    """Every secret's text, for those who must keep it out of logs."""
    secret_files: Mapping[Path, Stamp | None]
    """Where secrets came from, as those were just before they were read."""
