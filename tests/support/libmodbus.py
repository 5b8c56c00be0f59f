"""libmodbus (Debian: libmodbus5), through ctypes: a server as a process, and a client.

As a program: `tcp PORT` or `rtu PATH`, and it serves unit 1 until it is killed; registers hold their addresses, every
third bit is set.
"""

import ctypes
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

from tests.support.process import Process

COUNT = 600
"""Addresses in each table."""
MAX_ADU = 260
UNIT = 1
BAUDRATE = 115200


class Mapping(ctypes.Structure):
    """modbus_mapping_t of libmodbus 3.1 (modbus.h)."""

    _fields_ = [
        *(
            (f"{what}_{table}", ctypes.c_int)
            for table in ("bits", "input_bits", "input_registers", "registers")
            for what in ("nb", "start")
        ),
        ("bits", ctypes.POINTER(ctypes.c_uint8)),
        ("input_bits", ctypes.POINTER(ctypes.c_uint8)),
        ("input_registers", ctypes.POINTER(ctypes.c_uint16)),
        ("registers", ctypes.POINTER(ctypes.c_uint16)),
    ]


def library() -> Any:
    """With the types of what is no int."""
    lib = ctypes.CDLL("libmodbus.so.5", use_errno=True)
    for name in ("modbus_new_tcp", "modbus_new_rtu"):
        getattr(lib, name).restype = ctypes.c_void_p
    lib.modbus_mapping_new.restype = ctypes.POINTER(Mapping)
    lib.modbus_strerror.restype = ctypes.c_char_p
    return lib


def context(lib: Any, transport: str, where: str) -> ctypes.c_void_p:
    """Not connected yet."""
    if transport == "tcp":
        made = lib.modbus_new_tcp(b"127.0.0.1", int(where))
    else:
        made = lib.modbus_new_rtu(where.encode(), BAUDRATE, ctypes.c_char(b"N"), 8, 1)
    assert made, "libmodbus refuses"
    return ctypes.c_void_p(made)


class Client:
    """Blocking: use it in a thread."""

    def __init__(self, transport: str, where: str, unit: int = UNIT) -> None:
        self._lib = library()
        self._context = context(self._lib, transport, where)
        self._lib.modbus_set_slave(self._context, unit)

    def __enter__(self) -> Self:
        self._checked(self._lib.modbus_connect(self._context))
        return self

    def __exit__(self, *_: object) -> None:
        self._lib.modbus_close(self._context)
        self._lib.modbus_free(self._context)

    def mask_write(self, address: int, and_mask: int, or_mask: int) -> None:
        """Function 22."""
        self._checked(self._lib.modbus_mask_write_register(self._context, address, and_mask, or_mask))

    def write_and_read(self, at: int, values: Sequence[int], read_at: int, count: int) -> list[int]:
        """Function 23."""
        source, target = (ctypes.c_uint16 * len(values))(*values), (ctypes.c_uint16 * count)()
        self._checked(
            self._lib.modbus_write_and_read_registers(self._context, at, len(values), source, read_at, count, target)
        )
        return list(target)

    def registers(self, address: int, count: int) -> list[int]:
        """Function 3."""
        target = (ctypes.c_uint16 * count)()
        self._checked(self._lib.modbus_read_registers(self._context, address, count, target))
        return list(target)

    def _checked(self, code: int) -> None:
        if code == -1:
            raise OSError(self._lib.modbus_strerror(ctypes.get_errno()).decode())


class Server:
    """A process of its own."""

    def __init__(self, transport: str, where: str) -> None:
        self._process = Process([sys.executable, Path(__file__), transport, where])

    def __enter__(self) -> Self:
        self._process.wait_for_line(lambda line: line == "ready")
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()


def serve(transport: str, where: str) -> None:
    """For ever."""
    lib = library()
    made = context(lib, transport, where)
    lib.modbus_set_slave(made, UNIT)
    tables = lib.modbus_mapping_new(COUNT, COUNT, COUNT, COUNT)
    for address in range(COUNT):
        tables.contents.registers[address] = tables.contents.input_registers[address] = address
        tables.contents.bits[address] = tables.contents.input_bits[address] = address % 3 == 0
    listening = lib.modbus_tcp_listen(made, 1) if transport == "tcp" else lib.modbus_connect(made)
    assert listening != -1, "libmodbus can't listen"
    sys.stderr.write("ready\n")
    sys.stderr.flush()
    query = (ctypes.c_uint8 * MAX_ADU)()
    while True:
        if transport == "tcp":
            lib.modbus_tcp_accept(made, ctypes.byref(ctypes.c_int(listening)))
        size = 0
        while size != -1 or transport == "rtu":
            size = lib.modbus_receive(made, query)
            if size > 0:
                lib.modbus_reply(made, query, size, tables)


if __name__ == "__main__":
    serve(sys.argv[1], sys.argv[2])
