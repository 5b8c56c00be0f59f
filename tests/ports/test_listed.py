"""The ports of this machine, as the kernel shows them in files."""

import fcntl
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from serialx import SerialPortInfo

from gateway.ports import listed as module
from gateway.ports.lasting import lasting_name
from gateway.ports.listed import PortInfo, holder_of, listed


@pytest.fixture
def dev(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A /dev of its own; who has what open is this machine's."""
    for name in ("by-id", "by-path", "lock"):
        (tmp_path / name).mkdir()
    monkeypatch.setattr(module, "BY_ID", tmp_path / "by-id")
    monkeypatch.setattr(module, "BY_PATH", tmp_path / "by-path")
    monkeypatch.setattr(module, "LOCKS", tmp_path / "lock")
    return tmp_path


@pytest.fixture
def plug(dev: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    there: list[SerialPortInfo] = []
    monkeypatch.setattr(module, "list_serial_ports", lambda: there)

    def plugged(name: str, **known: Any) -> Path:
        path = dev / name
        path.touch()
        what = dict.fromkeys(["vid", "pid", "serial_number", "manufacturer", "product"])
        more = dict.fromkeys(["bcd_device", "interface_description", "interface_num"])
        there.append(SerialPortInfo(**{"device": str(path), "resolved_device": str(path), **what, **more, **known}))
        return path

    return plugged


def test_a_port_is_listed_with_its_names_and_what_is_plugged_in(dev: Path, plug: Callable[..., Path]) -> None:
    port = plug("ttyUSB0", vid=0x0403, pid=0x6001, serial_number="A1B2", manufacturer="FTDI", product="FT232R")
    (dev / "by-id" / "usb-FTDI_A1B2").symlink_to(port)
    (dev / "by-path" / "pci-usb-0:1").symlink_to(port)
    (info,) = listed()
    assert (info.path, info.by_id, info.by_path) == (
        str(port),
        str(dev / "by-id/usb-FTDI_A1B2"),
        str(dev / "by-path/pci-usb-0:1"),
    )
    assert (info.usb, info.serial_number, info.product, info.holder) == ("0403:6001", "A1B2", "FT232R", None)
    assert info.lasting == info.by_id


def test_ports_come_in_the_order_of_their_numbers(plug: Callable[..., Path]) -> None:
    for name in ("ttyUSB10", "ttyS0", "ttyUSB9"):
        plug(name)
    assert [Path(info.path).name for info in listed()] == ["ttyS0", "ttyUSB9", "ttyUSB10"]


@pytest.mark.parametrize("number", [None, "0001", "A50285BI"])
def test_where_two_may_share_their_serial_number_the_socket_is_the_name_that_lasts(number: str | None) -> None:
    info = PortInfo("/dev/ttyUSB0", "/dev/serial/by-id/usb-x", "/dev/serial/by-path/y", serial_number=number)
    assert info.lasting == "/dev/serial/by-path/y"
    assert PortInfo("/dev/ttyUSB0", "/dev/serial/by-id/usb-x").lasting == "/dev/serial/by-id/usb-x"
    assert PortInfo("/dev/ttyS0").lasting == "/dev/ttyS0"


def test_who_has_locked_a_port_is_its_holder(plug: Callable[..., Path]) -> None:
    port = plug("ttyUSB0")
    with port.open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert [info.holder for info in listed()] == [
            f"{Path('/proc/self/comm').read_text().strip()} (pid {os.getpid()})"
        ]
    assert [info.holder for info in listed()] == [None]


def test_whoever_says_by_a_lock_file_that_he_has_a_port_is_its_holder_while_he_lives(
    dev: Path, plug: Callable[..., Path]
) -> None:
    port = plug("ttyS0")
    note = dev / "lock" / "LCK..ttyS0"
    note.write_text(f"{os.getpid():10}\n")
    assert str(os.getpid()) in (holder_of(str(port)) or "")
    note.write_text(f"{2**22 + 1:10}\n")
    assert holder_of(str(port)) is None
    note.write_text("garbage")
    assert holder_of(str(port)) is None


def test_who_has_a_terminal_open_is_its_holder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    process = tmp_path / "812"
    (process / "fd").mkdir(parents=True)
    (process / "comm").write_text("ser2net\n")
    (process / "fd" / "5").symlink_to("/dev/ttyUSB7")
    (tmp_path / "locks").write_text("1: -> FLOCK\n2: FLOCK  ADVISORY  WRITE x\n")
    monkeypatch.setattr(module, "PROC", tmp_path)
    assert holder_of("/dev/ttyUSB7") == "ser2net (pid 812)"
    assert holder_of("/dev/ttyUSB8") is None


def test_whoever_is_of_another_name_space_is_another_program() -> None:
    assert module._named(0) == "another program"
    assert module._named(2**22 + 1) == f"another program (pid {2**22 + 1})"


def test_this_machines_ports_can_be_listed() -> None:
    assert all(info.path.startswith("/dev/") for info in listed())


def test_the_name_that_lasts_is_that_of_the_same_port(tmp_path: Path) -> None:
    port = tmp_path / "ttyUSB0"
    port.touch()
    (tmp_path / "by").mkdir()
    (tmp_path / "by" / "usb-A1").symlink_to(port)
    assert lasting_name(str(port), [tmp_path / "by"]) == str(tmp_path / "by" / "usb-A1")
    assert lasting_name(str(tmp_path / "ttyUSB1"), [tmp_path / "by"]) is None
