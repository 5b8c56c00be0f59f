"""The devices of a site, as the core, the cloud and each endpoint know them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from msgspec.structs import replace

from gateway.config.choices import chosen_points
from gateway.config.models import DEVICE_KINDS, EndpointConfig
from gateway.config.shared import DescribedPoints
from gateway.config.site import Site
from gateway.model import DeviceInfo
from gateway.report import Rule, RuleOf, resolve


def describe(site: Site) -> dict[str, DeviceInfo]:
    """Every one, with its points."""
    points = DescribedPoints()
    return {
        name: points.share(device.describe(name, link_name, link.config), device)
        for link_name, link in site.links.items()
        for name, device in link.devices.items()
    }


class View(NamedTuple):
    """What one endpoint is told of a site: its devices, with the points whose readings go there, and what of them."""

    devices: Mapping[str, DeviceInfo]
    kinds: frozenset[str]
    rule_of: RuleOf


def view_of(site: Site, devices: Mapping[str, DeviceInfo], endpoint: EndpointConfig) -> View:
    """Of the site's `devices` as they are described."""
    names = devices if endpoint.devices is None else [name for name in devices if name in endpoint.devices]
    chosen = {name: _with_chosen_points(devices[name], endpoint) for name in names}
    kinds = frozenset(DEVICE_KINDS if endpoint.only is None else endpoint.only)
    return View(chosen, kinds, _rules(site, endpoint, chosen if "readings" in kinds else {}))


def _with_chosen_points(info: DeviceInfo, endpoint: EndpointConfig) -> DeviceInfo:
    if endpoint.points is None:
        return info
    names = chosen_points(endpoint, info.device, info.points)
    return replace(info, points={name: info.points[name] for name in names})


def _rules(site: Site, endpoint: EndpointConfig, wanted: Mapping[str, DeviceInfo]) -> RuleOf:
    """The report rule of every wanted point, found when it is asked for."""
    devices = {name: device for link in site.links.values() for name, device in link.devices.items()}

    def rule_of(device_name: str, point_name: str) -> Rule | None:
        if device_name not in wanted or point_name not in wanted[device_name].points:
            return None
        device = devices[device_name]
        return resolve(endpoint.report, device.points[point_name].report, device.report, site.report)

    return rule_of
