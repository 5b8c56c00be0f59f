"""The plan as people read it."""

import json
from typing import Any

from adapters.modbus.outlook.outlook import facts, lines
from gateway.line.figures import percent, span
from tests.modbus.outlook.test_load import serial
from tests.modbus.setup import device, link_to, registers


def test_the_plan_of_a_line_is_a_table_with_what_it_comes_to() -> None:
    points: dict[str, dict[str, Any]] = {
        "a": {"address": 1},
        "b": {"address": 2, "type": "float32"},
        "c": {"address": 2, "type": "bool", "table": "coil", "every": "1h"},
    }
    devices = {"boiler": device(points, every="1s"), "m2": registers(*range(200), unit_id=2, every="500ms")}
    assert lines(serial(baudrate=19200), devices) == [
        "device  every  points  requests  reads          bytes out + in  bus time  load",
        "boiler  1s          2         1  3 registers            8 + 11     20 ms  2.0%",
        "boiler  1h          1         1  1 bit                   8 + 6     17 ms  0.0%",
        "m2      500ms     200         2  200 registers        16 + 410    262 ms   52%",
        "54% of the time of /dev/ttyS0 (19200 8E1), if a device begins to answer within 5 ms",
    ]


def test_a_line_with_little_time_left_says_so() -> None:
    assert "little is left" in lines(serial(), {"d": registers(*range(100), every="150ms")})[-1]


def test_a_line_that_is_asked_for_more_than_there_is_says_so() -> None:
    assert "more than there is" in lines(serial(), {"d": registers(*range(100), every="50ms")})[-1]


def test_the_plan_of_a_network_link_says_how_soon_answers_must_come() -> None:
    assert lines(link_to(502), {"d": registers(1, every="1s"), "e": registers(*range(126), every="1s")}) == [
        "device  every  points  requests  reads          bytes out + in",
        "d       1s          1         1  1 register            12 + 11",
        "e       1s        126         2  126 registers        24 + 270",
        "3 requests/s to 127.0.0.1:502, which keeps up while an answer takes less than 333 ms",
    ]


def test_a_line_behind_a_bridge_is_said_to_be_unknown() -> None:
    devices = {"d": registers(1, every="1s")}
    assert lines(link_to(4001, transport="rtu-over-tcp"), devices)[-1].endswith(
        "an answer takes less than 1.0 s; what the line behind it takes is not known here"
    )


def test_without_devices_there_is_no_plan() -> None:
    assert lines(link_to(502), {}) == []


def test_the_same_is_told_as_data() -> None:
    told = facts(serial(), {"d": registers(1, every="1s")})
    assert json.loads(json.dumps(told)) == told
    assert told["polls"][0]["points"] == 1
    assert "bus_s" not in facts(link_to(502), {"d": registers(1)})["polls"][0]


def test_times_and_shares_are_written_as_people_say_them() -> None:
    assert [span(s) for s in (0.0042, 0.0421, 0.9994, 0.9996, 1.7)] == ["4.2 ms", "42 ms", "999 ms", "1.0 s", "1.7 s"]
    assert [percent(share) for share in (0.0004, 0.098, 0.5, 1.7)] == ["0.0%", "9.8%", "50%", "170%"]
