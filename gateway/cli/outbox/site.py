"""Where outboxes are, and what the configuration says about them: for `fieldgate outbox` and its sub-verbs."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from gateway import plugins
from gateway.cli import show
from gateway.cli.exits import Exit
from gateway.cli.options import DEFAULT_CONFIG
from gateway.cli.refused import Refused, hint
from gateway.cli.state import SERVICE_STATE, state_of
from gateway.config import ConfigError, load
from gateway.outbox.visit.survey import Files, files


class Known(NamedTuple):
    """What the configuration says: `max_size` in bytes by endpoint, and who goes on with the outbox of an old name."""

    limits: Mapping[str, int]
    heirs: Mapping[str, str]

    def has_left(self, name: str) -> bool:
        """Whether nobody wants what waits under this name."""
        return name not in self.limits and name not in self.heirs


def known(config: Path | None) -> Known | None:
    """None if there is no configuration to be had; raises Refused."""
    if config is None and not os.access(DEFAULT_CONFIG, os.R_OK):
        return None
    try:
        site = load(config or DEFAULT_CONFIG, plugins.catalog(), os.environ)
    except ConfigError as error:
        if config is None:
            show.problem(f"{DEFAULT_CONFIG} has errors (`fieldgate check` tells them), so limits are not known")
            return None
        show.diagnostics(error.diagnostics)
        raise Refused(Exit.CONFIG) from error
    return Known(
        {name: endpoint.outbox.max_size for name, endpoint in site.endpoints.items()},
        {endpoint.config.was: name for name, endpoint in site.endpoints.items() if endpoint.config.was is not None},
    )


def found(state_dir: Path | None) -> dict[str, Files]:
    """Whatever files of outboxes there are, by endpoint; raises Refused where nobody may look."""
    state = state_of(state_dir)
    try:
        return files(state)
    except (FileNotFoundError, NotADirectoryError):
        hint = f"; the service's: --state-dir {SERVICE_STATE}" if state_dir is None and SERVICE_STATE.is_dir() else ""
        show.problem(f"no outboxes in {state}{hint}")
        return {}
    except PermissionError as error:
        raise Refused(Exit.PERMISSION, f"{error}; run as the user that owns it") from error


def chosen(endpoint: str | None, present: Iterable[str]) -> str:
    """The endpoint that is meant: the named one, or the only one; raises Refused."""
    names = sorted(present)
    if endpoint is None and len(names) == 1:
        return names[0]
    if endpoint in names:
        return endpoint
    if not names:
        raise Refused(Exit.USAGE, "there is no outbox" + (f" of '{endpoint}'" if endpoint else ""))
    if endpoint is None:
        raise Refused(Exit.USAGE, f"which outbox? there are {', '.join(names)}")
    raise Refused(Exit.USAGE, f"no outbox of '{endpoint}' - {hint(endpoint, names)}")
