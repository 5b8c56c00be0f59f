"""SunSpec's model definitions, as pysunspec2 carries them, to what the gateway needs of them: a model a line."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import msgspec

from adapters.modbus.sunspec.definitions import HEADER, SIZES, GroupDef, ModelDef, PointDef

TARGET = Path("adapters/modbus/sunspec/models.jsonl")


def compacted() -> bytes:
    """The whole file."""
    return b"".join(msgspec.json.encode(model) + b"\n" for model in sorted(_models(), key=lambda model: model.id))


def _models() -> Iterator[ModelDef]:
    for path in files("sunspec2").joinpath("models", "json").iterdir():
        if path.name.startswith("model_"):
            given = json.loads(path.read_text())
            group = _group(given["group"])
            assert [point.name for point in group.points[:HEADER]] == ["ID", "L"], path.name
            yield ModelDef(given["id"], msgspec.structs.replace(group, points=group.points[HEADER:]))


def _group(given: dict[str, Any]) -> GroupDef:
    points = tuple(map(_point, given["points"]))
    return GroupDef(given["name"], points, tuple(map(_group, given.get("groups", ()))), given.get("count"))


def _point(given: dict[str, Any]) -> PointDef:
    kind = given["type"]
    assert given["size"] == SIZES.get(kind, given["size"]), given
    symbols = {symbol["value"]: symbol["name"] for symbol in given.get("symbols", ())}
    return PointDef(
        given["name"],
        kind,
        0 if kind in SIZES else given["size"],
        given.get("sf"),
        given.get("units"),
        symbols if kind.startswith("enum") else {},
        given.get("static") == "S",
    )


if __name__ == "__main__":
    TARGET.write_bytes(compacted())
    sys.stdout.write(f"{TARGET}: {TARGET.stat().st_size} bytes\n")
