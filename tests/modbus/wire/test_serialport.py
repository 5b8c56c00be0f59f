"""Serial ports that refuse, vanish, and come back under another name: over pseudo terminals, which the kernel makes."""

import asyncio
import contextlib
import errno
import os
import resource
import termios
import tty
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import serial
from pydantic import ValidationError

from adapters.modbus.config import ModbusLink
from adapters.modbus.wire import serialport
from adapters.modbus.wire.connect import connect
from adapters.modbus.wire.serialport import SerialTransport, open_port
from gateway.adapter import AdapterError
from tests.modbus.house import House, housed
from tests.modbus.setup import device
from tests.modbus.wire.test_transports import POINTS, link_of, served
from tests.support.ptys import Ptys, ptys


@pytest.fixture
async def pair() -> AsyncIterator[Ptys]:
    async with ptys() as made:
        yield made


def link(path: str, **more: Any) -> ModbusLink:
    return ModbusLink.model_validate({"adapter": "modbus", "transport": "rtu", "port": path, "parity": "none", **more})


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.mark.parametrize(
    "refused", [{"parity": "even"}, {"parity": "odd"}, {"parity": "mark"}, {"data_bits": 7}], ids=str
)
def test_settings_that_a_driver_does_not_take_are_told(
    refused: dict[str, Any], monkeypatch: pytest.MonkeyPatch, own: str
) -> None:
    """Pseudo terminals take none of these (pty(7))."""
    monkeypatch.setattr(serialport, "PSEUDO", "/nowhere")
    before = open_files()
    with pytest.raises(AdapterError, match=r"does not take these settings \(baudrate, parity"):
        open_port(link(own, **refused))
    assert open_files() == before
    open_port(link(own, stop_bits=2, baudrate=12345)).close()


def test_the_kernel_is_told_to_look_at_parity(own: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a wire is: here what pseudo terminals would refuse is passed over."""
    monkeypatch.setattr(serialport, "PSEUDO", "/nowhere")
    monkeypatch.setattr(serialport, "_check", lambda _port: None)
    for parity, looks in (("even", True), ("none", False)):
        port = open_port(link(own, parity=parity))
        assert bool(termios.tcgetattr(port.fileno())[0] & termios.INPCK) is looks
        port.close()


@pytest.fixture
def own() -> Iterator[str]:
    master, slave = os.openpty()
    tty.setraw(slave)
    yield os.ttyname(slave)
    os.close(master)
    os.close(slave)


def test_a_port_without_rs485_says_what_to_do_and_is_free_again(own: str) -> None:
    before = open_files()
    with pytest.raises(AdapterError, match=r"no RS-485 mode .* remove rs485"):
        open_port(link(own, rs485={"rts_on_send": True, "delay_before_send": "1ms"}))
    assert open_files() == before
    open_port(link(own)).close()


def test_rs485_is_given_to_the_driver_as_it_was_configured(own: str, monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[Any] = []
    monkeypatch.setattr("serial.Serial.rs485_mode", property(fset=lambda _port, mode: given.append(mode)))
    more = {"rts_on_send": False, "rts_after_send": True, "delay_before_send": "2ms", "delay_after_send": "3ms"}
    open_port(link(own, rs485=more)).close()
    (mode,) = given
    assert (mode.rts_level_for_tx, mode.rts_level_for_rx) == (False, True)
    assert (mode.delay_before_tx, mode.delay_before_rx) == (0.002, 0.003)


def test_a_port_that_this_user_may_not_open_says_what_to_do() -> None:
    why = serialport._why("/dev/ttyS0", serial.SerialException(errno.EACCES, "could not open port"))
    assert "this user may not open /dev/ttyS0" in why
    assert "adduser USER dialout" in why


class Protocol(asyncio.Protocol):
    def __init__(self) -> None:
        self.ends: list[Exception | None] = []
        self.over = asyncio.Event()

    def connection_lost(self, exc: Exception | None) -> None:
        self.ends.append(exc)
        self.over.set()


@pytest.mark.parametrize("writing", [True, False])
async def test_a_port_that_is_unplugged_is_closed_and_its_end_told_once(writing: bool) -> None:
    before = open_files()
    async with ptys() as pair:
        protocol = Protocol()
        transport = SerialTransport(asyncio.get_running_loop(), open_port(link(pair.ours)), protocol)
        await asyncio.sleep(0)
        pair.unplug()
        if writing:
            transport.write(b"into the void")
        async with asyncio.timeout(5):
            await protocol.over.wait()
        transport.write(b"more")
        transport.close()
        await asyncio.sleep(0)
    assert transport.is_closing()
    assert [type(end) for end in protocol.ends] == [OSError]
    assert open_files() == before


async def test_more_than_the_kernel_takes_at_once_is_written_in_time_and_dropped_when_unplugged() -> None:
    before = open_files()
    master, slave = os.openpty()
    tty.setraw(slave)
    protocol = Protocol()
    transport = SerialTransport(asyncio.get_running_loop(), open_port(link(os.ttyname(slave))), protocol)
    await asyncio.sleep(0)
    sent = bytes(range(256)) * 400
    transport.write(sent)
    transport.write(b"the end")
    got = b""
    async with asyncio.timeout(10):
        while len(got) < len(sent) + 7:
            got += await asyncio.to_thread(os.read, master, 65536)
    assert got == sent + b"the end"
    transport.write(sent)
    os.close(slave)
    os.close(master)
    async with asyncio.timeout(5):
        await protocol.over.wait()
    assert len(protocol.ends) == 1
    assert open_files() == before


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


@contextmanager
def files_to_spare(count: int) -> Iterator[None]:
    """Only so many can be opened."""
    usual, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(
        resource.RLIMIT_NOFILE, (max(int(each.name) for each in Path("/proc/self/fd").iterdir()) + 20, most)
    )
    taken: list[int] = []
    try:
        with contextlib.suppress(OSError):
            while True:
                taken.append(os.open(os.devnull, os.O_RDONLY))
        for _ in range(count):
            os.close(taken.pop())
        yield
    finally:
        for each in taken:
            os.close(each)
        resource.setrlimit(resource.RLIMIT_NOFILE, (usual, most))


async def tried_with(path: str, spare: int) -> str | None:
    """Why a port can't be opened with so many files to spare, which are then still there; None if it can."""
    with files_to_spare(spare):
        try:
            line = await connect(link(path))
        except AdapterError as error:
            for each in [os.open(os.devnull, os.O_RDONLY) for _ in range(spare)]:
                os.close(each)
            return str(error)
        await asyncio.sleep(0)  # it is open from its first turn on
        await line.close()
        return None


async def test_where_no_more_files_can_be_opened_that_is_told_and_nothing_stays_open(own: str) -> None:
    told = [await tried_with(own, spare) for spare in range(1, 12)]

    refused = [each for each in told if each is not None]
    assert refused == told[: len(refused)], "the port and its companions, last the timer"
    assert 1 < len(refused) < len(told)
    assert all("Too many open files" in each for each in refused)
