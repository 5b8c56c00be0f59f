"""`fieldgate check` as an installer sees it."""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from adapters.modbus.config import ModbusDevice, ModbusLink
from adapters.modbus.simulator.chain import chain
from adapters.modbus.sunspec.memory import Notes
from tests.cli.api import Said, Verbs
from tests.modbus.sunspec.images import Device, found_on

SITE = """version: 1
gateway: {id: mill-3}
endpoints: {cloud: {type: mqtt, url: "mqtt://broker.example", outbox: {max_size: 16MiB}}}
links:
  bus1: {adapter: modbus, transport: rtu, port: /dev/ttyUSB99, baudrate: 9600}
  plc: {adapter: modbus, host: 10.0.0.1}
devices:
"""
METER = """  meter{n}:
    link: bus1
    unit_id: {n}
    every: 1s
    points:
      power: {{address: 0, type: float32}}
      energy: {{address: 100, type: float64, every: 1min}}
"""
BOILER = """  boiler:
    link: plc
    blocks: false
    points: {temp: {type: int16, address: 1}, hours: {type: uint32, address: 2}}
"""

EXPECTED = """gateway.yaml: ok with 1 warning: 1 endpoint, 2 links, 3 devices, 6 points

bus1:
  device  every  points  requests  reads        bytes out + in  bus time  load
  meter1  1s          1         1  2 registers           8 + 9     32 ms  3.2%
  meter1  1min        1         1  4 registers          8 + 13     37 ms  0.1%
  meter2  1s          1         1  2 registers           8 + 9     32 ms  3.2%
  meter2  1min        1         1  4 registers          8 + 13     37 ms  0.1%
  6.6% of the time of /dev/ttyUSB99 (9600 8E1), if a device begins to answer within 5 ms

plc:
  device  every  points  requests  reads        bytes out + in
  boiler  10s         2         2  3 registers         24 + 24
  0.2 requests/s to 10.0.0.1:502, which keeps up while an answer takes less than 5.0 s
"""


class Check(NamedTuple):
    """A site of its own, and what is said of it."""

    here: Verbs
    folder: Path

    def __call__(self, *devices: str, options: Sequence[str] = ()) -> Said:
        (self.folder / "gateway.yaml").write_text(SITE + "".join(devices))
        return self.here("check", *options, cwd=self.folder)


@pytest.fixture
def checked(here: Verbs, tmp_path: Path) -> Check:
    return Check(here, tmp_path)


def test_the_plan_shows_what_each_device_costs_its_link(checked: Check) -> None:
    ended = checked(*(METER.format(n=n) for n in (1, 2)), BOILER)
    assert ended.out == EXPECTED
    assert ended.code == 0


def test_what_a_line_has_no_time_for_is_a_warning_where_it_is_asked_for(checked: Check) -> None:
    meters = [METER.format(n=n).replace("type: float32", f"type: float32, every: {20 * n}ms") for n in (1, 2)]
    ended = checked(*meters)
    assert "gateway.yaml:13:49: warning[W208]: the line needs 49 ms for all that is asked of it each 20ms" in ended.err
    assert "\n  244% of the time of " in ended.out
    assert "\n  that is more than there is: polls will be skipped\n" in ended.out


def test_the_load_comes_as_data_too(checked: Check) -> None:
    document = checked(METER.format(n=1), BOILER, options=["--json"]).json
    assert list(document["load"]) == list(document["plan"]) == ["bus1", "plc"]
    assert 0.03 < document["load"]["bus1"]["share"] < 0.04
    (first, second) = document["load"]["bus1"]["polls"]
    assert (first["device"], first["every_s"], first["requests"], first["sent"]) == ("meter1", 1.0, 1, 8)
    assert second["every_s"] == 60.0
    assert document["load"]["plc"]["answer_within_s"] == 5.0


INVERTER = """  inv: {link: bus1, unit_id: 3, every: 100ms, sunspec: true}
"""


def remembered(folder: Path) -> Path:
    """The state directory of a gateway that has met the inverter."""
    link = ModbusLink.model_validate({"adapter": "modbus", "transport": "rtu", "port": "/dev/ttyUSB99"})
    device = ModbusDevice.model_validate({"link": "bus1", "unit_id": 3, "sunspec": {}})
    assert device.sunspec is not None
    memory: dict[str, Any] = {}
    found = found_on(Device(chain([device.sunspec], 3), 40000))
    Notes(memory, device.address_on(link), device.sunspec).keep(found, 0.0)
    (folder / "memory.json").write_text(json.dumps({"inv": memory}))
    return folder


def test_what_is_known_of_a_device_counts_in_the_warning_as_it_does_in_the_plan(checked: Check, tmp_path: Path) -> None:
    new = checked(INVERTER)
    state = remembered(tmp_path)
    met = checked(INVERTER, options=["--state-dir", str(state)])

    assert "W208" not in new.err
    (load,) = re.findall(r"warning\[W208\].*each 100ms \(load (\d+)%\)", met.err)
    assert int(load) > 100
    assert f"\n  {load}% of the time of " in met.out


@pytest.mark.parametrize("kept", ["garbage", "[]", '{"inv": 1}', '{"inv": {"sunspec": {"place": 1}}}'])
def test_a_memory_that_makes_no_sense_is_no_obstacle(checked: Check, tmp_path: Path, kept: str) -> None:
    (tmp_path / "memory.json").write_text(kept)

    ended = checked(INVERTER, options=["--json", "--state-dir", str(tmp_path)])

    assert ended.code == 0
    assert ended.json["summary"]["points"] == 0
