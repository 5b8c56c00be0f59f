from collections.abc import Mapping
from typing import Any

import pytest

from adapters.modbus.config.link import ModbusLink
from adapters.modbus.search.scope import scope_of, settings_of, units_of
from gateway.adapter import Rejected


@pytest.mark.parametrize(
    ("text", "units"),
    [
        ("7", (7,)),
        ("1-3,40", (1, 2, 3, 40)),
        ("40, 1 - 3", (1, 2, 3, 40)),
        ("2-4,3-5,4", (2, 3, 4, 5)),
        ("0,255", (0, 255)),
        ("9-9", (9,)),
    ],
)
def test_units_are_numbers_and_spans_in_any_order(text: str, units: tuple[int, ...]) -> None:
    assert scope_of({"units": text}, None).units == units


def test_without_options_all_units_of_a_serial_line_are_looked_for() -> None:
    assert scope_of({}, None).units == tuple(range(1, 248))


@pytest.mark.parametrize(("slowest_s", "timeout_s"), [(None, 0.5), (0.2, 0.2), (3.0, 0.5)])
def test_a_probe_waits_as_long_as_the_slowest_device_may_take_but_half_a_second_at_most(
    slowest_s: float | None, timeout_s: float
) -> None:
    assert scope_of({}, slowest_s).timeout_s == timeout_s


def test_a_timeout_that_is_given_holds() -> None:
    assert scope_of({"timeout": "2s"}, 0.2).timeout_s == 2.0


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"units": ""}, "numbers and spans"),
        ({"units": "1-"}, "numbers and spans"),
        ({"units": "one"}, "numbers and spans"),
        ({"units": "1,,2"}, "numbers and spans"),
        ({"units": "-5"}, "numbers and spans"),
        ({"units": "٣"}, "numbers and spans"),
        ({"units": "9999999999"}, "numbers and spans"),
        ({"units": "32-1"}, "32-1 runs backwards"),
        ({"units": "1-256"}, "256 is no unit id"),
        ({"units": 7}, "a text"),
        ({"units": ["1"]}, "a text"),
        ({"units": None}, "a text"),
        ({"timeout": 300}, "300 has no unit"),
        ({"timeout": "soon"}, "a duration"),
        ({"timeout": "0s"}, "longer than zero"),
        ({"timeout": "10001ms"}, "at most 10s"),
        ({"timeout": True}, "a duration"),
        ({"baud": "9600"}, "no 'baud'"),
    ],
)
def test_what_makes_no_sense_is_refused_in_a_sentence(options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(Rejected, match=sentence) as caught:
        scope_of(options, None)
    assert caught.value.reason == "malformed"


LINE = ModbusLink.model_validate({"adapter": "modbus", "transport": "rtu", "port": "/dev/ttyUSB0", "stop_bits": 2})


def test_through_a_network_there_may_be_a_device_without_a_line() -> None:
    network = ModbusLink.model_validate({"adapter": "modbus", "host": "plc"})
    assert scope_of({}, None, units_of(network)).units == (*range(1, 248), 255)
    assert scope_of({}, None, units_of(LINE)).units == tuple(range(1, 248))


def tried(options: Mapping[str, Any]) -> list[tuple[int, str, float]]:
    return [(each.baudrate, each.parity, each.stop_bits) for each in settings_of(LINE, options)]


def test_without_serial_only_the_links_own_setting_is_tried() -> None:
    assert settings_of(LINE, {"serial": False}) == (LINE,)


def test_all_usual_settings_are_tried_with_serial_and_each_once() -> None:
    settings = tried({"serial": True})
    assert (settings[0], len(settings), len(set(settings))) == ((9600, "none", 1), 24, 24)


def test_named_settings_are_tried_in_their_order() -> None:
    assert tried({"baudrate": "19200, 9600", "parity": "even"}) == [(19200, "even", 1), (9600, "even", 1)]
    assert tried({"baudrate": 4800, "parity": "odd,odd"}) == [(4800, "odd", 1)]


def test_many_settings_in_vain_are_passed_faster() -> None:
    assert scope_of({"serial": True}, None).timeout_s < scope_of({}, None).timeout_s


@pytest.mark.parametrize("options", [
    {"serial": "yes"}, {"serial": None}, {"baudrate": ""}, {"baudrate": "9600,"}, {"baudrate": "fast"},
    {"baudrate": "-9600"}, {"baudrate": "9" * 5000}, {"baudrate": True}, {"baudrate": [9600]}, {"baudrate": "49"},
    {"baudrate": "4000001"}, {"baudrate": ",".join(str(9600 + n) for n in range(17))}, {"parity": "maybe"},
    {"parity": ""}, {"parity": 1}, {"parity": {"none": 1}}, {"baudrate": "\u0661"},
])  # fmt: skip
def test_settings_that_make_no_sense_are_malformed(options: Mapping[str, Any]) -> None:
    with pytest.raises(Rejected) as caught:
        settings_of(LINE, options)
    assert caught.value.reason == "malformed"
