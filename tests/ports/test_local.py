"""Serial ports that refuse, vanish, and change their speed: over pseudo terminals, which the kernel makes."""

import array
import asyncio
import contextlib
import errno
import fcntl
import os
import struct
import termios
import threading
import tty
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from serialx import PinState

from gateway.adapter import AdapterError
from gateway.ports import Rs485, SerialSettings, local
from gateway.ports.connect import Port, connect
from gateway.ports.local import LocalPort, packed, why_not
from tests.support.files import files_to_spare, open_files
from tests.support.listener import Listener
from tests.support.patience import HANG_S
from tests.support.ptys import Ptys, ptys


@pytest.fixture
async def pair() -> AsyncIterator[Ptys]:
    async with ptys() as made:
        yield made


async def opened(path: str, **settings: Any) -> tuple[Port, Listener]:
    listener = Listener()
    port = await connect(path, SerialSettings.model_validate(settings), 5, lambda: listener)
    return port, listener


@asynccontextmanager
async def opening(path: str, **settings: Any) -> AsyncIterator[tuple[Port, Listener]]:
    """Closed again at the end, which is waited for."""
    port, listener = await opened(path, **settings)
    try:
        yield port, listener
    finally:
        port.abort()
        await listener.ended()


def flags_of(port: Port) -> list[Any]:
    assert isinstance(port, LocalPort)
    return termios.tcgetattr(port.get_extra_info("fileno"))


async def test_what_is_written_to_one_end_is_heard_at_the_other(pair: Ptys) -> None:
    async with opening(pair.ours) as (ours, listener), opening(pair.theirs) as (theirs, other):
        assert listener.transport is ours
        ours.write(b"how heavy?")
        await other.hears(b"how heavy?")
        theirs.writelines([b"12 ", bytearray(b"kg")])
        await listener.hears(b"12 kg")
    assert (listener.made, listener.ends) == (1, [None])


@pytest.mark.parametrize(
    "refused", [{"parity": "even"}, {"parity": "odd"}, {"parity": "mark"}, {"data_bits": 7}, {"data_bits": 5}], ids=str
)
async def test_settings_that_a_driver_does_not_take_are_told(
    refused: dict[str, Any], monkeypatch: pytest.MonkeyPatch, own: str
) -> None:
    """Pseudo terminals take none of these (pty(7))."""
    monkeypatch.setattr(local, "PSEUDO", "/nowhere")
    before = open_files()
    with pytest.raises(AdapterError, match=r"does not take these settings \(baudrate, parity"):
        await opened(own, **refused)
    assert open_files() == before
    for stop_bits in (1.5, 2):
        async with opening(own, stop_bits=stop_bits, baudrate=12345) as (port, _):
            assert flags_of(port)[2] & termios.CSTOPB


@pytest.mark.parametrize(("made", "good"), [(9600, True), (9980, True), (9220, True), (9990, False), (9200, False)])
async def test_a_driver_may_make_a_speed_a_little_other_than_asked_for(
    made: int, good: bool, monkeypatch: pytest.MonkeyPatch, own: str
) -> None:
    monkeypatch.setattr(local, "speed_of", lambda _descriptor: made)
    if good:
        async with opening(own):
            pass
    else:
        with pytest.raises(AdapterError, match="does not take these settings"):
            await opened(own)


@pytest.mark.parametrize("baudrate", [50, 9600, 250_000, 4_000_000])
async def test_the_speed_is_what_was_asked_for(baudrate: int, own: str) -> None:
    async with opening(own, baudrate=baudrate) as (port, _):
        assert local.speed_of(port.get_extra_info("fileno")) == baudrate


async def test_the_kernel_is_told_to_look_at_parity(own: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a wire is: here what pseudo terminals would refuse is passed over."""
    monkeypatch.setattr(local, "PSEUDO", "/nowhere")
    monkeypatch.setattr(local, "is_taken", lambda _flags, _wanted: True)
    for parity, looks in (("even", True), ("none", False)):
        async with opening(own, parity=parity) as (port, _):
            assert bool(flags_of(port)[0] & termios.INPCK) is looks
            await port.set_baudrate(300)
            assert bool(flags_of(port)[0] & termios.INPCK) is looks


async def test_a_port_without_rs485_says_what_to_do_and_is_free_again(own: str) -> None:
    before = open_files()
    with pytest.raises(AdapterError, match=r"no RS-485 mode .* remove rs485"):
        await opened(own, rs485={"rts_on_send": True, "delay_before_send": "1ms"})
    assert open_files() == before
    async with opening(own):
        pass


def test_rs485_is_given_to_the_driver_as_it_was_configured() -> None:
    given = {"rts_on_send": False, "rts_after_send": True, "delay_before_send": "2ms", "delay_after_send": "3ms"}
    assert struct.unpack("=8I", packed(Rs485.model_validate(given))) == (1 | 4, 2, 3, 0, 0, 0, 0, 0)
    assert struct.unpack("=8I", packed(Rs485())) == (1 | 2, 0, 0, 0, 0, 0, 0, 0)


async def test_where_the_kernel_switches_the_line_by_rts_nobody_else_does(
    own: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = fcntl.ioctl
    told: list[Any] = []

    def ioctl(descriptor: int, request: int, *given: Any) -> Any:
        if request != local.TIOCSRS485:
            return real(descriptor, request, *given)
        told.append(*given)
        return 0

    monkeypatch.setattr(fcntl, "ioctl", ioctl)
    async with opening(own, rs485={}) as (port, _):
        assert told == [packed(Rs485())]
        assert port.get_extra_info("serial").rts_on_open is PinState.UNDEFINED


@pytest.mark.parametrize("code", [errno.EACCES, errno.EPERM])
def test_a_port_that_this_user_may_not_open_says_what_to_do(code: int) -> None:
    why = why_not("/dev/ttyS0", OSError(code, "could not open port"))
    assert "this user may not open /dev/ttyS0" in why
    assert "adduser USER dialout" in why


async def test_a_port_that_is_not_there_is_told_with_those_that_are(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(local, "BY_ID", tmp_path)
    (tmp_path / "usb-FTDI_A1").touch()
    with pytest.raises(AdapterError, match=r"no serial port /dev/ttyUSB99: .* there are: \S+/usb-FTDI_A1"):
        await opened("/dev/ttyUSB99")


@pytest.mark.parametrize("name", ["a file", "."])
async def test_what_is_no_port_is_told(tmp_path: Path, name: str) -> None:
    (tmp_path / "a file").touch()
    with pytest.raises(AdapterError, match="is no serial port"):
        await opened(str(tmp_path / name))


async def test_a_port_is_held_by_one_alone_and_free_afterwards(own: str) -> None:
    async with opening(own):
        with pytest.raises(AdapterError, match="another program holds"):
            await opened(own)
    async with opening(own):
        pass


@pytest.mark.parametrize("writing", [True, False])
async def test_a_port_that_is_unplugged_is_closed_and_its_end_told_once(writing: bool) -> None:
    before = open_files()
    async with ptys() as pair:
        port, listener = await opened(pair.ours)
        pair.unplug()
        if writing:
            port.write(b"into the void")
        await listener.ended()
        port.write(b"more")
        port.close()
        port.abort()
        with pytest.raises(AdapterError):
            await port.set_baudrate(300)
    assert port.is_closing()
    assert [type(end) for end in listener.ends] == [OSError]
    assert open_files() == before


async def test_more_than_the_kernel_takes_at_once_is_written_in_time_and_dropped_when_unplugged() -> None:
    before = open_files()
    master, slave = os.openpty()
    tty.setraw(slave)
    port, listener = await opened(os.ttyname(slave))
    sent = bytes(range(256)) * 400
    port.write(sent)
    port.write(b"the end")
    got = b""
    async with asyncio.timeout(HANG_S):
        while len(got) < len(sent) + 7:
            got += await asyncio.to_thread(os.read, master, 65536)
    assert got == sent + b"the end"
    port.write(sent)
    os.close(slave)
    os.close(master)
    await listener.ended()
    assert len(listener.ends) == 1
    assert open_files() == before


async def test_a_port_that_is_aborted_does_not_wait_for_what_nobody_takes(own: str) -> None:
    async with asyncio.timeout(5), opening(own) as (port, _):
        port.write(bytes(100_000))
        assert port.get_write_buffer_size()


async def test_the_speed_changes_once_all_is_written(pair: Ptys) -> None:
    async with opening(pair.ours, baudrate=300) as (port, listener):
        assert flags_of(port)[4:6] == [termios.B300, termios.B300]
        port.write(b"\x06050\r\n")
        assert port.tunable
        assert await port.set_baudrate(9600)
        assert flags_of(port)[4:6] == [termios.B9600, termios.B9600]
        assert await port.set_baudrate(250_000), "which has no name"
        async with opening(pair.theirs) as (theirs, other):
            theirs.write(b"/ABC5\r\n")
            await listener.hears(b"/ABC5\r\n")
            port.write(b"on")
            await other.until(lambda heard: heard.heard.endswith(b"on"))


async def test_what_comes_while_the_speed_changes_is_kept(pair: Ptys) -> None:
    """The far end speaks all the time, and each change falls into it."""
    sent = b"".join(b"%04d\n" % number for number in range(1000))
    async with opening(pair.ours) as (port, listener), opening(pair.theirs) as (theirs, _):
        for at in range(0, len(sent), 50):
            theirs.write(sent[at : at + 50])
            assert await port.set_baudrate(300 if at % 100 else 250_000)
        await listener.hears(sent)
        assert not port.is_closing()


async def test_what_had_come_before_the_speed_changes_is_kept(pair: Ptys) -> None:
    """It is in the kernel's hands: reading is paused."""
    async with opening(pair.ours) as (port, listener), opening(pair.theirs) as (theirs, _):
        port.pause_reading()
        theirs.write(b"/ABC5\r\n")
        async with asyncio.timeout(HANG_S):
            while unread(port) < 7:  # noqa: ASYNC110  # the kernel tells nobody
                await asyncio.sleep(0.001)
        assert await port.set_baudrate(300)
        port.resume_reading()
        await listener.hears(b"/ABC5\r\n")


async def test_where_nothing_has_come_after_all_nobody_has_gone_away(own: str) -> None:
    """The kernel said that something had come; another program has thrown it away, or the driver."""
    async with opening(own) as (port, listener):
        assert isinstance(port, LocalPort)
        port._transport._read_ready()
        assert not port.is_closing()
        assert not listener.ends


async def test_a_speed_that_the_driver_does_not_make_is_refused(own: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async with opening(own) as (port, _):
        monkeypatch.setattr(local, "speed_of", lambda _descriptor: 9600)
        with pytest.raises(AdapterError, match=r"does not take 300 baud"):
            await port.set_baudrate(300)


def unread(port: Port) -> int:
    """How many bytes wait in the kernel."""
    count = array.array("i", [0])
    fcntl.ioctl(port.get_extra_info("fileno"), termios.FIONREAD, count)
    return count[0]


async def test_its_file_is_told_while_it_is_open(own: str) -> None:
    async with opening(own) as (port, _):
        assert os.ttyname(port.get_extra_info("fileno")) == own
    assert port.get_extra_info("fileno") is None
    assert port.get_extra_info("peername", "nobody") == "nobody"


async def test_reading_can_pause_and_what_came_meanwhile_is_not_lost(pair: Ptys) -> None:
    async with opening(pair.ours) as (port, listener), opening(pair.theirs) as (theirs, _):
        port.pause_reading()
        port.pause_reading()
        assert not port.is_reading()
        theirs.write(b"12")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await listener.hears(b"12")
        port.resume_reading()
        await listener.hears(b"12")


async def test_a_defect_of_its_protocol_ends_the_connection(pair: Ptys) -> None:
    class Defect(Listener):
        def data_received(self, data: bytes) -> None:
            raise ZeroDivisionError

    told: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: told.append(context))
    listener = Defect()
    port = await connect(pair.ours, SerialSettings(), 5, lambda: listener)
    async with opening(pair.theirs) as (theirs, _):
        theirs.write(b"x")
        await listener.ended()
    assert port.is_closing()
    assert [type(end) for end in listener.ends] == [ZeroDivisionError]
    assert [context["message"] for context in told] == ["protocol.data_received() call failed."]


async def test_whose_protocol_can_not_be_made_leaves_nothing_open(own: str) -> None:
    def make() -> asyncio.Protocol:
        raise AdapterError("no timer")

    before = open_files()
    with pytest.raises(AdapterError, match="no timer"):
        await connect(own, SerialSettings(), 5, make)
    assert open_files() == before


async def test_who_gives_up_while_it_opens_leaves_nothing_open(own: str) -> None:
    before = open_files()
    for turns in range(12):
        task = asyncio.ensure_future(opened(own))
        for _ in range(turns):
            await asyncio.sleep(0.002)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            port, listener = await task
            port.abort()
            await listener.ended()
        async with asyncio.timeout(HANG_S):
            while open_files() != before:  # noqa: ASYNC110  # what ends in the background tells nobody
                await asyncio.sleep(0.01)


async def test_ports_need_no_thread_of_their_own() -> None:
    async with ptys() as a, ptys() as b, ptys() as c, opening(a.ours), opening(b.ours), opening(c.ours):
        others = [each for each in threading.enumerate() if each is not threading.main_thread()]
        assert all(each.name.startswith("asyncio_") for each in others), "the loop's own, which are idle"


async def tried_with(path: str, spare: int) -> str | None:
    """Why a port can't be opened with so many files to spare, which are then still there; None if it can."""
    with files_to_spare(spare):
        try:
            port, listener = await opened(path)
        except AdapterError as error:
            for each in [os.open(os.devnull, os.O_RDONLY) for _ in range(spare)]:
                os.close(each)
            return str(error)
        port.abort()
        await listener.ended()
        return None


async def test_where_no_more_files_can_be_opened_that_is_told_and_nothing_stays_open(own: str) -> None:
    told = [await tried_with(own, spare) for spare in range(4)]

    refused = [each for each in told if each is not None]
    assert refused == told[: len(refused)]
    assert 0 < len(refused) < len(told)
    assert all("Too many open files" in each for each in refused)
