"""`fieldgate check` as an installer sees it."""

import json
import subprocess
from pathlib import Path

from tests.cli.test_verbs import fieldgate

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


def checked(folder: Path, *devices: str, json: bool = False) -> subprocess.CompletedProcess[str]:
    (folder / "gateway.yaml").write_text(SITE + "".join(devices))
    return fieldgate("check", *["--json"] * json, cwd=folder)


def test_the_plan_shows_what_each_device_costs_its_link(tmp_path: Path) -> None:
    ended = checked(tmp_path, *(METER.format(n=n) for n in (1, 2)), BOILER)
    assert ended.stdout == EXPECTED
    assert ended.returncode == 0


def test_what_a_line_has_no_time_for_is_a_warning_where_it_is_asked_for(tmp_path: Path) -> None:
    meters = [METER.format(n=n).replace("type: float32", f"type: float32, every: {20 * n}ms") for n in (1, 2)]
    ended = checked(tmp_path, *meters)
    assert (
        "gateway.yaml:13:49: warning[W208]: the line needs 49 ms for all that is asked of it each 20ms" in ended.stderr
    )
    assert "\n  244% of the time of " in ended.stdout
    assert "\n  that is more than there is: polls will be skipped\n" in ended.stdout


def test_the_load_comes_as_data_too(tmp_path: Path) -> None:
    document = json.loads(checked(tmp_path, METER.format(n=1), BOILER, json=True).stdout)
    assert list(document["load"]) == list(document["plan"]) == ["bus1", "plc"]
    assert 0.03 < document["load"]["bus1"]["share"] < 0.04
    (first, second) = document["load"]["bus1"]["polls"]
    assert (first["device"], first["every_s"], first["requests"], first["sent"]) == ("meter1", 1.0, 1, 8)
    assert second["every_s"] == 60.0
    assert document["load"]["plc"]["answer_within_s"] == 5.0
