"""What the documents and examples show works."""

import re
import tempfile
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml
from jsonschema import Draft7Validator

from gateway import plugins
from gateway.config import ConfigError, load
from gateway.config.schema import build
from tests.support.authority import Authority
from tests.support.repo import ROOT, tracked_files

BLOCK = re.compile(r"^( *)```ya?ml\n(.*?)^\1```", re.MULTILINE | re.DOTALL)
WHOLE_SITE = re.compile(r"^version:", re.MULTILINE)
SECRET = re.compile(r"\$\{secret:([^}]+)\}")
VARIABLE = re.compile(r"\$\{env:(\w+)\}")
FILE = re.compile(r"[\w-]+\.(?:pem|key)\b")
LINK = re.compile(r"\]\((?!\w+:|#)([^)#]+)")
LINKS: dict[str, dict[str, Any]] = {
    "modbus": {"adapter": "modbus", "host": "made-up"},
    "serial": {"adapter": "serial", "port": "tcp://made-up:4001"},
    "ble": {"adapter": "ble"},
}
DEVICES: dict[str, dict[str, Any]] = {
    "modbus": {"points": {"p": {"address": 1, "type": "uint16"}}},
    "serial": {"match": "^(?P<p>.+)$", "points": {"p": {"type": "float"}}},
    "ble": {"address": "00:00:5E:00:53:01", "points": {"battery": {"characteristic": "battery_level"}}},
}
"""By adapter, what a piece that leaves it out gets."""
SECRETS = {
    "-passkey": "012345",
    "-key": "00" * 16,
    "hub": "HostName=made-up.azure-devices.net;DeviceId=mill-3;SharedAccessKey=bWFkZSB1cA==",
    "dps": "bWFkZSB1cA==",
}
"""By the end of their names."""


class Example(NamedTuple):
    """A piece of YAML that a reader may copy."""

    where: str
    text: str


def examples() -> list[Example]:
    """Every YAML block of every document, without its indentation, and every file in configs/."""
    found = [
        Example(f"{path.relative_to(ROOT)}:{number}", re.sub(f"^{indent}", "", text, flags=re.MULTILINE))
        for path in documents()
        for number, (indent, text) in enumerate(BLOCK.findall(path.read_text()), start=1)
    ]
    sites = [path for path in tracked_files() if path.is_relative_to(ROOT / "configs") and path.suffix == ".yaml"]
    return found + [Example(str(path.relative_to(ROOT)), path.read_text()) for path in sites]


def documents() -> list[Path]:
    return [path for path in tracked_files() if path.suffix == ".md"]


EXAMPLES = examples()
SCHEMA = Draft7Validator(build(plugins.catalog()))
"""What an editor says while somebody writes."""


@cache
def pems() -> dict[str, bytes]:
    """What a file holds, by its ending: a certificate, or the key to it."""
    with tempfile.TemporaryDirectory() as folder:
        cert, key = Authority(Path(folder)).issue("made-up")
        return {"pem": cert.read_bytes(), "key": key.read_bytes()}


def whole(example: Example) -> str:
    """An example as a site: what a piece leaves out is made up."""
    if WHOLE_SITE.search(example.text):
        return example.text
    piece = yaml.safe_load(example.text)
    assert isinstance(piece, dict), "a piece of a site begins with one of its keys"
    adapter = next((name for name in LINKS if example.where.startswith(f"docs/{name}.md")), "modbus")
    links = {device["link"]: LINKS[adapter] for device in piece.get("devices", {}).values()}
    links = piece.get("links") or links or {"l": LINKS[adapter]}
    made_up: dict[str, Any] = {
        "version": 1,
        "gateway": {"id": "made-up"},
        "endpoints": {"cloud": {"type": "mqtt", "url": "mqtt://made-up"}},
        "links": links,
        "devices": {f"on-{name}": {"link": name, **DEVICES[link["adapter"]]} for name, link in links.items()},
    }
    missing = {key: part for key, part in made_up.items() if key not in piece}
    return yaml.safe_dump(missing, sort_keys=False) + example.text


@pytest.mark.parametrize("example", EXAMPLES, ids=[example.where for example in EXAMPLES])
def test_an_example_is_valid(example: Example, tmp_path: Path) -> None:
    for name in SECRET.findall(example.text):
        (tmp_path / name).write_text(next((SECRETS[end] for end in SECRETS if name.endswith(end)), "made-up"))
    for name in FILE.findall(example.text):
        (tmp_path / name).write_bytes(pems()[name.rpartition(".")[2]])
    environ = dict.fromkeys(VARIABLE.findall(example.text), "made-up")
    path = tmp_path / "gateway.yaml"
    path.write_text(whole(example))

    try:
        site = load(path, plugins.catalog(), {**environ, "CREDENTIALS_DIRECTORY": str(tmp_path)})
    except ConfigError as error:
        pytest.fail(str(error.render()))

    assert [warning.render() for warning in site.warnings] == []


@pytest.mark.parametrize("example", EXAMPLES, ids=[example.where for example in EXAMPLES])
def test_an_editor_finds_no_fault_with_an_example(example: Example) -> None:
    faults = SCHEMA.iter_errors(yaml.safe_load(whole(example)))

    assert [f"{fault.json_path}: {fault.message}" for fault in faults] == []


@pytest.mark.parametrize("path", documents(), ids=lambda path: path.name)
def test_a_document_links_only_to_what_exists(path: Path) -> None:
    targets = [target.strip() for target in LINK.findall(path.read_text())]

    assert [target for target in targets if not (path.parent / target).exists()] == []
