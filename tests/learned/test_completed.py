"""Devices with the points that were learned of them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from structlog.testing import capture_logs
from typing_extensions import override

from adapters.modbus import ModbusAdapter
from gateway import plugins
from gateway.adapter import Adapter, Memory
from gateway.config import Site, load
from gateway.learned import completed
from gateway.memory import MemoryFile
from tests.support.site import device, endpoint, link, site

POINTS = {"temp": {"address": 0, "type": "uint16"}}


class Learner(ModbusAdapter):
    """Knows another point of each device, by its memory."""

    @override
    @classmethod
    def complete(cls, link: Any, devices: Mapping[str, Any], memory: Memory) -> Mapping[str, Any]:
        return {
            name: given.model_copy(update={"points": {**given.points, memory[name]["point"]: given.points["temp"]}})
            for name, given in devices.items()
            if memory[name]
        }


@pytest.fixture
def given(tmp_path: Path) -> Site:
    text = site(endpoint("mqtt://127.0.0.1:1"), {"plc": link(1)}, {"known": device(POINTS), "new": device(POINTS)})
    path = tmp_path / "gateway.yaml"
    path.write_text(yaml.dump(yaml.safe_load(text)))
    return load(path, plugins.catalog(), {})


@pytest.fixture
def memory(tmp_path: Path) -> MemoryFile:
    found = MemoryFile(tmp_path / "memory.json")
    found.of(["known", "new"])["known"]["point"] = "level"
    return found


def points(found: Site) -> dict[str, list[str]]:
    return {name: list(device.points) for name, device in found.links["plc"].devices.items()}


def test_an_adapter_that_knows_more_of_its_devices_says_so_and_keeps_the_others(
    given: Site, memory: MemoryFile
) -> None:
    found = completed(given, {"modbus": Learner}, memory)

    assert points(found) == {"known": ["temp", "level"], "new": ["temp"]}


def test_an_adapter_that_learns_nothing_leaves_them_as_they_are(given: Site, memory: MemoryFile) -> None:
    assert points(completed(given, {"modbus": ModbusAdapter}, memory)) == points(given)


def test_a_defect_costs_what_could_have_been_learned_and_is_told(given: Site, memory: MemoryFile) -> None:
    class Broken(ModbusAdapter):
        @override
        @classmethod
        def complete(cls, link: Any, devices: Mapping[str, Any], memory: Memory) -> Mapping[str, Any]:
            raise ValueError("oops")

    adapters: dict[str, type[Adapter]] = {"modbus": Broken}
    with capture_logs() as logs:
        found = completed(given, adapters, memory)

    assert points(found) == points(given)
    assert [(each["event"], each["name"]) for each in logs] == [("defect", "link plc")]
