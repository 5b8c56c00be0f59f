"""Pseudo terminals that stand for serial ports, under a name that lasts."""

import asyncio
from pathlib import Path

import pytest

from gateway.adapter import AdapterError, Rejected
from gateway.ports import SerialSettings
from gateway.ports.connect import connect
from gateway.ports.pseudo import PseudoTerminal, place_for
from tests.support.files import open_files
from tests.support.listener import Listener


async def test_what_is_plugged_in_again_is_back_under_the_same_name(tmp_path: Path) -> None:
    place = tmp_path / "usb-FTDI_A1"
    before = open_files()
    for _ in range(3):
        device, listener = Listener(), Listener()
        far = PseudoTerminal(asyncio.get_running_loop(), device, place)
        port = await connect(str(place), SerialSettings(), 5, lambda heard=listener: heard)  # type: ignore[misc]
        port.write(b"W\r\n")
        await device.hears(b"W\r\n")
        far.write(b"12.0 kg\r\n")
        await listener.hears(b"12.0 kg\r\n")
        far.close()
        await listener.ended()
        with pytest.raises(AdapterError, match="there is no serial port"):
            await connect(str(place), SerialSettings(), 5, Listener)
    assert open_files() == before


async def test_what_nobody_reads_is_lost_as_on_a_wire(tmp_path: Path) -> None:
    far = PseudoTerminal(asyncio.get_running_loop(), Listener(), tmp_path / "port")
    far.write(bytes(100_000))
    far.abort()
    far.write(b"x")
    assert far.is_closing()


def test_only_what_an_earlier_terminal_left_gives_way(tmp_path: Path) -> None:
    place = tmp_path / "port"
    place.symlink_to("/dev/pts/99999")
    assert place_for(str(place)) == place
    assert not place.is_symlink()
    place.write_text("mine")
    with pytest.raises(Rejected, match="exists: name a place where nothing is"):
        place_for(str(place))
    assert place.read_text() == "mine"


def test_a_place_can_be_anywhere() -> None:
    place = place_for("")
    assert place.parent.is_dir()
    place.parent.rmdir()
