"""What a link may say, by its transport."""

from typing import Any

import pytest
from pydantic import ValidationError

from adapters.modbus.config import ModbusLink
from adapters.modbus.wire.connect import pace_of

NETWORKS = ["tcp", "tls", "udp", "rtu-over-tcp", "ascii-over-tcp"]
PORTS = ["rtu", "ascii"]


def link(transport: str, **more: Any) -> ModbusLink:
    where = {"port": "/dev/ttyUSB0"} if transport in PORTS else {"host": "plc.example"}
    return ModbusLink.model_validate({"adapter": "modbus", "transport": transport, **where, **more})


@pytest.mark.parametrize("transport", [*NETWORKS, *PORTS])
def test_each_transport_needs_no_more_than_where_it_leads(transport: str) -> None:
    made = link(transport)
    assert made.is_serial is (transport in PORTS)
    assert made.is_line is (transport not in {"tcp", "tls", "udp"})


@pytest.mark.parametrize("transport", NETWORKS)
@pytest.mark.parametrize(
    "setting", [{"baudrate": 9600}, {"parity": "none"}, {"stop_bits": 2}, {"data_bits": 8}, {"rs485": {}}], ids=str
)
def test_what_is_a_serial_ports_is_refused_of_a_network(transport: str, setting: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="it is for rtu and ascii"):
        link(transport, **setting)


@pytest.mark.parametrize(
    "host", ["192.168.1.20", "::1", "fe80::1%eth0", "plc", "plc-3.example.", "plc_3", "zähler.example"]
)
def test_a_host_is_a_name_or_an_address(host: str) -> None:
    assert link("tcp", host=host).address == (host, 502)


@pytest.mark.parametrize("transport", PORTS)
@pytest.mark.parametrize("setting", [{"host": "plc.example"}, {"connect_timeout": "3s"}], ids=str)
def test_what_is_a_networks_is_refused_of_a_serial_port(transport: str, setting: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="which is a port of this machine"):
        link(transport, **setting)


@pytest.mark.parametrize(
    ("transport", "more", "complaint"),
    [
        ("rtu", {"port": 502}, "it is the path of a serial port"),
        ("rtu", {"port": "ttyUSB0"}, "it is the path of a serial port"),
        ("tcp", {"port": "/dev/ttyUSB0"}, "for a serial port write transport: rtu"),
        ("tcp", {"host": None}, "transport tcp needs host"),
        ("tcp", {"host": "192.168.1.20:502"}, "write host: 192.168.1.20, port: 502"),
        ("udp", {"host": "http://192.168.1.20"}, "and nothing else"),
        ("tcp", {"host": "192.168.1.20 "}, "and nothing else"),
        ("tcp", {"host": "[::1]"}, "and nothing else"),
        ("tcp", {"host": "192.168.1.256"}, "four numbers up to 255"),
        ("tcp", {"host": "192.168.1"}, "four numbers up to 255"),
        ("tcp", {"host": "192.168.1..20"}, "four numbers up to 255"),
        ("tcp", {"host": "plc..example"}, "between two of its dots"),
        ("tcp", {"host": "p" * 64}, "between two of its dots"),
        ("rtu", {"max_in_flight": 2}, "nothing there tells replies apart"),
        ("rtu-over-tcp", {"max_in_flight": 2}, "nothing there tells replies apart"),
        ("tcp", {"tls": {}}, "has no meaning but with transport: tls"),
        ("tcp", {"local_echo": True}, "only a line hears itself"),
        ("udp", {"local_echo": False}, "only a line hears itself"),
        ("rtu", {"stop_bits": 3}, "must be 1, 1.5 or 2"),
        ("rtu", {"parity": "E"}, "'none', 'even', 'odd', 'mark' or 'space'"),
    ],
)
def test_what_does_not_fit_is_refused_in_words(transport: str, more: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValidationError, match=complaint):
        link(transport, **more)


def test_a_serial_link_without_a_port_says_what_it_needs() -> None:
    with pytest.raises(ValidationError, match="transport ascii needs port, as in /dev/serial/by-id"):
        ModbusLink.model_validate({"adapter": "modbus", "transport": "ascii"})


def test_a_serial_port_is_told_as_people_write_it() -> None:
    assert link("rtu", baudrate=9600, parity="none", stop_bits=1.5).peer == "/dev/ttyUSB0 (9600 8N1.5)"
    assert link("ascii").peer == "/dev/ttyUSB0 (19200 7E1)"
    assert link("tls").peer == "plc.example:802"


@pytest.mark.parametrize(
    ("baudrate", "silence_s"), [(9600, 3.5 * 11 / 9600), (19200, 3.5 * 11 / 19200), (38400, 0.00175), (115200, 0.00175)]
)
def test_the_silence_between_frames_is_the_specifications(baudrate: int, silence_s: float) -> None:
    pace = pace_of(link("rtu", baudrate=baudrate, pause_between="5ms", pause_after_connect="1s"))
    assert pace.silence_s == pytest.approx(silence_s)
    assert (pace.between_s, pace.after_connect_s) == (0.005, 1.0)


@pytest.mark.parametrize("transport", ["rtu-over-tcp", "ascii-over-tcp"])
def test_a_line_through_a_network_keeps_no_silence_of_ours_and_may_be_told_to_echo(transport: str) -> None:
    made = link(transport, local_echo=True, pause_between="5ms")
    assert (made.local_echo, pace_of(made).silence_s, pace_of(made).between_s) == (True, 0.0, 0.005)
