"""What the house knows of devices whose protocol is described in the configuration."""

from pathlib import Path

import pytest
import yaml
from jsonschema import Draft7Validator

from gateway import plugins
from gateway.config import ConfigError, load
from gateway.config.schema import build
from gateway.devices import describe
from gateway.model import DeviceInfo

SITE = r"""
version: 1
gateway: {id: gw}
links:
  tty: {adapter: serial, port: /dev/ttyS0, framing: {type: line, terminator: "\n"}}
  usb: {adapter: serial, port: /dev/ttyACM0, framing: {type: line, terminator: "\r"}}
  plc: {adapter: modbus, host: 127.0.0.1}
devices:
  scale:
    link: tty
    messages:
      weight: {match: '^W(?P<weight>\d+)$'}
      tare: {match: '^T(?P<tare>\d+)$', poll: {send: "T\n"}, every: 5s}
      counter: {match: '^C(?P<count>\d+)$', poll: {send: "C\n"}}
      alarm: {match: '^A(?P<alarm>\w+)$', stale_after: never}
    points:
      weight: {message: weight, type: float}
      tare: {message: tare, type: float}
      count: {message: counter, type: int}
      alarm: {message: alarm, type: bool, enum: {SET: true, CLR: false}}
    commands:
      limit:
        send: "L{kg}{text}\n"
        args: {kg: {max: 9}, text: {type: string, pattern: "[a-z]+", default: none}}
  scanner: {link: usb, match: '^(?P<code>\w+)$', stale_after: never, points: {code: {type: string}}, commands: false}
  meter: {link: plc, every: 2s, points: {a: {address: 1, type: uint16}, b: {address: 2, type: uint16, every: 1min}}}
"""


@pytest.fixture(scope="module")
def devices(tmp_path_factory: pytest.TempPathFactory) -> dict[str, DeviceInfo]:
    path = tmp_path_factory.mktemp("site") / "gateway.yaml"
    path.write_text(SITE)
    return describe(load(path, plugins.catalog(), {}))


def periods(info: DeviceInfo) -> dict[str, float]:
    return {name: point.every_s for name, point in info.points.items()}


def test_a_point_is_polled_as_often_as_its_message_and_what_comes_by_itself_never(
    devices: dict[str, DeviceInfo],
) -> None:
    assert periods(devices["scale"]) == {"weight": 0.0, "tare": 5.0, "count": 10.0, "alarm": 0.0}
    assert periods(devices["meter"]) == {"a": 2.0, "b": 60.0}
    assert {name: info.every_s for name, info in devices.items()} == {"scale": 10.0, "scanner": 0.0, "meter": 2.0}


def test_each_message_says_when_its_points_are_stale(devices: dict[str, DeviceInfo]) -> None:
    limits = {group.points: group.stale_after_s for group in devices["scale"].groups}
    assert limits == {("weight",): 30.0, ("tare",): None, ("count",): None, ("alarm",): 0.0}


def test_what_an_argument_must_look_like_is_told_too(devices: dict[str, DeviceInfo]) -> None:
    args = devices["scale"].commands["limit"].args
    assert (args["kg"].max, args["text"].pattern, args["text"].default) == (9, "[a-z]+", "none")


def test_commands_can_be_switched_off_for_a_device_of_any_adapter(devices: dict[str, DeviceInfo]) -> None:
    assert (devices["scanner"].takes_commands, devices["scale"].takes_commands) == (False, True)


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        (
            "{type: string}}, commands: false",
            "{fron: code, type: string}}",
            "unknown key 'fron' - did you mean 'from'?",
        ),
        ("{SET: true, CLR: false}", "{SET: true, CLR: no}", "a bare yes, no, on or off"),
        ("{SET: true, CLR: false}", '{1: true, "1": false}', "the enum has 1 as a number and as a text"),
        ("{SET: true, CLR: false}", "{SET: true, CLR: shut}", "the labels of an enum must be all"),
        ("{max: 9}", "{max: 9, default: 10}", "default: it must be a number up to 9, not 10"),
        ("{max: 9}", "{max: 9, pattern: a}", "pattern is for text"),
    ],
)
def test_what_can_not_be_meant_is_said_in_the_words_of_the_file(
    tmp_path: Path, right: str, wrong: str, said: str
) -> None:
    path = tmp_path / "gateway.yaml"
    assert right in SITE
    path.write_text(SITE.replace(right, wrong))
    with pytest.raises(ConfigError) as caught:
        load(path, plugins.catalog(), {})
    assert said in caught.value.render()


def test_editors_know_that_commands_can_be_switched_off_and_that_texts_have_meanings() -> None:
    schema = Draft7Validator(build(plugins.catalog()))
    site = yaml.safe_load(SITE)
    assert [error.message for error in schema.iter_errors(site)] == []
    for wrong in ({"commands": True}, {"commands": {"limit": {"args": {"kg": {"maximum": 1}}}}}):
        assert not schema.is_valid({**site, "devices": {"scale": {**site["devices"]["scale"], **wrong}}})
