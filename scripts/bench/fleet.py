"""Many Modbus TCP devices in one cheap process: one epoll, replies put together from a ready table.

Prints the ports as a JSON list, each of as many devices; answers an empty line on stdin with the polls per device and
the requests so far, `WRITES` with everything that was written, as lists of device, value and moment; ends with stdin.
"""

from __future__ import annotations

import argparse
import json
import resource
import select
import socket
import struct
import sys
import time
from collections.abc import Iterator, Sequence
from typing import Final

from scripts.bench.signals import Frame, frame_of

READ_HOLDING: Final = 3
WRITE_REGISTER: Final = 6
WRITE_REGISTERS: Final = 16
WRITES = "writes"
REQUEST = struct.Struct(">HHHBBHH")
HEADER = struct.Struct(">HHHBBB")
UNIT_AT = 6
"""Of an MBAP header, which says before it how much follows."""
MOST_REGISTERS: Final = 125
"""In one read (MODBUS Application Protocol V1.1b3, 6.3)."""
ILLEGAL_FUNCTION, ILLEGAL_ADDRESS = 1, 2
FLOAT_AT = 13
"""Of a request that writes a float32: behind address, count and size (V1.1b3, 6.12)."""


class Device:
    """One device: counts its polls and stamps each with the moment it is read.

    Writes are noted and answered; what is read does not change. Each request takes `takes_s`.
    """

    def __init__(self, number: int, frame: Frame, takes_s: float = 0) -> None:
        self.polls = 0
        self.requests = 0
        self.writes = list[tuple[int, int]]()
        """Values and when they came, monotonic microseconds."""
        self._takes_s = takes_s
        self._number = number
        self._frame = frame
        self._table = memoryview(frame.table)
        self._width = len(frame.table) // len(frame.expected)
        self._registers = memoryview(b"")

    def answer(self, request: bytes) -> bytes:
        """The reply to one request: a read from 0 on is a poll, any other is of the last poll's registers."""
        transaction, _, _, unit, function, address, count = REQUEST.unpack_from(request)
        self.requests += 1
        if function in (WRITE_REGISTER, WRITE_REGISTERS):
            value = count if function == WRITE_REGISTER else int(struct.unpack_from(">f", request, FLOAT_AT)[0])
            self.writes.append((value, time.monotonic_ns() // 1000))
        if self._takes_s:
            time.sleep(self._takes_s)
        if function in (WRITE_REGISTER, WRITE_REGISTERS):
            return REQUEST.pack(transaction, 0, 6, unit, function, address, count)
        if function != READ_HOLDING:
            return HEADER.pack(transaction, 0, 3, unit, function | 0x80, ILLEGAL_FUNCTION)
        if not 0 < count <= min(MOST_REGISTERS, self._frame.registers - address):
            return HEADER.pack(transaction, 0, 3, unit, function | 0x80, ILLEGAL_ADDRESS)
        if address == 0:
            self._poll()
        size = 2 * count
        head = HEADER.pack(transaction, 0, 3 + size, unit, function, size)
        return b"".join((head, self._registers[2 * address : 2 * address + size]))

    def _poll(self) -> None:
        self.polls += 1
        start = self._frame.start(self._number, self.polls) * self._width
        window = self._table[start : start + self._frame.values * self._width]
        self._registers = memoryview(b"".join((self._frame.pack(self.polls, time.monotonic_ns() // 1000), window)))


class Station:
    """One port and the devices behind it, by unit id from 1 on."""

    def __init__(self, devices: Sequence[Device]) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self._devices = devices

    def answer(self, request: bytes) -> bytes:
        """The reply of the device it is for."""
        return self._devices[request[UNIT_AT] - 1].answer(request)


class Fleet:
    """All stations, their connections and the conversation with the rig."""

    def __init__(self, stations: Sequence[Station], devices: Sequence[Device]) -> None:
        self._devices = devices
        self._epoll = select.epoll()
        self._listeners = {station.listener.fileno(): station for station in stations}
        self._connections: dict[int, tuple[socket.socket, Station, bytearray]] = {}
        for fileno in self._listeners:
            self._epoll.register(fileno, select.EPOLLIN)

    def serve(self) -> None:
        """Until stdin ends."""
        rig = sys.stdin.fileno()
        self._epoll.register(rig, select.EPOLLIN)
        while True:
            for fileno, _ in self._epoll.poll():
                if connection := self._connections.get(fileno):
                    self._serve(fileno, *connection)
                elif station := self._listeners.get(fileno):
                    self._accept(station)
                elif question := sys.stdin.readline():
                    self._tell(question.strip())
                else:
                    return

    def _accept(self, station: Station) -> None:
        connection, _ = station.listener.accept()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._connections[connection.fileno()] = (connection, station, bytearray())
        self._epoll.register(connection.fileno(), select.EPOLLIN)

    def _serve(self, fileno: int, connection: socket.socket, station: Station, rest: bytearray) -> None:
        try:
            data = connection.recv(4096)
        except ConnectionError:
            data = b""
        if not data:
            self._epoll.unregister(fileno)
            del self._connections[fileno]
            connection.close()
        elif len(data) == REQUEST.size and not rest:
            connection.send(station.answer(data))
        else:
            rest += data
            connection.sendall(b"".join(map(station.answer, _requests(rest))))

    def _tell(self, question: str) -> None:
        polls = [device.polls for device in self._devices]
        requests = sum(device.requests for device in self._devices)
        answer: object = {"polls": polls, "requests": requests}
        if question == WRITES:
            answer = [(number, *write) for number, device in enumerate(self._devices) for write in device.writes]
        print(json.dumps(answer), flush=True)


def _requests(rest: bytearray) -> Iterator[bytes]:
    """Every whole request, taken from the front."""
    while len(rest) >= UNIT_AT and len(rest) >= (size := UNIT_AT + (rest[4] << 8 | rest[5])):
        request = bytes(rest[:size])
        del rest[:size]
        yield request


def main() -> None:
    """Serve as many devices as asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--devices", type=int, required=True)
    parser.add_argument("--units", type=int, required=True, help="devices behind one port")
    parser.add_argument("--registers", type=int, required=True, help="of each device")
    parser.add_argument("--type", required=True)
    parser.add_argument("--takes", type=float, default=0, metavar="SECONDS", help="for each request; then one by one")
    options = parser.parse_args()
    _, most_files = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most_files, most_files))  # two for each port
    frame = frame_of(options.type, options.registers)
    devices = [Device(number, frame, options.takes) for number in range(options.devices)]
    stations = [Station(devices[at : at + options.units]) for at in range(0, len(devices), options.units)]
    print(json.dumps([station.listener.getsockname()[1] for station in stations]), flush=True)
    Fleet(stations, devices).serve()


if __name__ == "__main__":
    main()
