"""What devices make of what is said to them."""

from typing import Any

import pytest

from adapters.serial.config import HexSend
from adapters.serial.framing.make import framer_of, seal_for_sending
from adapters.serial.simulator.chain import CHANGE_S
from adapters.serial.simulator.faults import fault_of
from gateway.template.template import Template
from tests.serial.simulator.setup import Gateway, device_of, gateway, link_of

SCALE: dict[str, Any] = {
    "match": r"^(?P<status>ST|US),(?P<kind>GS|NT),\s*(?P<weight>[-+]?\d+\.\d+)\s*kg$",
    "example": "ST,GS,   12.34kg",
    "points": {
        "weight": {"from": "weight", "type": "float", "unit": "kg"},
        "stable": {"from": "status", "type": "bool", "enum": {"ST": True, "US": False}},
    },
    "commands": {
        "tare": {"send": "T\r\n", "expect": "^OK$", "error": r"^E(?P<code>\d)$", "errors": {"1": "in motion"}},
        "limit": {"args": {"kg": {"min": 0, "max": 500}}, "send": "L{kg:06.1f}\r\n", "expect": "^L={kg}$"},
        "weigh": {"args": {"weight": {}}, "send": "W{weight}\r\n"},
    },
}
SENSOR = {"framing": {"type": "length", "start": {"hex": "AA"}, "at": 1, "size": 1, "counts": "rest", "extra": 2}}
SENSOR |= {"checksum": {"type": "crc-16/modbus", "endian": "little"}}
SETPOINT = {"at": 5, "type": "int16", "scale": 0.1, "writable": {"min": 0, "max": 50}}


def test_it_sends_its_example_until_something_else_is_set() -> None:
    scale = gateway(**SCALE)
    assert scale.listen() == [b"ST,GS,   12.34kg\r\n"]
    scale.set(weight=-7.5, stable=False)
    assert scale.listen() == [b"US,GS,   -7.50kg\r\n"]
    assert scale.get() == {"weight": -7.5, "stable": False}


def test_a_command_is_answered_with_what_is_expected() -> None:
    scale = gateway(**SCALE)
    assert scale.ask(b"T\r\n") == [b"OK\r\n"]
    assert scale.ask(b"L0012.5\r\n") == [b"L=12.5\r\n"]
    assert scale.ask(b"X\r\n") == []


def test_an_argument_of_the_name_of_a_point_sets_it_and_nobody_answers_who_is_not_expected_to() -> None:
    scale = gateway(**SCALE)
    assert scale.ask(b"W99.5\r\n") == []
    assert scale.get()["weight"] == 99.5


def test_a_device_that_refuses_names_its_error() -> None:
    scale = gateway(**SCALE)
    scale.chain.units["d"].fault = fault_of("refuse:1", 1.0)
    assert scale.ask(b"T\r\n") == [b"E1\r\n"]
    assert scale.ask(b"L0012.5\r\n") == [b"L=12.5\r\n"]


def test_a_poll_is_answered_by_its_message_with_its_length_and_checksum() -> None:
    sensor = gateway(
        SENSOR,
        poll={"send": {"hex": "AA 01 02 {checksum}"}},
        match=[{"at": 2, "is": {"hex": "02"}}],
        points={"t": {"at": 3, "type": "int16", "scale": 0.1}, "on": {"at": 5, "type": "bool", "bits": 7}},
    )
    sensor.set(t=-1.5, on=True)
    assert sensor.listen() == []
    (answer,) = sensor.ask(bytes.fromhex("AA 01 02 D1 B1"))
    assert answer[:-2] == bytes.fromhex("AA 04 02 FF F1 80")
    assert sensor.ask(bytes.fromhex("AA 01 02 D1 B0")) == []


def test_what_is_written_is_what_the_next_poll_says() -> None:
    thermostat = gateway(
        poll={"send": "?\r\n"},
        match=r"^SP=(?P<sp>\d+\.\d);MODE=(?P<mode>\d)$",
        points={
            "sp": {"type": "float", "writable": True, "write": {"send": "SP {value}\r\n", "expect": "^OK"}},
            "mode": {
                "type": "string", "enum": {0: "off", 1: "on"}, "writable": True, "write": {"send": "M{value:d}\r\n"},
            },
        },
    )  # fmt: skip
    assert thermostat.ask(b"SP 21.5\r\n") == [b"OK\r\n"]
    assert thermostat.ask(b"M1\r\n") == []
    assert thermostat.ask(b"?\r\n") == [b"SP=21.5;MODE=1\r\n"]


def test_binary_frames_are_answered_by_what_is_expected_of_them() -> None:
    sensor = gateway(
        SENSOR,
        match=[{"at": 2, "is": {"hex": "81"}}],
        points={"t": {"at": 3, "type": "uint8"}},
        commands={"go": {"send": {"hex": "AA 01 10 {checksum}"}, "expect": r"^\x90\xFF"}},
    )
    (answer,) = sensor.ask(bytes.fromhex("AA 01 10 51 BC"))
    assert answer[:-2] == bytes.fromhex("AA 02 90 FF")


@pytest.fixture
def chain() -> Gateway:
    link = link_of(framing={"type": "line", "terminator": "\r"}, address={"at": 1, "length": 2})
    thermometer = {"poll": {"send": "#{address}\r"}, "match": r"^>(?P<a>\d\d)(?P<t>[-+]\d+\.\d)$"}
    points = {"t": {"type": "float"}}
    devices = {f"t{n}": device_of(address=f"0{n}", points=points, **thermometer) for n in (1, 2, 3)}
    return Gateway(link, devices)


def test_on_a_line_only_the_one_who_is_asked_answers_with_its_address(chain: Gateway) -> None:
    chain.chain.units["t2"].put("t", 21.5)
    assert chain.ask(b"#02\r") == [b">02+21.5\r"]
    assert chain.ask(b"#04\r") == []


def test_a_fault_is_one_device_s(chain: Gateway) -> None:
    chain.chain.units["t2"].fault = fault_of("dead", 1.0)
    assert chain.ask(b"#02\r") == []
    assert len(chain.ask(b"#03\r")) == 1
    chain.chain.units["t3"].fault = fault_of("wrong-address", 1.0)
    assert [answer[:3] for answer in chain.ask(b"#03\r")] == [b">04"]


def test_what_awaits_an_acknowledgement_is_said_again_until_it_comes() -> None:
    logger = gateway(
        match=r"^#(?P<n>\d+) (?P<v>\d+)$", ack="ACK {n}\r\n", example="#7 15", points={"v": {"type": "int"}}
    )
    assert logger.listen() == [b"#7 15\r\n"]
    logger.set(v=16)
    assert logger.listen() == [b"#7 15\r\n"]
    assert logger.ask(b"ACK 8\r\n") == []
    assert logger.listen() == [b"#7 15\r\n"]
    assert logger.ask(b"ACK 7\r\n") == []
    assert logger.listen() == [b"#7 16\r\n"]


def test_the_steps_of_a_sequence_are_answered_one_by_one() -> None:
    box = gateway(
        poll={
            "sequence": [
                {"send": "\r\n", "expect": "login:"},
                {"send": "root\r\n", "expect": "password:"},
                {"send": "secret\r\n"},
                {"expect": r"\$ $"},
                {"send": "cat t\r\n"},
            ],
        },
        match=r"^t=(?P<t>\d+)$",
        points={"t": {"type": "int"}},
    )
    box.set(t=42)
    assert box.ask(b"\r\n") == [b"login:\r\n"]
    assert box.ask(b"root\r\n") == [b"password:\r\n"]
    assert box.ask(b"secret\r\n") == [b"$ \r\n"]
    assert box.ask(b"cat t\r\n") == [b"t=42\r\n"]


def test_a_meter_names_a_speed_that_is_in_the_table() -> None:
    meter = gateway(
        {"framing": {"type": "line"}},
        poll={
            "sequence": [
                {"send": "/?!\r\n", "expect": r"^/(?P<maker>[A-Za-z]{3})(?P<speed>\d)"},
                {"send": "\x060{speed}0\r\n"},
                {"baudrate": {"from": "speed", "table": {"0": 300, "5": 9600}}},
            ]
        },
        match=r"^E=(?P<e>\d+)$",
        example="E=5",
        points={"e": {"type": "int"}},
    )
    (identification,) = meter.ask(b"/?!\r\n")
    assert identification[4:5] == b"5"
    assert meter.pauses(b"\x06050\r\n") == [CHANGE_S]
    assert meter.ask(b"\x06050\r\n") == [b"E=5\r\n"]


def test_a_word_that_several_messages_begin_with_is_answered_once() -> None:
    steps = [{"send": "HI\r\n", "expect": "^HELLO$"}]
    instrument = gateway(
        messages={
            "one": {"poll": {"sequence": [*steps, {"send": "1\r\n"}]}, "match": r"^1=(?P<a>\d)$"},
            "two": {"poll": {"sequence": [*steps, {"send": "2\r\n"}]}, "match": r"^2=(?P<b>\d)$"},
        },
        points={"a": {"message": "one", "type": "int"}, "b": {"message": "two", "type": "int"}},
    )
    assert instrument.ask(b"HI\r\n") == [b"HELLO\r\n"]
    (answer,) = instrument.ask(b"2\r\n")
    assert answer.startswith(b"2=")


def test_what_is_said_once_the_port_is_open_is_answered_by_the_first_device() -> None:
    scale = gateway({"on_connect": [{"send": "HELLO\r\n", "expect": "^HI$"}]}, **SCALE)
    assert scale.ask(b"HELLO\r\n") == [b"HI\r\n"]


PLAIN, SEALED = "C0 10 00 02 7E", "C0 10 00 02 7E {checksum}"


@pytest.mark.parametrize(("framing", "send"), [
    ({"type": "slip"}, PLAIN), ({"type": "slip"}, SEALED),
    ({"type": "cobs"}, PLAIN), ({"type": "cobs"}, SEALED),
    ({"type": "escaped"}, PLAIN),
    ({"type": "escaped", "start": "\x10\x02", "end": "\x10\x03", "escape": "\x10"}, PLAIN),
    ({"type": "escaped", "start": "~", "end": "~", "escape": "}", "xor": 0x20}, PLAIN),
    ({"type": "escaped", "start": "~", "end": "~", "escape": "}", "xor": 0x20}, SEALED),
])  # fmt: skip
def test_where_frames_are_packed_so_are_questions(framing: dict[str, object], send: str) -> None:
    link = link_of(framing=framing, checksum={"type": "crc-16/xmodem"})
    sensor = {"poll": {"send": {"hex": send}}, "match": r"^T(?P<t>\d+)$", "points": {"t": {"type": "int"}}}
    asked = Gateway(link, {"d": device_of(**sensor)})
    asked.set(t=42)
    framer = framer_of(link.framing, link.checksum)
    template = Template(HexSend(hex=send), seal_for_sending(link.framing, link.checksum))
    (answer,) = asked.ask(framer.wrap(template.render({}), sealed=template.is_sealed))
    assert [frame.body for frame in framer.feed(answer)] == [b"T42"]
    assert asked.ask(framer.wrap(b"?")) == []
