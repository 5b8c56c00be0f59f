"""`fieldgate scan ble` and `read --gatt`, with devices that are not there."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from tests.support.site import endpoint, site
from tests.support.verb import verb
from tests.support.virtual import Virtual

ROOM, LOCK = "A4:C1:38:00:00:01", "A4:C1:38:00:00:03"
DEVICES: dict[str, Any] = {
    "room": {"link": "radio", "address": ROOM, "decoder": "bthome", "points": {"temperature": {}, "battery": {}}},
    "lock": {
        "link": "radio",
        "address": LOCK,
        "points": {"battery": {"characteristic": "battery_level"}, "bolt": {"characteristic": "fff1", "type": "uint8"}},
    },
}
SECTION = "# into "


class Place(NamedTuple):
    """Where a verb finds things."""

    folder: Path
    bus: str

    @property
    def config(self) -> Path:
        """A site with these devices, on this bus."""
        path = self.folder / "gateway.yaml"
        path.write_text(site(endpoint("mqtt://127.0.0.1:1"), {"radio": {"adapter": "ble", "bus": self.bus}}, DEVICES))
        return path

    def verb(self, *arguments: str) -> str:
        """What it prints; it ends well."""
        ended = verb(*arguments, "--state-dir", self.folder / "state", cwd=self.folder)
        assert ended.returncode == 0, ended.stderr
        return ended.stdout


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    virtual = tmp_path / "virtual.yaml"
    virtual.write_text(site(endpoint("mqtt://127.0.0.1:1"), {"radio": {"adapter": "ble"}}, DEVICES))
    with Virtual(virtual, "--every", "100ms", adapter="ble") as served:
        yield Place(tmp_path, served.links["radio"]["settings"]["bus"])


def pasted(text: str) -> dict[str, Any]:
    """What is to be pasted, by section."""
    parts = text.split(SECTION)[1:]
    return {part.split(":")[0]: yaml.safe_load(part.split("\n", 1)[1]) for part in parts}


def test_what_a_scan_prints_is_a_site_that_passes_check(place: Place) -> None:
    sections = pasted(place.verb("scan", "ble", "--bus", place.bus, "--listen", "2s"))

    assert {each["address"] for each in sections["devices"].values()} == {ROOM, LOCK}
    assert sections["links"] == {"radio": {"adapter": "ble", "bus": place.bus}}
    (place.folder / "pasted.yaml").write_text(
        site(endpoint("mqtt://127.0.0.1:1"), sections["links"], sections["devices"])
    )
    assert "2 devices" in place.verb("check", "--strict", "pasted.yaml")


def test_what_a_device_offers_can_be_pasted_too(place: Place) -> None:
    said = place.verb("read", "lock", "--gatt", "-c", str(place.config), "--json")
    (found,) = json.loads(said)["found"]

    assert {each["uuid"] for each in found["services"]} >= {"180f"}
    assert found["points"]["battery_level"]["characteristic"] == "battery_level"
    assert found["points"]["c_fff1"]["type"] == "uint8"
