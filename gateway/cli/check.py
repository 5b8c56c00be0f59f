"""`fieldgate check`: validates a configuration without touching a device."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from gateway import log as logging_setup
from gateway import plugins
from gateway.cli import show
from gateway.cli.exits import Exit
from gateway.cli.known import Known
from gateway.cli.options import StateDir
from gateway.cli.room import shortage
from gateway.cli.state import default_state_dir
from gateway.config import ConfigError, Diagnostic, Site, load


def check(
    file: Annotated[Path, typer.Argument(help="The main configuration file.")] = Path("gateway.yaml"),
    strict: Annotated[bool, typer.Option("--strict", help="Warnings fail, too.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
    state_dir: StateDir = None,
) -> int:
    """Exit code 0 when the configuration may be run, else 3."""
    logging_setup.configure("warning", "auto", ())
    site: Site | None = None
    try:
        state = state_dir or default_state_dir(os.environ)
        known = Known(state)
        site = load(file, plugins.catalog(), os.environ, known)
        site = replace(site, links=known(site.links))
        found: Sequence[Diagnostic] = [*site.warnings, *shortage(site, state)]
    except ConfigError as error:
        found = error.diagnostics
    passed = site is not None and not (strict and found)
    if as_json:
        show.document(_document(file, site, found, passed))
    else:
        show.diagnostics(found)
        print(_verdict(file, site, found, passed))
        if site is not None:
            _print_plan(site)
    return Exit.OK if passed else Exit.CONFIG


def _verdict(file: Path, site: Site | None, found: Sequence[Diagnostic], passed: bool) -> str:
    errors = sum(each.severity == "error" for each in found)
    warnings = len(found) - errors
    troubles = " and ".join(
        show.count(number, name) for number, name in ((errors, "error"), (warnings, "warning")) if number
    )
    if site is None:
        return f"{file}: {troubles}"
    size = summary(site)
    content = ", ".join(show.count(number, name.removesuffix("s")) for name, number in size.items())
    verdict = "ok" if passed else "failed (--strict)"
    return f"{file}: {verdict}{f' with {troubles}' if troubles else ''}: {content}"


def summary(site: Site) -> dict[str, int]:
    """How much there is of everything."""
    devices = [device for link in site.links.values() for device in link.devices.values()]
    return {
        "endpoints": len(site.endpoints),
        "links": len(site.links),
        "devices": len(devices),
        "points": sum(len(device.points) for device in devices),
    }


def _plans(site: Site) -> dict[str, list[str]]:
    """By link, what its adapter says about how the devices will be polled."""
    plans = {
        name: plugins.adapter(link.adapter).plan_summary(link.config, link.devices)
        for name, link in site.links.items()
        if link.devices
    }
    return {name: lines for name, lines in plans.items() if lines}


def _loads(site: Site) -> dict[str, Any]:
    """The same as data."""
    loads = {
        name: plugins.adapter(link.adapter).load(link.config, link.devices)
        for name, link in site.links.items()
        if link.devices
    }
    return {name: load for name, load in loads.items() if load}


def _print_plan(site: Site) -> None:
    for name, lines in _plans(site).items():
        print(f"\n{name}:")
        for line in lines:
            print(f"  {line}")


def _document(file: Path, site: Site | None, found: Sequence[Diagnostic], passed: bool) -> dict[str, Any]:
    content: dict[str, Any] = {"file": str(file), "ok": passed, "diagnostics": [each.as_json() for each in found]}
    if site is not None:
        content |= {
            "files": [str(path) for path in site.files],
            "config_hash": site.config_hash,
            "summary": summary(site),
            "plan": _plans(site),
            "load": _loads(site),
        }
    return content
