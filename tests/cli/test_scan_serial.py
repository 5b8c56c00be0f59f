"""A search of a serial port as a person meets it: the list of ports, what is heard, what to paste."""

import json
import os
import threading
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from adapters.serial.config import SerialDevice, SerialLink
from gateway.cli.scan import ports, serial
from gateway.ports.listed import PortInfo
from tests.cli.api import Api, Said, Stream

Verb = Callable[..., Said]

SCAN = "POST /v1/links/scale/scan"
LINE: dict[str, Any] = {
    "setting": "9600 7E1", "bytes": 132, "faults": 0, "score": 0.96, "plausible": True, "adapter": "serial",
    "what": "lines of text that end with CR LF", "count": 8,
    "link": {"baudrate": 9600, "data_bits": 7, "parity": "even", "framing": {"type": "line", "terminator": "\r\n"}},
    "device": {"match": r"^T=(?P<value1>\d+)$", "points": {"value1": {"type": "float"}}},
    "frames": [{"hex": "54 3D 31 37", "text": "T=17"}],
}  # fmt: skip
NOISE: dict[str, Any] = {
    **LINE, "setting": "115200 8N1", "bytes": 7, "faults": 7, "score": 0.0, "plausible": False, "link": {},
    "device": {}, "what": "nothing that makes sense", "count": 0, "frames": [],
}  # fmt: skip
SILENCE = {**NOISE, "bytes": 0, "faults": None, "what": "nothing"}
BEGUN = {"done": 0, "total": 16, "left_s": 48.0}
DONE = {"command": "local-1", "status": "done", "found": [LINE, NOISE, SILENCE]}
USB = PortInfo(
    "/dev/ttyUSB0",
    by_id="/dev/serial/by-id/usb-FTDI_A1",
    product="FT232R USB UART",
    manufacturer="FTDI",
    serial_number="A1",
    vid=0x0403,
    pid=0x6001,
    holder="ser2net (pid 812)",
)


@pytest.fixture(autouse=True)
def links(api: Api) -> None:
    scale = {"adapter": "serial", "holds": "/dev/serial/by-id/usb-FTDI_A1"}
    bus = {"adapter": "modbus", "holds": "/dev/ttyS9"}
    api.tell("GET /v1/links", {"links": {"scale": scale, "bus": bus, "plc": {"adapter": "modbus", "holds": None}}})


def test_what_is_heard_on_a_link_is_listed_with_what_to_paste(api: Api, verb: Verb) -> None:
    api.tell(SCAN, Stream([BEGUN, DONE]))

    said = verb("scan", "serial", "scale", "--baudrate", "9600", "--format", "8N1,7E1", "--listen", "10s")

    assert (said.code, said.err) == (0, "scanning scale: 16 to try, at most 48 s; nothing is written\n")
    lines = said.out.splitlines()
    assert lines[:2] == [
        "9600 7E1\t132 bytes\t0\tplausible\tlines of text that end with CR LF",
        "115200 8N1\t7 bytes\t7\t\tnothing that makes sense",
    ]
    assert f"  {'54 3D 31 37':47}  |T=17|" in lines
    link, device = _pasted(said.out)
    assert link == LINE["link"]
    assert device == {"scale-device": {"link": "scale", **LINE["device"]}}
    assert api.posted()[-1].body == {"baudrate": "9600", "format": "8N1,7E1", "listen": "10s"}


def test_a_port_that_the_gateway_has_is_its_links(api: Api, verb: Verb) -> None:
    api.tell(SCAN, Stream([BEGUN, DONE]))

    said = verb("scan", "serial", "/dev/serial/by-id/usb-FTDI_A1", "--as-set")

    link, device = _pasted(said.out)
    assert link["line"] == {"adapter": "serial", "port": "/dev/serial/by-id/usb-FTDI_A1", **LINE["link"]}
    assert device["line-device"]["link"] == "line"
    assert api.posted()[-1].body == {"as_set": True}


def test_what_is_pasted_is_a_configuration() -> None:
    link, device = _pasted("\n".join(serial.stanza("tcp://10.0.0.5:4001", {**LINE, "link": {"framing": "line"}})))

    assert SerialLink.model_validate(link["line"]).port == "tcp://10.0.0.5:4001"
    assert SerialDevice.model_validate(device["line-device"]).points["value1"].type == "float"


def test_modbus_is_sent_to_its_own_adapter() -> None:
    modbus = {**LINE, "adapter": "modbus", "what": "Modbus RTU", "link": {"baudrate": 9600}, "device": {}}
    text = "\n".join(serial.stanza("/dev/ttyS0", modbus))

    assert "`fieldgate scan modbus LINK` finds its devices" in text
    assert yaml.safe_load(text) == {
        "line": {"adapter": "modbus", "transport": "rtu", "port": "/dev/ttyS0", "baudrate": 9600}
    }


ENDS: list[tuple[list[Any], int, str]] = [
    ([{**DONE, "found": [NOISE], "notes": []}], 4, ""),
    ([{**BEGUN, "done": 16, "notes": ["nothing came at any setting"]}, {**DONE, "found": []}], 4, "nothing came"),
    ([{"command": "x", "status": "rejected", "reason": "in-use", "detail": "scale1 answers"}], 8, "scale1 answers"),
    ([{"command": "x", "status": "rejected", "reason": "no-link", "detail": "no such port"}], 4, "no such port"),
    ([{"command": "x", "status": "rejected", "reason": "malformed", "detail": "baudrate must"}], 2, "baudrate must"),
]


@pytest.mark.parametrize(("lines", "code", "words"), ENDS)
def test_why_nothing_was_found_is_told(api: Api, verb: Verb, lines: list[Any], code: int, words: str) -> None:
    api.tell(SCAN, Stream([BEGUN, *lines]))

    said = verb("scan", "serial", "scale")

    assert (said.code, words in said.err, "into links" in said.out) == (code, True, False)


@pytest.mark.parametrize(("arguments", "code", "words"), [
    (("scan", "serial", "scael"), 2, "did you mean 'scale'?"),
    (("scan", "serial", "plc"), 2, "plc is no serial link, but modbus"),
    (("scan", "serial", "/dev/ttyS9"), 8, "the gateway's link bus (modbus) has /dev/ttyS9"),
    (("scan", "serial", "--listen", "9s"), 2, "--listen is for listening: name a port"),
    (("scan", "serial", "COM3:"), 2, "how Windows calls a port"),
    (("scan", "serial", "/dev/no-such"), 4, "there is no serial port /dev/no-such"),
])  # fmt: skip
def test_what_can_not_be_searched_is_told(
    api: Api, verb: Verb, arguments: tuple[str, ...], code: int, words: str
) -> None:
    said = verb(*arguments)

    assert (said.code, words in said.err) == (code, True), said.err
    assert api.posted() == []


def test_with_json_it_is_one_document(api: Api, verb: Verb) -> None:
    api.tell(SCAN, Stream([BEGUN, DONE]))

    document = verb("scan", "serial", "scale", "--json").json

    assert (document["port"], document["complete"], document["found"][0]) == ("scale", True, LINE)


def test_what_a_device_says_commands_no_terminal(api: Api, verb: Verb) -> None:
    evil = {**LINE, "what": "\x1b[2J", "frames": [{"hex": "1B", "text": "\x1b"}]}
    api.tell(SCAN, Stream([{**BEGUN, "notes": ["\x1b[31m"]}, {**DONE, "found": [evil]}]))

    said = verb("scan", "serial", "scale")

    assert "\x1b" not in said.out + said.err


def test_ports_are_listed_with_who_has_them(api: Api, verb: Verb, monkeypatch: pytest.MonkeyPatch) -> None:
    others = [PortInfo("/dev/ttyS9"), PortInfo("/dev/ttyUSB7", product="Scale\x1b", holder="ser2net (pid 812)")]
    monkeypatch.setattr(ports, "listed", lambda: [USB, *others])

    said = verb("scan", "serial")

    assert said.out.splitlines() == [
        "/dev/serial/by-id/usb-FTDI_A1\t/dev/ttyUSB0\tFTDI FT232R USB UART\t0403:6001\tA1\tser2net (pid 812)",
        "/dev/ttyS9\t/dev/ttyS9\t\t\t\tlink bus",
        "/dev/ttyUSB7\t/dev/ttyUSB7\tScale\\x1b\t\t\tser2net (pid 812)",
    ]
    listed = json.loads(verb("scan", "serial", "--json").out)["ports"]
    assert (listed[0]["port"], listed[1]["link"]) == ("/dev/serial/by-id/usb-FTDI_A1", "bus")


def test_no_port_is_told_with_where_to_look(verb: Verb, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "listed", list)

    said = verb("scan", "serial")

    assert (said.code, said.out, "is the adapter plugged in?" in said.err) == (4, "", True)


def test_a_port_is_listened_to_without_a_gateway_or_a_configuration(
    tmp_path: Path, verb: Verb, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path / "nobody"))
    with _scale() as port:
        said = verb("scan", "serial", port, "--listen", "20s")

    assert said.code == 0, said.err
    link, device = _pasted(said.out)
    assert link["line"] == {"adapter": "serial", "port": port, "framing": {"type": "line", "terminator": "\r\n"}}
    assert device["line-device"]["points"] == {"value1": {"type": "float"}}
    assert "the speed of this port is none that can be set" in said.err


@contextmanager
def _scale() -> Iterator[str]:
    """A device that speaks by itself, for who opens this port."""
    far, near = os.openpty()
    tty.setraw(near)
    over = threading.Event()

    def speak() -> None:
        while not over.wait(0.05):
            os.write(far, b"ST,GS,   12.34kg\r\n")

    speaking = threading.Thread(target=speak)
    speaking.start()
    try:
        yield os.ttyname(near)
    finally:
        over.set()
        speaking.join()
        os.close(far)
        os.close(near)


def _pasted(text: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Into links, and into devices."""
    link, _, device = text.partition("# into links")[2].partition("# into devices")
    return yaml.safe_load(link.partition("\n")[2]), yaml.safe_load(device.partition("\n")[2])
