"""The JSON Schema accepts what the loader accepts, and editors see typing errors by it."""

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator, Draft202012Validator

from gateway import plugins
from gateway.config.compose import compose
from gateway.config.diagnostics import Findings
from gateway.config.references import Template
from gateway.config.schema import build
from gateway.config.source import Source
from tests.config import golden
from tests.config.catalog import CATALOG
from tests.support.repo import ROOT

SCHEMA = build(CATALOG)
DIALECTS = pytest.mark.parametrize("dialect", [Draft7Validator, Draft202012Validator])
GOOD: dict[str, Any] = {
    "version": 1,
    "gateway": {"id": "mill-3"},
    "endpoints": {"cloud": {"type": "cloud", "url": "x", "outbox": {"max_size": "1GiB"}}},
    "links": {"plc": {"adapter": "bus", "host": "a"}, "air": {"adapter": "radio", "radio": "hci0"}},
    "devices": {
        "a": {"link": "plc", "every": "1s", "points": {"t": {"type": "bool", "address": 1, "writable": {"min": 1}}}},
        "b": {"link": "air", "mac": "x", "points": {"t": {"type": "bool", "address": 1}}},
    },
}


def changed(path: str, value: Any) -> dict[str, Any]:
    """GOOD with another value at a path."""
    document = deepcopy(GOOD)
    *above, last = path.split("/")
    target = document
    for key in above:
        target = target.setdefault(key, {})
    target[last] = value
    return document


@DIALECTS
def test_the_schema_itself_is_valid(dialect: Any) -> None:
    dialect.check_schema(SCHEMA)
    dialect.check_schema(build(plugins.catalog()))


@DIALECTS
@pytest.mark.parametrize(("path", "value"), [
    ("gateway/description", "x"), ("log", None), ("log", {"level": "debug"}), ("devices", None),
    ("links/plc/port", 1502), ("links/plc/port", "${env:PORT}"), ("links/plc/parity", "${env:PARITY:-even}"),
    ("links/plc/adapter", "${env:A}"), ("devices/a/every", "${env:EVERY}"), ("devices/a/unit_id", "${env:ID}"),
    ("devices/a/points/t/writable", True),
    ("devices/a/points/t/verify", True), ("devices/a/points/t/verify", {"tolerance": 0.5, "settle": "200ms"}),
    ("devices/a/points/t/writable", "${env:W}"), ("devices/b/key", "${secret:k}"),
    ("devices/a/points/t/range", [1, "${env:HIGH}"]), ("endpoints/cloud/protocol", "3.1.1"),
    ("report", {"deadband": "2%"}), ("report", {"deadband": 1.5}), ("include", ["devices/*.yaml"]),
])  # fmt: skip
def test_what_is_right_is_accepted(dialect: Any, path: str, value: Any) -> None:
    dialect(SCHEMA).validate(changed(path, value))


@DIALECTS
@pytest.mark.parametrize(("path", "value"), [
    ("gatewy", {}), ("gateway/idd", "x"), ("links/plc/hots", "a"),
    ("links/plc/port", "1502"), ("links/plc/port", 0),
    ("links/plc/adapter", "bsu"), ("links/plc/radio", "hci0"), ("links/plc/parity", "evn"), ("devices/a/every", 5),
    ("devices/a/every", "5 s"), ("devices/a/points/t/unti", "x"), ("devices/a/points/a b", GOOD),
    ("endpoints/cloud/type", "clod"), ("endpoints/cloud/outbox/max_size", 5), ("endpoints/x y", {"type": "hub"}),
    ("version", 2), ("report", {"deadband": "much"}), ("devices/a/unit_id", "${foo}"), ("outbox/max_sise", "1MiB"),
])  # fmt: skip
def test_what_is_wrong_is_refused(dialect: Any, path: str, value: Any) -> None:
    assert not dialect(SCHEMA).is_valid(changed(path, value))


@DIALECTS
@pytest.mark.parametrize("name", ["example.yaml", "demo.yaml"])
def test_the_shipped_configurations_are_accepted(dialect: Any, name: str) -> None:
    dialect(build(plugins.catalog())).validate(_parsed(ROOT / "configs" / name))


@pytest.mark.parametrize("case", golden.all_cases(), ids=lambda case: case.name)
def test_what_the_loader_accepts_the_schema_accepts(case: Path) -> None:
    if "\nok:" in "\n" + (case / "expected.txt").read_text():
        Draft7Validator(SCHEMA).validate(_parsed(case / "gateway.yaml"))


def _parsed(path: Path) -> Any:
    """As an editor sees it: references are text, and so are keys."""
    root = compose(Source(path, path.read_text()), Findings())
    assert root is not None
    return _json(root.data)


def _json(data: Any) -> Any:
    if isinstance(data, dict):
        return {str(key): _json(value) for key, value in data.items()}
    if isinstance(data, list):
        return [_json(each) for each in data]
    return data.raw if isinstance(data, Template) else data
