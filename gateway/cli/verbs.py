"""Every verb but `run`, by typer. Only the module of the verb that is asked for is imported."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Callable, Sequence
from functools import wraps
from importlib import import_module
from typing import Any

import typer

from gateway.cli.exits import Exit

VERBS = {
    "run": "The daemon: read devices, store and forward, carry out commands.",
    "check": "Validate a configuration.",
    "schema": "Print or write the configuration's JSON Schema, for editors.",
    "explain": "Say in plain words what a diagnostic's code means.",
    "version": "Print the version.",
}
"""In the order of the help. Each but `run` is a module of this package with a function of the same name."""


def invoke(arguments: Sequence[str]) -> int:
    """Run a verb; returns its exit code."""
    verb = arguments[0] if arguments else "--help"
    if not verb.startswith("-") and verb not in VERBS:
        near = difflib.get_close_matches(verb, VERBS, n=1)
        hint = f"did you mean '{near[0]}'?" if near else f"verbs: {', '.join(VERBS)}"
        print(f"fieldgate: no verb '{verb}' - {hint}", file=sys.stderr)
        return Exit.USAGE
    try:
        _app([verb] if verb in VERBS else list(VERBS))(args=list(arguments) or [verb], prog_name="fieldgate")
    except SystemExit as end:
        return int(end.code or 0)
    return Exit.OK


def _app(verbs: Sequence[str]) -> typer.Typer:
    app = typer.Typer(
        help="A field gateway: Modbus, BLE and serial devices to MQTT and the cloud.",
        add_completion=False,
        no_args_is_help=False,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_general)
    for verb in verbs:
        function = _run if verb == "run" else getattr(import_module(f"gateway.cli.{verb}"), verb)
        app.command(verb, help=VERBS[verb])(_exiting(function))
    return app


def _exiting(function: Callable[..., int]) -> Callable[..., None]:
    """A verb's function as typer wants it: its exit code is raised."""

    @wraps(function)
    def exiting(*args: Any, **kwargs: Any) -> None:
        raise typer.Exit(function(*args, **kwargs))

    return exiting


def _general(version: bool = typer.Option(False, "--version", "-V", help="Print the version and exit.")) -> None:
    """`--version` alone never comes here; with a verb beside it, it still prints."""
    if version:
        from gateway import __version__

        print(f"fieldgate {__version__}")
        raise typer.Exit(Exit.OK)


def _run() -> int:
    """Only for the help: `run` is dispatched before typer is imported."""
    return Exit.USAGE
