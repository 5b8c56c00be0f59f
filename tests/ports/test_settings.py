"""Where people write that a port is, and what it is set to."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from gateway.adapter import LinkConfig
from gateway.ports import PortSettings, SerialSettings, address_of, identity_of, is_local, kind_of, setting_of


class Link(PortSettings, LinkConfig):
    """As an adapter has it."""


def link(port: Any, **more: Any) -> Link:
    return Link.model_validate({"adapter": "serial", "port": port, **more})


def why(port: Any, **more: Any) -> str:
    with pytest.raises(ValidationError) as error:
        link(port, **more)
    (only,) = error.value.errors()
    return f"{'.'.join(map(str, only['loc']))}: {only['msg'].removeprefix('Value error, ')}"


@pytest.mark.parametrize(
    ("port", "kind", "address"),
    [
        ("tcp://10.0.0.5:4001", "tcp", ("10.0.0.5", 4001)),
        ("TCP://Moxa.example:4001/", "tcp", ("Moxa.example", 4001)),
        ("rfc2217://[fe80::1%eth0]:2217", "rfc2217", ("fe80::1%eth0", 2217)),
    ],
)
def test_a_port_may_be_at_the_far_end_of_a_network(port: str, kind: str, address: tuple[str, int]) -> None:
    name = link(port).port
    assert (kind_of(name), is_local(name), address_of(name)) == (kind, False, address)


def test_a_port_of_this_machine_is_a_path() -> None:
    assert is_local(link("/dev/serial/by-id/usb-FTDI_A1").port)
    with pytest.raises(ValueError, match="not reached through a network"):
        address_of("/dev/ttyS0")


@pytest.mark.parametrize(
    ("port", "hint"),
    [
        ("COM3", "COM3 is how Windows calls a port: here it is a path, best by its name in /dev/serial/by-id"),
        (r"\\.\COM12", "how Windows calls a port"),
        ("ttyUSB0", "needs its whole path: /dev/ttyUSB0"),
        ("/dev/serial/by-id/", "is a folder"),
        ("socket://10.0.0.5:4001", "is written tcp://10.0.0.5:4001, or rfc2217://10.0.0.5:4001"),
        ("telnet://10.0.0.5:4001", "is written tcp://10.0.0.5:4001"),
        ("10.0.0.5:4001", "write tcp://10.0.0.5:4001, or rfc2217://10.0.0.5:4001"),
        ("udp://10.0.0.5:4001", "a serial port is a path like"),
        ("A1", "a serial port is a path like"),
        ("tcp://10.0.0.5", "needs host and port, like tcp://10.0.0.5:4001"),
        ("tcp://::1:4001", "needs host and port"),
        ("tcp://10.0.0.5:4001/x", "needs host and port, like tcp://10.0.0.5:4001, and nothing else"),
        ("rfc2217://10.0.0.5:0", "has a port from 1 to 65535 at its end, not 0"),
        ("tcp://10.0.0.5:65536", "not 65536"),
        ("tcp://10.0.0.500:4001", "its host is no IP address"),
        ("tcp://a..b:4001", "its host is no name"),
    ],
)
def test_what_can_be_no_port_says_what_to_write(port: str, hint: str) -> None:
    assert hint in why(port)
    assert why(port).startswith("port: ")


@pytest.mark.parametrize("port", ["tcp://10.0.0.5:1", "tcp://10.0.0.5:65535"])
def test_numbers_of_ports_reach_from_1_to_65535(port: str) -> None:
    assert link(port).port == port


@settings(deadline=None)
@given(st.text(max_size=40))
def test_whatever_is_written_is_a_port_or_is_told(text: str) -> None:
    try:
        name = link(text).port
    except ValidationError:
        return
    assert is_local(name) or address_of(name)


@pytest.mark.parametrize(
    "setting",
    [
        {"baudrate": 9600},
        {"parity": "none"},
        {"stop_bits": 1},
        {"data_bits": 8},
        {"flow_control": "none"},
        {"dtr": True},
    ],
    ids=str,
)
def test_settings_without_a_meaning_over_tcp_are_refused_where_they_stand(setting: dict[str, Any]) -> None:
    (name,) = setting
    assert why("tcp://10.0.0.5:4001", **setting).startswith(f"{name}: has no meaning with tcp://, where the far end")
    assert link("rfc2217://10.0.0.5:4001", **setting).model_fields_set >= {name}
    assert link("/dev/ttyS0", **setting).model_fields_set >= {name}


def test_rs485_is_for_ports_of_this_machine_and_a_time_to_connect_for_others() -> None:
    assert why("rfc2217://10.0.0.5:4001", rs485={}).startswith("rs485: has no meaning through a network")
    assert link("/dev/ttyS0", rs485={}).rs485
    assert why("/dev/ttyS0", connect_timeout="3s").startswith("connect_timeout: has no meaning with a port of this")
    assert link("tcp://10.0.0.5:4001", connect_timeout="3s").connect_timeout == 3.0


@pytest.mark.parametrize(
    ("setting", "good"),
    [({"baudrate": 49}, False), ({"baudrate": 50}, True), ({"baudrate": 4_000_000}, True),
     ({"baudrate": 4_000_001}, False),
     ({"stop_bits": 1.5}, True), ({"stop_bits": 3}, False), ({"data_bits": 5}, True), ({"data_bits": 4}, False),
     ({"parity": "mark"}, True), ({"parity": "E"}, False), ({"flow_control": "dsr-dtr"}, False)],
    ids=str,
)  # fmt: skip
def test_settings_are_what_a_line_can_be_set_to(setting: dict[str, Any], good: bool) -> None:
    if good:
        assert link("/dev/ttyS0", **setting).model_fields_set >= set(setting)
    else:
        assert why("/dev/ttyS0", **setting)


def test_settings_are_written_as_people_do_and_say_how_long_a_character_takes() -> None:
    meter = SerialSettings(baudrate=300, data_bits=7, parity="even", stop_bits=1)
    assert setting_of(meter) == "300 7E1"
    assert meter.character_s == pytest.approx(10 / 300)
    assert setting_of(SerialSettings(stop_bits=1.5)) == "9600 8N1.5"


def test_what_is_surely_one_port_has_one_identity() -> None:
    assert identity_of("/dev//ttyS0") == identity_of("/dev/ttyS0")
    assert identity_of("tcp://Moxa:4001") == identity_of("rfc2217://moxa:4001")
    assert identity_of("tcp://moxa:4001") != identity_of("tcp://moxa:4002")


def test_a_port_of_this_machine_is_looked_for_again_at_least_every_five_seconds() -> None:
    assert link("/dev/ttyUSB0").reconnect.max == 5.0
    assert link("/dev/ttyUSB0", reconnect={"min": "8s"}).reconnect.max == 60.0
    assert link("/dev/ttyUSB0", reconnect={"max": "20s"}).reconnect.max == 20.0
    assert link("tcp://10.0.0.5:4001").reconnect.max == 60.0
