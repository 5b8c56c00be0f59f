"""Configurations for a daemon under test, as data."""

from collections.abc import Mapping
from typing import Any

import yaml

FAST = {"min": "100ms", "max": "300ms"}
"""Pauses between attempts that a test can wait for."""

GATEWAY = "gw"


def endpoint(url: str, **more: Any) -> dict[str, Any]:
    """An MQTT broker that is tried again soon."""
    return {"type": "mqtt", "url": url, "reconnect": FAST, **more}


def link(port: int, **more: Any) -> dict[str, Any]:
    """A Modbus server on loopback that is tried again soon."""
    return {"adapter": "modbus", "host": "127.0.0.1", "port": port, "reconnect": FAST, **more}


def device(points: Mapping[str, Any], link: str = "plc", **more: Any) -> dict[str, Any]:
    """Polled each 100 ms."""
    return {"link": link, "every": "100ms", "timeout": "500ms", "points": points, **more}


def site(cloud: Mapping[str, Any], links: Mapping[str, Any], devices: Mapping[str, Any], **more: Any) -> str:
    """The whole file, with one endpoint named `cloud`."""
    content = {
        "version": 1,
        "gateway": {"id": GATEWAY, "clock": "trusted"},
        "endpoints": {"cloud": cloud},
        "links": links,
        "devices": devices,
        **more,
    }
    return yaml.dump(content, Dumper=_Plain, allow_unicode=True, sort_keys=False)


def counting(url: str, port: int, cloud: Mapping[str, Any] | None = None, every: str = "50ms", **more: Any) -> str:
    """One device `meter` with one point `count` at register 0; it has time, since the tests' device may want a core."""
    points = {"count": {"address": 0, "type": "uint16"}}
    return site(
        endpoint(url, **(cloud or {})),
        {"plc": link(port)},
        {"meter": device(points, every=every, timeout="5s")},
        **more,
    )


class _Plain(yaml.SafeDumper):
    """What is used twice is written twice."""

    def ignore_aliases(self, _data: Any) -> bool:
        return True
