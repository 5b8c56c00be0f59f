"""Many Modbus TCP devices in one cheap process: one epoll, replies put together from a ready table.

Prints the devices' ports as a JSON list; answers an empty line on stdin with the polls per device and the requests so
far, `WRITES` with everything that was written, as lists of device, value and moment; ends with stdin.
"""

from __future__ import annotations

import argparse
import json
import select
import socket
import struct
import sys
import time
from typing import Final

from scripts.bench.signals import REGISTERS, Frame, frame_of

READ_HOLDING: Final = 3
WRITE_REGISTER: Final = 6
WRITES = "writes"
REQUEST = struct.Struct(">HHHBBHH")
HEADER = struct.Struct(">HHHBBB")
ILLEGAL_FUNCTION, ILLEGAL_ADDRESS = 1, 2


class Device:
    """One device behind one port: counts its polls and stamps each with the moment it is read.

    Writes of one register are noted and answered; what is read does not change. Each request takes `takes_s`.
    """

    def __init__(self, number: int, frame: Frame, takes_s: float = 0) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.polls = 0
        self.requests = 0
        self.writes = list[tuple[int, int]]()
        """Values and when they came, monotonic microseconds."""
        self._takes_s = takes_s
        self._number = number
        self._frame = frame
        self._table = memoryview(frame.table)
        self._width = len(frame.table) // len(frame.expected)
        self._registers = b""

    def answer(self, request: bytes) -> bytes:
        """The reply to one request: 100 registers from 0 are a poll, any other read is of the last poll's."""
        transaction, _, _, unit, function, address, count = REQUEST.unpack(request)
        self.requests += 1
        if function == WRITE_REGISTER:
            self.writes.append((count, time.monotonic_ns() // 1000))
        if self._takes_s:
            time.sleep(self._takes_s)
        if function == WRITE_REGISTER:
            return request
        if function != READ_HOLDING:
            return HEADER.pack(transaction, 0, 3, unit, function | 0x80, ILLEGAL_FUNCTION)
        if not 0 < count <= REGISTERS - address:
            return HEADER.pack(transaction, 0, 3, unit, function | 0x80, ILLEGAL_ADDRESS)
        if address == 0:
            self._poll()
        registers = self._registers
        if count < REGISTERS:
            registers = registers[2 * address : 2 * (address + count)]
        return HEADER.pack(transaction, 0, 3 + 2 * count, unit, function, 2 * count) + registers

    def _poll(self) -> None:
        self.polls += 1
        start = self._frame.start(self._number, self.polls) * self._width
        window = self._table[start : start + self._frame.values * self._width]
        self._registers = b"".join((self._frame.pack(self.polls, time.monotonic_ns() // 1000), window))


class Fleet:
    """All devices, their connections and the conversation with the rig."""

    def __init__(self, devices: list[Device]) -> None:
        self._devices = devices
        self._epoll = select.epoll()
        self._listeners = {device.listener.fileno(): device for device in devices}
        self._connections: dict[int, tuple[socket.socket, Device, bytearray]] = {}
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
                elif device := self._listeners.get(fileno):
                    self._accept(device)
                elif question := sys.stdin.readline():
                    self._tell(question.strip())
                else:
                    return

    def _accept(self, device: Device) -> None:
        connection, _ = device.listener.accept()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._connections[connection.fileno()] = (connection, device, bytearray())
        self._epoll.register(connection.fileno(), select.EPOLLIN)

    def _serve(self, fileno: int, connection: socket.socket, device: Device, rest: bytearray) -> None:
        try:
            data = connection.recv(4096)
        except ConnectionError:
            data = b""
        if not data:
            self._epoll.unregister(fileno)
            del self._connections[fileno]
            connection.close()
        elif len(data) == REQUEST.size and not rest:
            connection.send(device.answer(data))
        else:
            rest += data
            whole = len(rest) - len(rest) % REQUEST.size
            requests = [bytes(rest[at : at + REQUEST.size]) for at in range(0, whole, REQUEST.size)]
            del rest[:whole]
            connection.sendall(b"".join(map(device.answer, requests)))

    def _tell(self, question: str) -> None:
        polls = [device.polls for device in self._devices]
        requests = sum(device.requests for device in self._devices)
        answer: object = {"polls": polls, "requests": requests}
        if question == WRITES:
            answer = [(number, *write) for number, device in enumerate(self._devices) for write in device.writes]
        print(json.dumps(answer), flush=True)


def main() -> None:
    """Serve as many devices as asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--devices", type=int, required=True)
    parser.add_argument("--type", required=True)
    parser.add_argument("--takes", type=float, default=0, metavar="SECONDS", help="for each request; then one by one")
    options = parser.parse_args()
    frame = frame_of(options.type)
    devices = [Device(number, frame, options.takes) for number in range(options.devices)]
    print(json.dumps([device.listener.getsockname()[1] for device in devices]), flush=True)
    Fleet(devices).serve()


if __name__ == "__main__":
    main()
