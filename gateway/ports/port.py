"""An open port, wherever it is: an asyncio transport that can change its speed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Any

from typing_extensions import override


class Port(asyncio.Transport):
    """What its protocol writes to; what comes goes to the protocol straight from the transport within."""

    def __init__(self, inner: asyncio.Transport) -> None:
        super().__init__()
        self._inner = inner
        self._reading = True

    @property
    def tunable(self) -> bool:
        """Whether its speed can be changed from here."""
        return False

    async def set_baudrate(self, baudrate: int) -> bool:  # noqa: ARG002  # where there is none to set
        """Change the speed once all that was written is on the wire; False where only the far end can.

        Raises AdapterError where the port does not take it, or is gone.
        """
        return False

    @override
    def write(self, data: bytes | bytearray | memoryview) -> None:
        if not self._inner.is_closing():
            self._inner.write(data)

    @override
    def writelines(self, list_of_data: Iterable[bytes | bytearray | memoryview]) -> None:
        self.write(b"".join(list_of_data))

    @override
    def is_closing(self) -> bool:
        return self._inner.is_closing()

    @override
    def close(self) -> None:
        self._inner.close()

    @override
    def abort(self) -> None:
        self._inner.abort()

    @override
    def pause_reading(self) -> None:
        """What comes then is kept by the kernel, as long as that has room."""
        if self._reading and not self.is_closing():
            self._inner.pause_reading()
            self._reading = False

    @override
    def resume_reading(self) -> None:
        if not self._reading and not self.is_closing():
            self._inner.resume_reading()
            self._reading = True

    def read_later(self) -> None:
        """Where it saves work, what comes next may wait some milliseconds: to be said again at each `data_received`."""

    def read_now(self) -> None:
        """What has come is handed on before this returns, and what comes next as it comes."""

    @override
    def is_reading(self) -> bool:
        return self._reading and not self.is_closing()

    @override
    def get_write_buffer_size(self) -> int:
        return self._inner.get_write_buffer_size()

    @override
    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        self._inner.set_write_buffer_limits(high, low)

    @override
    def get_write_buffer_limits(self) -> tuple[int, int]:
        return self._inner.get_write_buffer_limits()

    @override
    def write_eof(self) -> None:
        raise NotImplementedError  # as everywhere where can_write_eof is False

    @override
    def can_write_eof(self) -> bool:
        return False

    @override
    def get_protocol(self) -> asyncio.BaseProtocol:
        return self._inner.get_protocol()

    @override
    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self._inner.set_protocol(protocol)

    @override
    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self._inner.get_extra_info(name, default)


class Doorway(asyncio.Protocol):
    """Stands in until the port is set, which its protocol is then told; what comes meanwhile is kept for that."""

    def __init__(self) -> None:
        self.over = asyncio.Event()
        self._early: list[bytes] = []
        self._end: Exception | None = None

    @override
    def data_received(self, data: bytes) -> None:
        self._early.append(data)

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._end = exc
        self.over.set()

    async def admitted(self, port: Port, make: Callable[[], asyncio.Protocol]) -> Port:
        """The port, from here on with the protocol that `make` makes; what that raises closes it."""
        try:
            protocol = make()
        except BaseException:
            port.abort()
            await self.over.wait()
            raise
        port.set_protocol(protocol)
        protocol.connection_made(port)
        for data in self._early:
            protocol.data_received(data)
        if self.over.is_set():
            protocol.connection_lost(self._end)
        return port
