"""Options that several verbs have."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gateway.cli import show
from gateway.cli.exits import Exit

DEFAULT_CONFIG = Path("gateway.yaml")

StateDir = Annotated[
    Path | None, typer.Option("--state-dir", metavar="DIR", help="As of `run`: where the outboxes are.")
]

SiteFile = Annotated[
    Path | None,
    typer.Option("-c", "--config", metavar="FILE", help="Where no gateway runs: whose device; else gateway.yaml."),
]

ConfigFile = Annotated[
    Path | None,
    typer.Option("-c", "--config", metavar="FILE", help="Says which endpoints there are; gateway.yaml if not given."),
]


def misplaced(context: typer.Context) -> Exit | None:
    """An option that stands before a verb below this one would be ignored."""
    sources = [context.get_parameter_source(name) for name in context.params]
    if not any(source is not None and source.name == "COMMANDLINE" for source in sources):
        return None
    show.problem(f"options belong behind '{context.invoked_subcommand}'")
    return Exit.USAGE
