"""What a command may do."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from gateway import plugins
from gateway.adapter import Rejected
from gateway.commands.decode import Request, decode
from gateway.commands.guard import Guard
from gateway.commands.policy import Permit, check
from gateway.config import ConfigError, load
from gateway.devices import describe
from gateway.model import DeviceInfo
from tests.commands.setup import BOILER

NOON, NIGHT = 12 * 60, 0


def judge(**body: Any) -> str | None:
    """The reason for a refusal, or None."""
    try:
        check(decode(json.dumps({"id": "c", **body}).encode()), BOILER)
    except Rejected as error:
        return error.reason if error.detail else "without a word"
    return None


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (20, None),
        (80, None),
        (55.5, None),
        (19.999, "out-of-range"),
        (80.001, "out-of-range"),
        (10**30, "out-of-range"),
        (-(10**30), "out-of-range"),
    ],
)
def test_a_write_is_held_to_its_limits(value: float, reason: str | None) -> None:
    assert judge(write={"setpoint": value}) == reason


@pytest.mark.parametrize(("value", "reason"), [(5, None), (4.9, "out-of-range"), (10**12, None)])
def test_a_limit_may_be_open_at_one_end(value: float, reason: str | None) -> None:
    assert judge(write={"open": value}) == reason


def test_nothing_is_writable_unless_its_point_says_so() -> None:
    assert judge(write={"temp": 1}) == "not-writable"
    assert judge(write={"mode": "auto"}) is None


def test_one_point_that_may_not_spoils_the_whole_write() -> None:
    assert judge(write={"setpoint": 55, "temp": 1}) == "not-writable"
    assert judge(write={"setpoint": 55, "nothing": 1}) == "unknown-point"


def test_every_point_may_be_read_that_exists() -> None:
    assert judge(read=["temp", "setpoint"]) is None
    assert judge(read=["temp", "nothing"]) == "unknown-point"


def test_a_command_is_permitted_with_what_it_takes() -> None:
    found = permit(BOILER, invoke="fill", args={"lot": "7", "kg": 9})
    assert list(found.args.items()) == [("kg", 9.0), ("lot", "7")]
    assert found.moves


@pytest.mark.parametrize(
    ("args", "reason"),
    [({}, "malformed"), ({"kg": "9"}, "malformed"), ({"kg": 1, "x": 1}, "malformed"), ({"kg": 10}, "out-of-range")],
)
def test_a_command_with_anything_else_is_refused(args: dict[str, Any], reason: str) -> None:
    assert judge(invoke="fill", args=args) == reason


def test_a_command_the_device_does_not_have_is_refused() -> None:
    assert judge(invoke="tare") == "unknown-command"


def test_a_refusal_names_the_limits_and_the_unit() -> None:
    with pytest.raises(Rejected, match="setpoint may be written from 20 to 80 °C"):
        check(decode(b'{"id":"c","write":{"setpoint":90}}'), BOILER)
    with pytest.raises(Rejected, match=r"open may be written from 5 upwards$"):
        check(decode(b'{"id":"c","write":{"open":1}}'), BOILER)
    with pytest.raises(Rejected, match=r"closed may be written up to 7 mm$"):
        check(decode(b'{"id":"c","write":{"closed":8}}'), BOILER)


# Every rule, by the place where it stands.

SITE = """
version: 1
gateway: {id: gw}
endpoints:
  cloud: {type: mqtt, url: "mqtt://127.0.0.1:1", commands: false}
commands: false
links:
  plc: {adapter: modbus, host: 127.0.0.1}
devices:
  boiler:
    link: plc
    max_write_rate: 3/min
    points:
      temp: {address: 0, type: uint16, writable: false}
      pump: {address: 1, table: coil, type: bool, writable: true}
      limited: {address: 10, type: uint16, writable: {min: 20, max: 80}}
      seldom: {address: 11, type: uint16, writable: {max_rate: 1/min}}
      careful: {address: 12, type: uint16, writable: {confirm: true}}
      daily: {address: 13, type: uint16, writable: {hours: "06:00-22:00"}}
      locked: {address: 14, type: uint16, writable: {interlock: {pump: false}}}
    commands:
      restart: {confirm: true, steps: [{write: {pump: false}}, {pause: 1s}, {write: {pump: true}}]}
      nightly: {hours: "22:00-06:00", steps: [{write: {pump: true}}]}
      hourly: {max_rate: 1/h, steps: [{write: {pump: true}}]}
      safely: {interlock: {pump: false}, steps: [{write: {locked: 1}}, {write: {seldom: 1}}]}
      boldly: {steps: [{write: {careful: 1}}]}
  roof: {link: plc, unit_id: 3, sunspec: true, commands: {stop: {steps: [{write: {controls_Conn: DISCONNECT}}]}}}
  tank: {link: plc, unit_id: 2, commands: false, points: {level: {address: 0, type: uint16, writable: true}}}
"""


@pytest.fixture(scope="module")
def devices(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, DeviceInfo]:
    path = tmp_path_factory.mktemp("site") / "gateway.yaml"
    path.write_text(SITE)
    return describe(load(path, plugins.catalog(), {}))


def place(rule: str) -> Any:
    """What stands there in the file."""
    found = yaml.safe_load(SITE)
    for name in rule.split("."):
        found = found[name]
    return found


def permit(device: DeviceInfo, **body: Any) -> Permit:
    return check(request(**body), device)


def request(**body: Any) -> Request:
    return decode(json.dumps({"id": "c", **body}).encode())


BOILERS = "devices.boiler"
FORBIDDEN: dict[str, tuple[dict[str, Any], Any]] = {
    f"{BOILERS}.points.temp.writable": ({"write": {"temp": 1}}, False),
    f"{BOILERS}.points.limited.writable": ({"write": {"limited": 81}}, {"min": 20, "max": 80}),
    f"{BOILERS}.points.seldom.writable.max_rate": ({"write": {"seldom": 1}}, "1/min"),
    f"{BOILERS}.points.careful.writable.confirm": ({"write": {"careful": 1}}, True),
    f"{BOILERS}.points.daily.writable.hours": ({"write": {"daily": 1}}, "06:00-22:00"),
    f"{BOILERS}.commands.restart.confirm": ({"invoke": "restart"}, True),
    f"{BOILERS}.commands.nightly.hours": ({"invoke": "nightly"}, "22:00-06:00"),
    f"{BOILERS}.commands.hourly.max_rate": ({"invoke": "hourly"}, "1/h"),
    f"{BOILERS}.max_write_rate": ({"write": {"pump": True}}, "3/min"),
    "devices.tank.commands": ({"write": {"level": 1}}, False),
}


@pytest.mark.parametrize("rule", FORBIDDEN)
def test_every_refusal_names_its_rule_as_it_stands_in_the_file(devices: Mapping[str, DeviceInfo], rule: str) -> None:
    body, written = FORBIDDEN[rule]
    minute = NIGHT if "daily" in rule else NOON
    guard = Guard(lambda: 0.0, lambda: minute, lambda: "token")
    device = devices[rule.split(".")[1]]

    def many() -> None:
        for _ in range(5):
            guard.admit(request(**body), permit(device, **body), device.device, "cloud")

    with pytest.raises(Rejected) as refused:
        many()
    assert refused.value.rule == rule
    assert refused.value.detail
    assert place(rule) == written


def test_interlocks_name_their_rule_too(devices: Mapping[str, DeviceInfo]) -> None:
    (interlock,) = permit(devices["boiler"], write={"locked": 1}).interlocks
    assert place(interlock.rule) == dict(interlock.wanted) == {"pump": False}
    found = permit(devices["boiler"], invoke="safely")
    assert [each.rule for each in found.interlocks] == [f"{BOILERS}.commands.safely.interlock"]
    assert [[each.rule for each in part.interlocks] for part in found.parts] == [
        [f"{BOILERS}.points.locked.writable.interlock"],
        [],
    ]


def test_the_steps_of_a_command_are_held_to_the_rules_of_their_points(devices: Mapping[str, DeviceInfo]) -> None:
    assert [each.rule for each in permit(devices["boiler"], invoke="boldly").guarded] == [
        f"{BOILERS}.commands.boldly",
        f"{BOILERS}.points.careful.writable",
    ]
    assert f"{BOILERS}.points.seldom.writable" in [
        each.rule for each in permit(devices["boiler"], invoke="safely").guarded
    ]


def test_a_command_whose_points_were_not_found_is_refused(devices: Mapping[str, DeviceInfo]) -> None:
    with pytest.raises(Rejected, match="roof has no point 'controls_Conn'"):
        permit(devices["roof"], invoke="stop")


def test_where_nothing_may_be_written_reads_go_on(devices: Mapping[str, DeviceInfo]) -> None:
    assert not permit(devices["tank"], read=["level"]).moves
    with pytest.raises(Rejected) as refused:
        permit(devices["tank"], invoke="anything")
    assert refused.value.rule == "devices.tank.commands"


def test_a_command_that_writes_points_takes_no_args(devices: Mapping[str, DeviceInfo]) -> None:
    with pytest.raises(Rejected, match="takes no args"):
        permit(devices["boiler"], invoke="hourly", args={"pump": False})


@pytest.mark.parametrize("rule", ["commands", "endpoints.cloud.commands"])
def test_what_switches_commands_off_for_more_than_one_device_stands_there(rule: str) -> None:
    assert place(rule) is False


@pytest.mark.parametrize(
    "wrong",
    [
        "commands: {x: {steps: [{write: {pump: true}}, {write: {seldom: 70000}}]}}",
        "on_uplink_lost: {after: 1h, write: {seldom: -1}}",
        "on_uplink_lost: {after: 1h, write: {limited: 81}}",
    ],
)
def test_what_no_register_holds_is_found_when_the_file_is_read_not_when_it_is_needed(
    tmp_path: Path, wrong: str
) -> None:
    before, rest = SITE.split("    commands:\n")
    path = tmp_path / "gateway.yaml"
    path.write_text(before + f"    {wrong}\n" + rest[rest.index("  tank:") :])
    with pytest.raises(ConfigError, match=r"does not fit uint16|is outside"):
        load(path, plugins.catalog(), {})


def test_a_fail_safe_of_a_device_whose_link_is_not_known_is_an_error_in_the_file(tmp_path: Path) -> None:
    lost = "    on_uplink_lost: {after: 1h, write: {pump: true}, endpoint: cloud}\n"
    path = tmp_path / "gateway.yaml"
    path.write_text(SITE.replace("\nlinks:", "\ninks:").replace("    max_write_rate", f"{lost}    max_write_rate"))
    with pytest.raises(ConfigError, match="inks"):
        load(path, plugins.catalog(), {})
