"""A serial port of this machine as an asyncio transport: opened and set by pyserial, read and written by the loop."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import termios
from pathlib import Path

import serial
from serial.rs485 import RS485Settings
from typing_extensions import override

from adapters.modbus.config.link import LETTERS, ModbusLink, Rs485
from gateway.adapter import AdapterError

READ_BYTES = 4096
"""More than the kernel keeps of a line (N_TTY_BUF_SIZE)."""
BY_ID = Path("/dev/serial/by-id")
PSEUDO = "/dev/pts/"
"""Pseudo terminals have no wire: the kernel refuses parity on them (pty(7))."""
SHAPE = termios.CSIZE | termios.CSTOPB | termios.PARENB | termios.PARODD
"""What of a port's flags makes a character (termios(3))."""
REFUSALS = (OSError, ValueError, termios.error)
"""What the kernel's no becomes on its way through pyserial."""


class SerialTransport(asyncio.Transport):
    """One open port; its end is told to the protocol once."""

    def __init__(self, loop: asyncio.AbstractEventLoop, port: serial.Serial, protocol: asyncio.Protocol) -> None:
        super().__init__()
        self._loop = loop
        self._port = port
        self._fd: int = port.fileno()
        self._protocol = protocol
        self._waiting = bytearray()
        self._open = True
        loop.add_reader(self._fd, self._read)
        loop.call_soon(protocol.connection_made, self)

    @override
    def write(self, data: bytes | bytearray | memoryview) -> None:
        if not self._waiting:
            data = memoryview(data)[self._written(data) :]
        if data and self._open:
            if not self._waiting:
                self._loop.add_writer(self._fd, self._write_on)
            self._waiting += data

    @override
    def is_closing(self) -> bool:
        return not self._open

    @override
    def close(self) -> None:
        self._end(None)

    @override
    def abort(self) -> None:
        self._end(None)

    def _written(self, data: bytes | bytearray | memoryview) -> int:
        try:
            return os.write(self._fd, data)
        except (BlockingIOError, InterruptedError):
            return 0
        except OSError as error:
            self._end(error)
            return len(data)

    def _write_on(self) -> None:
        del self._waiting[: self._written(self._waiting)]
        if not self._waiting and self._open:
            self._loop.remove_writer(self._fd)

    def _read(self) -> None:
        try:
            data = os.read(self._fd, READ_BYTES)
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            self._end(error)
            return
        if not data:
            self._end(OSError(errno.EIO, "it is gone"))
            return
        try:
            self._protocol.data_received(data)
        except Exception as error:  # noqa: BLE001  # as asyncio's transports: a defect ends its own connection
            self._end(error)

    def _end(self, error: Exception | None) -> None:
        if not self._open:
            return
        self._open = False
        self._loop.remove_reader(self._fd)
        self._loop.remove_writer(self._fd)
        self._loop.call_soon(self._protocol.connection_lost, error)
        _close(self._port)


def _close(port: serial.Serial) -> None:
    """Without waiting for what could not be sent."""
    with contextlib.suppress(*REFUSALS):  # it has been unplugged, or was never opened
        port.reset_output_buffer()
    port.close()


def open_port(link: ModbusLink) -> serial.Serial:
    """The port with its settings, for us alone; waits for the kernel, so call it off the loop. Raises AdapterError."""
    try:
        port = serial.Serial(exclusive=True, timeout=0)
        port.port = link.path
        port.baudrate = link.baudrate
        if not os.path.realpath(link.path).startswith(PSEUDO):
            port.parity = LETTERS[link.parity]
            port.stopbits = link.stop_bits
            port.bytesize = link.bits
        port.open()
        _check(port)
        if port.parity != serial.PARITY_NONE:
            _heed_parity(port)
    except REFUSALS as error:
        _close(port)
        raise AdapterError(_why(link.path, error)) from None
    if link.rs485 is not None:
        try:
            port.rs485_mode = _rs485(link.rs485)
        except REFUSALS as error:
            _close(port)
            hint = "remove rs485: most adapters switch the line by themselves"
            raise AdapterError(f"{link.path} has no RS-485 mode ({error}); {hint}") from None
    return port


def _check(port: serial.Serial) -> None:
    """Drivers pass over what they can't do without a word: raises OSError then."""
    wanted = {7: termios.CS7, 8: termios.CS8}[port.bytesize]
    wanted |= termios.CSTOPB if port.stopbits != serial.STOPBITS_ONE else 0
    wanted |= termios.PARENB if port.parity != serial.PARITY_NONE else 0
    wanted |= termios.PARODD if port.parity in {serial.PARITY_ODD, serial.PARITY_MARK} else 0
    if termios.tcgetattr(port.fileno())[2] & SHAPE != wanted:
        raise OSError(errno.EINVAL, "not taken")


def _heed_parity(port: serial.Serial) -> None:
    """A character whose parity is wrong comes as a zero: the eight bits of an LRC let one damaged frame in 256 pass."""
    flags = termios.tcgetattr(port.fileno())
    flags[0] |= termios.INPCK
    termios.tcsetattr(port.fileno(), termios.TCSANOW, flags)


def _rs485(settings: Rs485) -> RS485Settings:
    return RS485Settings(
        rts_level_for_tx=settings.rts_on_send,
        rts_level_for_rx=settings.rts_after_send,
        delay_before_tx=settings.delay_before_send,
        delay_before_rx=settings.delay_after_send,
    )


def _why(path: str, error: Exception) -> str:
    """What went wrong and what to do, in a sentence."""
    code = error.args[0] if error.args else None
    if code in (errno.ENOENT, errno.ENXIO, errno.ENODEV, errno.EIO):
        there = ", ".join(sorted(str(each) for each in BY_ID.glob("*"))) or "none at all"
        return f"there is no serial port {path}: is the adapter plugged in? In {BY_ID} there are: {there}"
    if code in (errno.EACCES, errno.EPERM):
        hint = "add it to the port's group, most often with `adduser USER dialout`, and restart"
        return f"this user may not open {path}: {hint}"
    if code in (errno.EAGAIN, errno.EBUSY) or "exclusively lock" in str(error):
        return f"another program holds {path}, or another link under another name: only one may speak on a line"
    if code == errno.EINVAL:
        return f"{path} does not take these settings (baudrate, parity, stop_bits, data_bits)"
    if code in (errno.ENOTTY, errno.EISDIR) or "Inappropriate ioctl" in str(error):
        return f"{path} is no serial port"
    return f"can't open {path}: {error}"
