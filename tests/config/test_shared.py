"""What devices have in common is kept once."""

from pathlib import Path
from typing import Any

import pytest

from gateway import plugins
from gateway.config import Site, load
from gateway.devices import describe

HEAD = """version: 1
gateway: {id: gw}
links: {plc: {adapter: modbus, host: 127.0.0.1}}
devices:
"""
POINT = "{address: 1, type: uint16}"


def site(folder: Path, one: str, other: str, *, other_every: str = "10s") -> Site:
    path = folder / "gateway.yaml"
    devices = f"  one: {{link: plc, points: {{a: {one}}}}}\n"
    devices += f"  other: {{link: plc, unit_id: 2, every: {other_every}, points: {{a: {other}}}}}\n"
    path.write_text(HEAD + devices)
    return load(path, plugins.catalog(), {})


def points(loaded: Site) -> tuple[Any, Any]:
    devices = loaded.links["plc"].devices
    return devices["one"].points["a"], devices["other"].points["a"]


def test_equal_points_are_one_object(tmp_path: Path) -> None:
    one, other = points(site(tmp_path, POINT, "{type: uint16, address: 1}"))

    assert one is other


@pytest.mark.parametrize(("one", "other"), [
    (POINT, "{address: 2, type: uint16}"),
    ("{address: 1, type: uint16, enum: {0: 1}}", "{address: 1, type: uint16, enum: {0: true}}"),
    ("{address: 1, type: uint16, labels: {a: b}}", "{address: 1, type: uint16, labels: {a: c}}"),
    ("{address: 1, type: uint16, writable: {max: 5}}", "{address: 1, type: uint16, writable: {max: 6}}"),
    (
        "{address: 1, type: uint16, writable: {interlock: {a: 1}}}",
        "{address: 1, type: uint16, writable: {interlock: {a: 2}}}",
    ),
])  # fmt: skip
def test_points_that_differ_stay_what_they_are(tmp_path: Path, one: str, other: str) -> None:
    first, second = points(site(tmp_path, one, other))

    assert first is not second
    assert repr(first) != repr(second)


def test_what_is_told_of_equal_points_is_one_object(tmp_path: Path) -> None:
    infos = describe(site(tmp_path, POINT, POINT))

    assert infos["one"].points["a"] is infos["other"].points["a"]


def test_what_is_told_of_points_says_when_each_is_read(tmp_path: Path) -> None:
    infos = describe(site(tmp_path, POINT, POINT, other_every="5s"))

    assert [infos[name].points["a"].every_s for name in ("one", "other")] == [10.0, 5.0]
