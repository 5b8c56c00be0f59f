"""Every verb but `run`, by typer. Only the module of the verb that is asked for is imported."""

from __future__ import annotations

import difflib
import gc
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from importlib import import_module
from typing import Any

import typer

from gateway.cli.exits import Exit

VERBS = {
    "run": "The daemon: read devices, store and forward, carry out commands.",
    "check": "Validate a configuration.",
    "schema": "Print or write the configuration's JSON Schema, for editors.",
    "read": "Read points of a device now.",
    "scan": "Look for devices on a link; writes nothing.",
    "write": "Write points of a device; shows what will change, and asks.",
    "invoke": "Let a device carry out one of its commands; asks first.",
    "monitor": "Watch values as they come, or the frames that carry them.",
    "status": "Say how the gateway, its far ends and its devices are.",
    "identity": "Say what each far end knows this gateway as.",
    "enrol": "Get this gateway's identity from a far end that hands them out, and keep it.",
    "audit": "Show what was commanded, by whom, and what came of it; export it.",
    "outbox": "Show what waits for each far end; export, inspect or purge it.",
    "simulate": "Be the devices of a configuration, with faults that can be switched on.",
    "explain": "Say in plain words what a diagnostic's code means.",
    "version": "Print the version.",
}
"""In the order of the help. Each but `run` is a function in a module of this package that has its name, or, where there
are verbs below it, in such a module of such a package."""

SUBVERBS = {
    "scan": {
        "modbus": "Try unit ids on a Modbus link, and baud rates and parities of a serial port.",
        "ble": "Listen for Bluetooth devices, and say who each is, what it tells and what to write.",
        "serial": "List serial ports; listen on one at the usual speeds, and say what its frames may be.",
    },
    "audit": {
        "export": "Write all of it, oldest first, as JSON Lines or CSV.",
    },
    "outbox": {
        "export": "Write what waits, as JSON Lines or CSV.",
        "dead": "List what the far end has refused for good.",
        "purge": "Delete what waits; asks first.",
    },
}
"""Verbs below a verb, in the order of its help: each a module of the verb's package with a function of its name."""


def invoke(arguments: Sequence[str]) -> int:
    """Run a verb; returns its exit code."""
    verb, below = arguments[0] if arguments else "--help", arguments[1:2]
    if not _is_known(verb, VERBS, "verb"):
        return Exit.USAGE
    subverbs = SUBVERBS.get(verb, {})
    if subverbs and below and not _is_known(below[0], subverbs, f"'{verb}' verb"):
        return Exit.USAGE
    try:
        _app([verb] if verb in VERBS else list(VERBS), below)(args=list(arguments) or [verb], prog_name="fieldgate")
    except SystemExit as end:
        return int(end.code or 0)
    return Exit.OK


def _is_known(word: str, known: Mapping[str, str], what: str) -> bool:
    """Whether a word is an option or a verb; if not, that is told."""
    if word.startswith("-") or word in known:
        return True
    near = difflib.get_close_matches(word, known, n=1)
    hint = f"did you mean '{near[0]}'?" if near else f"verbs: {', '.join(known)}"
    print(f"fieldgate: no {what} '{word}' - {hint}", file=sys.stderr)
    return False


def _app(verbs: Sequence[str], below: Sequence[str]) -> typer.Typer:
    app = _typer("A field gateway: Modbus, BLE and serial devices to MQTT and the cloud.")
    app.callback()(_general)
    for verb in verbs:
        function = _run if verb == "run" else _function(f"{verb}.{verb}" if verb in SUBVERBS else verb, verb)
        if len(verbs) > 1 or verb not in SUBVERBS:
            app.command(verb, help=VERBS[verb])(_exiting(function))
        else:
            app.add_typer(_group(verb, function, below), name=verb)
    return app


def _group(verb: str, function: Callable[..., int | None], below: Sequence[str]) -> typer.Typer:
    """A verb with verbs below it; alone it does something, too."""
    known = SUBVERBS[verb]
    group = _typer(VERBS[verb])
    group.callback(invoke_without_command=True)(_exiting(function))
    for name in [word for word in below if word in known] or known:
        group.command(name, help=known[name])(_exiting(_function(f"{verb}.{name}", name)))
    return group


def _typer(text: str) -> typer.Typer:
    return typer.Typer(
        help=text,
        add_completion=False,
        no_args_is_help=False,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )


def _function(module: str, name: str) -> Callable[..., int | None]:
    function: Callable[..., int | None] = getattr(import_module(f"gateway.cli.{module}"), name)
    return function


def _exiting(function: Callable[..., int | None]) -> Callable[..., None]:
    """A verb's function as typer wants it: its exit code is raised; without one the verb below it is run."""

    @wraps(function)
    def exiting(*args: Any, **kwargs: Any) -> None:
        gc.enable()
        code = function(*args, **kwargs)
        if code is not None:
            raise typer.Exit(code)

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
