"""The plan of a line as people read it."""

import json
from typing import Any

from adapters.serial import SerialAdapter
from adapters.serial.config import SerialDevice, SerialLink
from adapters.serial.outlook.outlook import facts, lines

POINTS = {"t": {"type": "float"}}


def link(**settings: Any) -> SerialLink:
    return SerialLink.model_validate({"adapter": "serial", "port": "/dev/ttyS1", **settings})


def device(**settings: Any) -> SerialDevice:
    return SerialDevice.model_validate({"link": "l", "match": r"^(?P<t>\d+)", "points": POINTS, **settings})


def test_the_plan_of_a_line_is_a_table_with_what_it_comes_to() -> None:
    devices = {
        "thermo1": device(every="1s", poll={"send": "#{address}\r"}, address="01", example=">01+021.5\r"),
        "meter": device(every="1min", poll={"send": "?\r\n"}),
        "reader": device(),
    }
    *rows, total = lines(link(), devices)
    assert rows == [
        "device   every        points  bytes out + in  line time  load",
        "thermo1  1s                1          4 + 10      20 ms  2.0%",
        "meter    1min              1    3 + about 40      50 ms  0.1%",
        "reader   as it comes       1",
    ]
    assert total.startswith("2.0% of the time of /dev/ttyS1, if a device begins to answer within 5 ms")
    assert total.endswith("and an answer without `example` has 40 bytes")


def test_a_device_with_several_messages_has_a_row_for_each() -> None:
    messages = {"fast": {"match": "^F", "poll": {"send": "F\r"}, "every": "100ms"}, "slow": {"match": "^S"}}
    plan = lines(
        link(baudrate=300),
        {"d": device(match=None, messages=messages, points={"t": {"type": "float", "message": "fast"}})},
    )
    assert [row.split()[:2] for row in plan[1:3]] == [["d", "fast"], ["d", "slow"]]
    assert plan[-1] == "that is more than there is: polls will be skipped"


def test_a_line_on_which_nothing_is_asked_says_so() -> None:
    assert lines(link(), {"d": device()})[-1] == "nothing is asked on /dev/ttyS1: its devices send by themselves"


def test_the_plan_is_there_as_data_too() -> None:
    found = facts(link(), {"d": device(every="1s", poll={"send": "?\r"})})
    assert json.loads(json.dumps(found))["messages"][0]["sent"] == 2
    assert 0 < found["share"] < 1


def test_what_can_not_be_said_has_no_plan_but_an_error() -> None:
    devices = {"d": device(every="1s", poll={"send": "?{checksum}\r"})}
    assert lines(link(), devices) == []
    (advised,) = SerialAdapter.advice(link(), devices)
    assert (advised.kind, advised.device, advised.path) == ("impossible", "d", ("poll", "send"))
