"""`fieldgate schema`: the configuration's JSON Schema, built from what is installed; and those of messages."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from gateway import plugins
from gateway.cli import show
from gateway.cli.exits import Exit
from gateway.config.schema import SCHEMA_FILE, build
from gateway.published import text_of


def schema(
    file: Annotated[Path, typer.Argument(help="The configuration to write the schema beside.")] = Path("gateway.yaml"),
    write: Annotated[bool, typer.Option("--write", help=f"Write {SCHEMA_FILE} beside the configuration.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="With --write: say what was written as JSON.")] = False,
    *,
    envelope: Annotated[bool, typer.Option("--envelope", help="Print the JSON Schema of messages.")] = False,
    cloudevents: Annotated[bool, typer.Option("--cloudevents", help="The same in format: cloudevents.")] = False,
    command: Annotated[bool, typer.Option("--command", help="Print the JSON Schema of commands.")] = False,
    asyncapi: Annotated[bool, typer.Option("--asyncapi", help="Print the MQTT topics as AsyncAPI 3.0.")] = False,
) -> int:
    """Prints the schema, or writes it where an editor finds it."""
    published = {
        "envelope.schema.json": envelope,
        "cloudevents.schema.json": cloudevents,
        "command.schema.json": command,
        "asyncapi.json": asyncapi,
    }
    if asked := [name for name, is_asked in published.items() if is_asked]:
        return _published(asked, write=write)
    content = build(plugins.catalog())
    text = json.dumps(content, ensure_ascii=False, indent=2)
    if not write:
        print(text)
        return Exit.OK
    target = file.parent / SCHEMA_FILE
    try:
        target.write_text(text + "\n", encoding="utf-8")
    except PermissionError as error:
        print(f"fieldgate: cannot write {target}: {error.strerror}", file=sys.stderr)
        return Exit.PERMISSION
    except OSError as error:
        print(f"fieldgate: cannot write {target}: {error.strerror}", file=sys.stderr)
        return Exit.USAGE
    modeline = f"# yaml-language-server: $schema=./{SCHEMA_FILE}"
    if as_json:
        show.document({"written": str(target), "modeline": modeline})
    else:
        print(f"wrote {target}\nput this line at the top of {file}, and an editor with YAML support will use it:\n")
        print(modeline)
    return Exit.OK


def _published(asked: list[str], *, write: bool) -> int:
    if write or len(asked) > 1:
        print("fieldgate: these are printed, one at a time: redirect them into a file", file=sys.stderr)
        return Exit.USAGE
    print(text_of(asked[0]), end="")
    return Exit.OK
