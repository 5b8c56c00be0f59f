"""The devices of a site, as the core and the cloud know them."""

from __future__ import annotations

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


def rules_of(site: Site) -> RuleOf:
    """The report rule of every point, found when it is asked for."""
    devices = {name: device for link in site.links.values() for name, device in link.devices.items()}

    def rule_of(device_name: str, point_name: str) -> Rule:
        device = devices[device_name]
        return resolve(device.points[point_name].report, device.report, site.report)

    return rule_of
