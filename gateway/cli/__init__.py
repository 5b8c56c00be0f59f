"""The command line. The daemon's path is the short one: `run` imports neither typer nor rich."""

from __future__ import annotations

import gc
import sys
from types import ModuleType

from gateway.cli.exits import Exit


def main() -> None:
    """The console script: runs a verb and exits with its code."""
    sys.exit(dispatch(sys.argv[1:]))


def dispatch(arguments: list[str]) -> int:
    """Run the verb that the arguments begin with; returns the exit code."""
    gc.disable()  # until it is at work: what is imported stays, and there is no garbage in it
    try:
        if arguments[:1] == ["run"]:
            _do_without("rich")
            from gateway.cli.run import main as run

            return run(arguments[1:])
        if arguments in (["--version"], ["-V"]):
            from gateway import __version__

            print(f"fieldgate {__version__}")
            return Exit.OK
        from gateway.cli.verbs import invoke

        return invoke(arguments)
    except KeyboardInterrupt:
        return Exit.INTERRUPTED
    finally:
        gc.enable()


def _do_without(package: str) -> None:
    """Let an optional import of it fail: structlog takes rich for tracebacks, which costs a daemon 5 MiB."""
    modules: dict[str, ModuleType | None] = sys.modules  # type: ignore[assignment]
    modules.setdefault(package, None)
