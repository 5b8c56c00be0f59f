"""A serial port of this machine: serialx's transport, with what drivers pass over in silence asked of them."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import errno
import fcntl
import os
import struct
import termios
from collections.abc import Callable
from pathlib import Path
from typing import Any

from serialx import PinState, SerialException, StopBits
from serialx.platforms._termios_api import tcgetattr, tcsetattr
from serialx.platforms.serial_linux import TERMIOS2_ABI, LinuxSerial, LinuxSerialTransport
from typing_extensions import override

from gateway.adapter import AdapterError
from gateway.ports.lasting import BY_ID
from gateway.ports.port import Doorway, Port
from gateway.ports.rounds import shared_rounds
from gateway.ports.settings import LETTERS, Rs485, SerialSettings

READ_BYTES = 4096
"""More than the kernel keeps of a line (N_TTY_BUF_SIZE); the 256 KiB of serialx are new pages at each read: 40 us."""
MIN_READ_BYTES = 1
"""With 0 a port on which nothing has come reads as one that has gone away (termios(3), VMIN)."""
PSEUDO = "/dev/pts/"
"""Pseudo terminals have no wire: the kernel refuses parity on them (pty(7))."""
CMSPAR = 0o10000000000
"""Parity that is always the same: mark or space (asm-generic/termbits-common.h)."""
SHAPE = termios.CSIZE | termios.CSTOPB | termios.PARENB | termios.PARODD | CMSPAR
"""What of a port's flags makes a character (termios(3))."""
MAX_SPEED_ERROR = 0.04
"""A character's last bit, the tenth, is looked at in its middle: both ends may be off by half a bit in ten at most."""
TIOCSRS485 = 0x542F
"""Of all machines that Debian runs on but mips, powerpc and sparc (asm-generic/ioctls.h)."""
RS485 = struct.Struct("=8I")
"""struct serial_rs485: flags, delays before and after sending in ms, padding (linux/serial.h)."""
SER_RS485_ENABLED, SER_RS485_RTS_ON_SEND, SER_RS485_RTS_AFTER_SEND = 1, 2, 4

OPENING_S = 0.5
"""How long one who gives up waits for a port that is just being opened: the next one may want it at once."""
CLOSING_S = 1.0
"""How long what was written may take to leave a port that is closed in peace."""
DRAIN_S = 10.0
"""How long what was written may take to leave before the speed changes: 4 KiB, what drivers keep, at 4800 baud."""

SETTINGS_HINT = "(baudrate, parity, stop_bits, data_bits)"
REFUSALS = (OSError, SerialException, ValueError)
"""What the kernel's no becomes on its way through serialx."""


class NoRs485Error(OSError):
    """The driver has no such mode."""


def is_taken(flags: int, wanted: int) -> bool:
    """Whether characters are of the shape that was asked for: drivers pass over what they can't do without a word."""
    return flags & SHAPE == wanted


def speed_of(descriptor: int) -> int:
    """In baud, as the driver could make it."""
    flags = bytearray(ctypes.sizeof(TERMIOS2_ABI.struct))
    fcntl.ioctl(descriptor, TERMIOS2_ABI.tcgets2, flags)
    return int(TERMIOS2_ABI.struct.from_buffer(flags).c_ospeed)


def is_speed(made: int, wanted: int) -> bool:
    """Whether both ends understand each other."""
    return abs(made / wanted - 1) <= MAX_SPEED_ERROR


class _Line(LinuxSerial):
    """One that was set: what is called at each change, off the loop."""

    def __init__(self, *args: Any, rs485: Rs485 | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs | {"min_read_size": MIN_READ_BYTES})
        self._rs485 = rs485

    def retune(self, baudrate: int) -> None:
        """Another speed and nothing else: where serialx sets a port, it throws away what has come."""
        if self._fileno is None:
            raise OSError(errno.EIO, "it has been closed")
        self._baudrate = baudrate
        if self._has_non_posix_baudrate:
            self._set_non_posix_baudrate(baudrate)
        else:
            flags = tcgetattr(self._fileno)
            flags[4:6] = self._build_ispeed(), self._build_ospeed()
            tcsetattr(self._fileno, termios.TCSANOW, flags)
        if not is_speed(speed_of(self._fileno), baudrate):
            raise OSError(errno.EINVAL, "not taken")

    @override
    def _after_configure_port(self) -> None:
        super()._after_configure_port()
        assert self._fileno is not None
        flags = termios.tcgetattr(self._fileno)
        wanted = self._build_character_size_flags() | self._build_stopbits_flags() | self._build_parity_flags()
        if not is_taken(flags[2], wanted) or not is_speed(speed_of(self._fileno), self._baudrate):
            raise OSError(errno.EINVAL, "not taken")
        if wanted & termios.PARENB:
            # A character whose parity is wrong comes as a zero: the eight bits of an LRC let one in 256 pass.
            flags[0] |= termios.INPCK
            termios.tcsetattr(self._fileno, termios.TCSANOW, flags)
        if self._rs485 is not None:
            try:
                fcntl.ioctl(self._fileno, TIOCSRS485, packed(self._rs485))
            except OSError as error:
                raise NoRs485Error(error.errno, error.strerror) from None


class _Transport(LinuxSerialTransport):
    _serial_cls = _Line
    max_size = READ_BYTES
    _waits = False
    """For the next round, instead of for an event."""

    @override
    def pause_reading(self) -> None:
        self._wait_no_longer()
        super().pause_reading()

    def read_later(self) -> None:
        """What comes next waits for the next round."""
        if not (self._waits or self._paused or self._closing or self._fileno is None):
            self._loop.remove_reader(self._fileno)
            self._waits = True
        if self._waits:
            shared_rounds(self._loop).join(self._read_in_round)

    def read_now(self) -> None:
        """What has come, if that waited for a round."""
        if self._waits:
            self._wait_no_longer()
            self._read_if_open()

    def _read_in_round(self) -> None:
        """Once; after that events tell again, unless its protocol has asked for the next round."""
        self._read_if_open()
        if not shared_rounds(self._loop).has(self._read_in_round):
            self._wait_no_longer()

    def _read_if_open(self) -> None:
        if not self._closing and self._fileno is not None:
            self._read_ready()

    def _wait_no_longer(self) -> None:
        if self._waits:
            self._waits = False
            shared_rounds(self._loop).leave(self._read_in_round)
            if not self._closing and self._fileno is not None:
                self._loop.add_reader(self._fileno, self._read_ready)

    @property
    def line(self) -> _Line:
        """What is set of it."""
        assert isinstance(self._serial, _Line)
        return self._serial

    @override
    def _read_ready(self) -> None:
        try:
            super()._read_ready()
        except Exception as error:  # noqa: BLE001  # as asyncio's transports: a defect ends its own connection
            self._fatal_error(error, "protocol.data_received() call failed.")

    @override
    def abort(self) -> None:
        """Without waiting for what could not be sent, for which the kernel would hold the port for 30 s."""
        if self._fileno is not None:
            with contextlib.suppress(OSError, termios.error):  # it has been unplugged
                termios.tcflush(self._fileno, termios.TCOFLUSH)
        super().abort()


class LocalPort(Port):
    """An open port of this machine, for us alone."""

    def __init__(self, transport: _Transport, path: str) -> None:
        super().__init__(transport)
        self._transport = transport
        self._path = path

    @property
    @override
    def tunable(self) -> bool:
        return True

    @override
    def read_later(self) -> None:
        self._transport.read_later()

    @override
    def read_now(self) -> None:
        self._transport.read_now()

    @override
    async def set_baudrate(self, baudrate: int) -> bool:
        try:
            async with asyncio.timeout(DRAIN_S):
                await self._transport.flush()
            if self.is_closing():
                raise OSError(errno.EIO, "it has been closed")
            await asyncio.get_running_loop().run_in_executor(None, self._transport.line.retune, baudrate)
        except TimeoutError:
            raise AdapterError(f"{self._path} does not send what was written: is it stopped by flow_control?") from None
        except REFUSALS as error:
            raise AdapterError(f"{self._path} does not take {baudrate} baud: {error}") from None
        return True

    @override
    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """Its `fileno`, too, while it is open: for what only the driver knows, such as errors on the line."""
        if name == "fileno":
            return default if self.is_closing() else self._transport.serial.fileno()
        return super().get_extra_info(name, default)


async def open_local(path: str, settings: SerialSettings, make: Callable[[], asyncio.Protocol]) -> Port:
    """The port with its settings; raises AdapterError."""
    opening = asyncio.ensure_future(_opened(path, settings))
    try:
        transport, doorway = await asyncio.shield(opening)
    except asyncio.CancelledError:
        await asyncio.wait({asyncio.ensure_future(_forgo(opening))}, timeout=OPENING_S)
        raise
    except NoRs485Error as error:
        hint = "remove rs485: most adapters switch the line by themselves"
        raise AdapterError(f"{path} has no RS-485 mode ({error.strerror}); {hint}") from None
    except REFUSALS as error:
        raise AdapterError(why_not(path, error)) from None
    return await doorway.admitted(LocalPort(transport, path), make)


async def _opened(path: str, settings: SerialSettings) -> tuple[_Transport, Doorway]:
    doorway = Doorway()
    transport = _Transport(asyncio.get_running_loop(), doorway)
    await transport.connect(path=path, close_timeout=CLOSING_S, **_given(path, settings))
    return transport, doorway


async def _forgo(opening: asyncio.Future[tuple[_Transport, Doorway]]) -> None:
    """Close what nobody wants any more, once it is open: a thread may be at its file until then."""
    with contextlib.suppress(*REFUSALS):
        transport, doorway = await opening
        transport.abort()
        await doorway.over.wait()


def _given(path: str, settings: SerialSettings) -> dict[str, Any]:
    """The same for serialx."""
    given: dict[str, Any] = {
        "baudrate": settings.baudrate,
        "xonxoff": settings.flow_control == "xon-xoff",
        "rtscts": settings.flow_control == "rts-cts",
        "dtr_on_open": PinState.convert(settings.dtr is not False),
        "rts_on_open": PinState.UNDEFINED if settings.rs485 else PinState.convert(settings.rts is not False),
        "rs485": settings.rs485,
    }
    if not os.path.realpath(path).startswith(PSEUDO):
        given["parity"] = LETTERS[settings.parity]
        given["byte_size"] = settings.data_bits
        # One and a half is what the kernel makes of two where a character has five bits (termios(3), CSTOPB).
        given["stopbits"] = StopBits.ONE if settings.stop_bits == 1 else StopBits.TWO
    return given


def packed(settings: Rs485) -> bytes:
    """As the kernel takes it."""
    flags = SER_RS485_ENABLED
    flags |= SER_RS485_RTS_ON_SEND if settings.rts_on_send else 0
    flags |= SER_RS485_RTS_AFTER_SEND if settings.rts_after_send else 0
    before_ms, after_ms = round(settings.delay_before_send * 1000), round(settings.delay_after_send * 1000)
    return RS485.pack(flags, before_ms, after_ms, *[0] * 5)


def why_not(path: str, error: Exception) -> str:
    """What went wrong and what to do, in a sentence."""
    code = error.args[0] if error.args else None
    if code in (errno.ENOENT, errno.ENXIO, errno.ENODEV, errno.EIO):
        there = ", ".join(sorted(str(each) for each in Path(BY_ID).glob("*"))) or "none at all"
        return f"there is no serial port {path}: is the adapter plugged in? In {BY_ID} there are: {there}"
    if code in (errno.EACCES, errno.EPERM):
        hint = "add it to the port's group, most often with `adduser USER dialout`, and restart"
        return f"this user may not open {path}: {hint}"
    if code in (errno.EAGAIN, errno.EBUSY):
        return f"another program holds {path}, or another link under another name: only one may speak on a line"
    if code == errno.EINVAL:
        return f"{path} does not take these settings {SETTINGS_HINT}"
    if code in (errno.ENOTTY, errno.EISDIR):
        return f"{path} is no serial port"
    return f"can't open {path}: {error}"
