"""The far ends of a configuration, with what is known of them, where no gateway is asked."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from gateway import log as logging_setup
from gateway import plugins
from gateway.cli import show
from gateway.cli.exits import Exit
from gateway.cli.known import Known
from gateway.cli.refused import Refused
from gateway.config import ConfigError, load
from gateway.endpoints.contract import Endpoint, Identity
from gateway.memory import ENDPOINTS_FILE, Unreadable, facts_in


class FarEnd(NamedTuple):
    """One endpoint of the configuration. `kind` is its `type` there; `memory` is a copy of what is kept of it."""

    kind: str
    serves: type[Endpoint]
    config: Any
    identity: Identity
    memory: dict[str, Any]

    def described(self) -> dict[str, str]:
        """What the far end knows this gateway as."""
        return dict(self.serves.describe(self.config, self.identity, self.memory))


def far_ends(file: Path, state: Path) -> Mapping[str, FarEnd]:
    """By the endpoint's name; raises Refused."""
    try:
        site = load(file, plugins.catalog(), os.environ, Known(state))
    except ConfigError as error:
        show.diagnostics(error.diagnostics)
        raise Refused(Exit.CONFIG) from error
    logging_setup.configure("warning", "auto", site.secrets)
    memory = _memory(state)
    devices = tuple(device for link in site.links.values() for device in link.devices)
    return {
        name: FarEnd(
            endpoint.type,
            plugins.endpoint(endpoint.type),
            endpoint.config,
            Identity(site.gateway.id, name, devices),
            memory.get(name, {}),
        )
        for name, endpoint in site.endpoints.items()
    }


def _memory(state: Path) -> dict[str, dict[str, Any]]:
    """Nothing where the state directory is not there yet."""
    try:
        return facts_in(state / ENDPOINTS_FILE)
    except Unreadable as error:
        if isinstance(error.__cause__, PermissionError):
            raise Refused(Exit.PERMISSION, f"{error}; run as the user that owns it, or give --state-dir") from error
        show.problem(f"{state / ENDPOINTS_FILE} can't be read, so what is kept there is not known: {error}")
        return {}
