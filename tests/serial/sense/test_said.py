"""What can't be said so is told before it is tried."""

from typing import Any

import pytest

from adapters.serial.config import SerialDevice, SerialLink
from adapters.serial.sense.said import of_said

GOOD: dict[str, Any] = {
    "address": "07",
    "poll": {
        "sequence": [
            {"send": "#{address}\r", "expect": r"^>{address}(?P<speed>\d)"},
            {"baudrate": {"from": "speed", "table": {"5": 9600}}},
            {"send": "\x06{speed}{checksum}\r"},
        ]
    },
    "match": r"^(?P<t>\d+)(?P<n>x)$",
    "ack": "A{n}{address}\r",
    "points": {
        "t": {"type": "float", "writable": True, "write": {"send": "S{value:05.1f}\r"}},
    },
    "commands": {
        "go": {
            "args": {"to": {}},
            "send": "G{to}\r",
            "expect": "^{to} OK",
            "error": r"^E(?P<code>\d)",
            "errors": {"1": "no"},
        }
    },
}
LINK: dict[str, Any] = {"port": "/dev/ttyS1", "address": {"at": 1, "length": 2}, "checksum": {"type": "xor8"}}


def found(device: dict[str, Any], link: dict[str, Any]) -> list[tuple[str, tuple[str, ...]]]:
    """Each fault, without the link."""
    parsed = SerialDevice.model_validate({"link": "l", **device})
    return [
        (fault.text, fault.path)
        for fault in of_said(SerialLink.model_validate({"adapter": "serial", **link}), {"d": parsed})
    ]


def test_what_can_be_said_has_no_fault() -> None:
    assert found(GOOD, LINK) == []


@pytest.mark.parametrize(
    ("change", "path", "says"),
    [
        ({"poll": {"send": "#{adress}\r"}}, ("poll", "send"), "nothing fills {adress}: there is address"),
        ({"address": None, "poll": None, "ack": "A{address}"}, ("ack",), "give it one"),
        ({"ack": "{m}"}, ("ack",), "nothing fills {m}"),
        ({"poll": {"send": "x", "expect": "^{n}"}}, ("poll", "expect"), "nothing fills {n}"),
        (
            {"poll": {"sequence": [{"baudrate": {"from": "speed", "table": {"5": 9600}}}]}},
            ("poll", "sequence", "0", "baudrate"),
            "no `expect` before it has a group 'speed'",
        ),
        (
            {"points": {"t": {"type": "float", "writable": True, "write": {"send": "ON\r"}}}},
            ("points", "t", "write"),
            "whatever is written, the same is sent",
        ),
        ({"commands": {"go": {"args": {"to": {}}, "send": "G\r"}}}, ("commands", "go", "args", "to"), "never sent"),
        (
            {"commands": {"go": {"args": {"value": {}}, "send": "G{value}\r"}}},
            ("commands", "go", "args", "value"),
            "means something else",
        ),
        (
            {"commands": {"go": {"send": "G\r", "error": "^E", "errors": {"1": "no"}}}},
            ("commands", "go", "errors"),
            "needs a group of that name",
        ),
    ],
)
def test_what_can_not_be_said_is_told_where_it_stands(change: dict[str, Any], path: tuple[str, ...], says: str) -> None:
    ((text, where),) = found({**GOOD, **change}, LINK)
    assert where == path
    assert says in text


def test_a_checksum_and_speeds_that_the_link_does_not_have_are_told() -> None:
    texts = [text for text, _ in found(GOOD, {"port": "tcp://10.0.0.5:4001", "address": {"at": 1, "length": 2}})]
    assert [text.partition(":")[0] for text in texts] == [
        "through tcp",
        "{checksum} is the link's, which has none",
    ]
