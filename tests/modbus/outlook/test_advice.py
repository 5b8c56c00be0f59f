"""What is valid but hardly meant."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from adapters.modbus.config import ModbusDevice, ModbusLink
from adapters.modbus.outlook.advice import advice
from gateway.adapter import Advice
from gateway.ports.lasting import lasting_name
from tests.modbus.outlook.test_load import serial
from tests.modbus.setup import link_to, registers

QUIET = {"d": registers(1, every="10s")}


def given(link: ModbusLink, devices: Mapping[str, ModbusDevice] = QUIET, name: str | None = None) -> list[Advice]:
    return list(advice(link, devices, lambda _path: name))


@pytest.mark.parametrize("port", ["/dev/ttyUSB1", "/dev/ttyACM0", "/dev//ttyUSB12", "/dev/./ttyUSB0"])
def test_a_port_that_is_counted_anew_at_each_start_should_have_a_lasting_name(port: str) -> None:
    (found,) = given(serial(port=port))
    assert (found.kind, found.device, found.path) == ("port-name", None, ("port",))
    assert "/dev/serial/by-id" in found.text


@pytest.mark.parametrize("port", [
    "/dev/serial/by-id/usb-FTDI-if00", "/dev/serial/by-path/x", "/dev/serial0", "/dev/ttyAMA0", "/dev/ttyS0",
    "/dev/ttyUSB-meters", "/dev/rs485", "/dev/pts/3", "/tmp/ttyUSB0",
])  # fmt: skip
def test_a_port_that_keeps_its_name_is_fine(port: str) -> None:
    assert given(serial(port=port)) == []


def test_the_lasting_name_of_this_very_port_is_said() -> None:
    (found,) = given(serial(port="/dev/ttyUSB1"), name="/dev/serial/by-id/usb-1a86-if00")
    assert found.text.endswith("write /dev/serial/by-id/usb-1a86-if00")


def test_a_lasting_name_is_found_by_what_it_points_to(tmp_path: Path) -> None:
    by_id, by_path = tmp_path / "by-id", tmp_path / "by-path"
    by_id.mkdir()
    for name in ("ttyUSB0", "ttyUSB1"):
        (tmp_path / name).touch()
    (by_id / "usb-A").symlink_to("../ttyUSB0")
    folders = (by_id, by_path)
    assert lasting_name(f"{tmp_path}/ttyUSB0", folders) == f"{by_id}/usb-A"
    assert lasting_name(f"{tmp_path}/ttyUSB1", folders) is None
    by_path.mkdir()
    (by_path / "usb-1.2").symlink_to("../ttyUSB1")
    assert lasting_name(f"{tmp_path}/ttyUSB1", folders) == f"{by_path}/usb-1.2"
    assert lasting_name(f"{tmp_path}/ttyUSB2", folders) is None


@pytest.mark.parametrize(
    ("unit", "kind"), [(0, "unreachable"), (1, None), (247, None), (248, "address"), (255, "address")]
)
def test_on_a_line_units_are_1_to_247(unit: int, kind: str | None) -> None:
    devices = {"d": registers(1, unit_id=unit, every="10s")}
    for link in (serial(), link_to(4001, transport="rtu-over-tcp")):
        assert [(each.kind, each.device, each.path) for each in given(link, devices)] == (
            [(kind, "d", ("unit_id",))] if kind else []
        )
    assert given(link_to(502), devices) == []


@pytest.mark.parametrize(("more", "count"), [
    ({"transport": "rtu-over-tcp"}, 1), ({"transport": "ascii-over-tcp"}, 1), ({"transport": "tcp"}, 0),
    ({"transport": "rtu-over-tcp", "port": 4001}, 0),
])  # fmt: skip
def test_a_line_behind_the_port_of_modbus_tcp_is_doubtful(more: dict[str, Any], count: int) -> None:
    link = ModbusLink.model_validate({"adapter": "modbus", "host": "bridge", **more})
    assert [(each.kind, each.path) for each in given(link)] == [("address", ("transport",))] * count


def test_two_devices_that_read_the_same_of_one_unit_are_doubtful() -> None:
    (found,) = given(link_to(502), {"a": registers(1, 2, every="9s"), "b": registers(2, 3, every="9s")})
    assert (found.kind, found.device, found.path) == ("address", "b", ("unit_id",))
    assert "same unit as a" in found.text


def test_one_unit_may_be_two_devices_with_points_of_their_own() -> None:
    assert given(link_to(502), {"a": registers(1, every="9s"), "b": registers(2, every="9s")}) == []
    assert given(link_to(502), {"a": registers(1, every="9s"), "b": registers(1, unit_id=2, every="9s")}) == []


def test_more_than_a_line_has_time_for_is_said_in_the_words_of_who_asked() -> None:
    devices = {f"m{unit}": registers(*range(100), unit_id=unit, every="1s") for unit in range(1, 8)}
    (found,) = given(serial(baudrate=9600), devices)
    assert (found.kind, found.path) == ("overload", ("every",))
    assert found.text == (
        "the line needs 1.8 s for all that is asked of it each 1s (load 180%): polls will be skipped - "
        "lengthen `every` (2s would do), or raise the baudrate"
    )


def test_the_point_that_asks_for_too_much_is_named() -> None:
    points: dict[str, dict[str, Any]] = {"slow": {"address": 1}, "fast": {"address": 5, "every": "5ms"}}
    device = ModbusDevice.model_validate(
        {"link": "l", "points": {name: {"type": "uint16", **point} for name, point in points.items()}}
    )
    (found,) = given(serial(), {"d": device})
    assert (found.device, found.path) == ("d", ("points", "fast", "every"))


def test_pauses_that_take_all_the_time_are_said_for_a_network_link() -> None:
    devices = {"d": registers(*range(0, 1000, 100), every="1s")}
    (found,) = given(link_to(502, pause_between="100ms"), devices)
    assert found.text.startswith("10 requests/s are too many with a pause_between of 100 ms")
    assert given(link_to(502, pause_between="99ms"), devices) == []
