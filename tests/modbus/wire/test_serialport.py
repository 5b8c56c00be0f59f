"""Modbus on serial ports that vanish and come back under another name."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from adapters.modbus.config import ModbusLink
from tests.modbus.house import House, housed
from tests.modbus.setup import device
from tests.modbus.wire.test_transports import POINTS, link_of, served
from tests.support.files import open_files
from tests.support.ptys import Ptys, ptys


def link(path: str, **more: Any) -> ModbusLink:
    return ModbusLink.model_validate({"adapter": "modbus", "transport": "rtu", "port": path, "parity": "none", **more})


@contextmanager
def named(path: Path, pair: Ptys) -> Iterator[None]:
    """Point a name at a port, as udev does in by-id."""
    path.symlink_to(pair.ours)
    yield
    path.unlink()


async def served_until_unplugged(house: House, path: Path) -> None:
    async with ptys() as pair:
        async with served("rtu", 0, pair.theirs):
            with named(path, pair):
                await house.state("d", "online", None)
        pair.unplug()
        await house.state("d", "offline", "no-link")


async def test_a_port_that_is_plugged_in_again_is_back_under_another_device_file(tmp_path: Path) -> None:
    path = tmp_path / "usb-FTDI_A1"
    before = open_files()
    async with housed(link_of("rtu", 0, str(path)), {"d": device(POINTS, every="1s", timeout="1s")}) as house:
        await house.state("d", "offline", "no-link")
        for _ in range(2):
            await served_until_unplugged(house, path)
    assert house.states == [("d", "offline", "no-link"), *[("d", "online", None), ("d", "offline", "no-link")] * 2]
    assert all(sample.bad for sample in house.samples[-1:])
    assert open_files() == before


def test_the_pause_before_a_serial_port_is_looked_for_again_is_at_most_five_seconds() -> None:
    assert link("/dev/ttyUSB0").reconnect.max == 5.0
    assert link("/dev/ttyUSB0", reconnect={"min": "2s"}).reconnect.max == 5.0
    assert link("/dev/ttyUSB0", reconnect={"min": "8s"}).reconnect.max == 60.0
    assert link("/dev/ttyUSB0", reconnect={"max": "20s"}).reconnect.max == 20.0
    with pytest.raises(ValidationError, match="min"):
        link("/dev/ttyUSB0", reconnect={"min": "soon"})
