"""`fieldgate version`: what is installed."""

from __future__ import annotations

import platform
import sqlite3
from typing import Annotated

import typer

from gateway import __version__, plugins
from gateway.cli import show
from gateway.cli.exits import Exit


def version(as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False) -> int:
    """The version, and those of what it stands on."""
    catalog = plugins.catalog()
    facts = {
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "adapters": sorted(catalog.adapters),
        "endpoints": sorted(catalog.endpoints),
    }
    if as_json:
        show.document({"version": __version__, **facts})
        return Exit.OK
    print(f"fieldgate {__version__}")
    for name, fact in facts.items():
        print(f"{name}: {fact if isinstance(fact, str) else ', '.join(fact) or 'none'}")
    return Exit.OK
