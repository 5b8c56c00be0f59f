"""Options that several verbs have."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

DEFAULT_CONFIG = Path("gateway.yaml")

StateDir = Annotated[
    Path | None, typer.Option("--state-dir", metavar="DIR", help="As of `run`: where the outboxes are.")
]

ConfigFile = Annotated[
    Path | None,
    typer.Option("-c", "--config", metavar="FILE", help="Says which endpoints there are; gateway.yaml if not given."),
]
