"""A serial port at the far end of a network: its bytes over TCP, and its settings too where it speaks RFC 2217."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from serialx import PinState, SerialException, StopBits
from serialx.platforms.serial_rfc2217 import Rfc2217, RFC2217SerialTransport
from serialx.platforms.serial_rfc2217.types import (
    Rfc2217Command,
    SetBaudrateCmd,
    SetDatasizeCmd,
    SetParityCmd,
    SetStopsizeCmd,
    TelnetCommand,
)
from typing_extensions import override

from gateway.adapter import AdapterError
from gateway.ports.place import address_of
from gateway.ports.port import Doorway, Port
from gateway.ports.reach import Hints, keep_alive, reach
from gateway.ports.settings import LETTERS, SerialSettings, setting_of
from gateway.units import format_duration

REFUSED_HINT = "nothing listens there, or another client holds the device server's only place"
HINTS = Hints(refused=REFUSED_HINT)

SETTINGS = (SetBaudrateCmd, SetDatasizeCmd, SetParityCmd, SetStopsizeCmd)
"""Which are answered with what is set from then on, whatever was asked for (RFC 2217, 3)."""
PLAIN_HINT = "does it only carry bytes? Then write tcp:// and set the line there"


async def open_tcp(port: str, timeout_s: float, make: Callable[[], asyncio.Protocol]) -> Port:
    """The bytes of `tcp://host:port`; raises AdapterError."""
    host, number = address_of(port)
    loop = asyncio.get_running_loop()

    async def attempt(address: str) -> tuple[asyncio.Transport, Doorway]:
        return await loop.create_connection(Doorway, address, number)

    transport, doorway = await reach(f"{host}:{number}", host, timeout_s, HINTS, attempt)
    keep_alive(transport)
    return await doorway.admitted(Port(transport), make)


class NotTakenError(SerialException):
    """The far end goes on with other settings than were asked for."""


class _Engine(Rfc2217):
    """One that gets on with servers that answer everything, and with those that do not."""

    def __init__(self) -> None:
        super().__init__()
        self._agreed: set[TelnetCommand] = set()

    @override
    def build_state_mask_commands(self) -> tuple[Rfc2217Command, ...]:
        """None: nobody here looks at modem lines, and pyserial's server, among others, never answers these."""
        return ()

    @override
    def _dispatch_parser_items(
        self, items: list[bytes | TelnetCommand | Rfc2217Command]
    ) -> tuple[bytes, list[TelnetCommand]]:
        """Agree to the same thing once: two who answer each other's answers never end (RFC 854)."""
        data, responses = super()._dispatch_parser_items(items)
        fresh = [each for each in responses if each not in self._agreed]
        self._agreed.update(fresh)
        return data, fresh


class _Transport(RFC2217SerialTransport):
    """One that believes no answer without looking at it."""

    reached = False

    @override
    async def _negotiate(self) -> None:
        self.reached = True
        assert self._tcp_transport is not None
        assert self._serial is not None
        self._serial._engine = _Engine()  # noqa: SLF001  # it can't be given one; nothing has come yet
        keep_alive(self._tcp_transport)
        await super()._negotiate()

    @override
    async def _send_and_wait(self, cmd: Rfc2217Command) -> Rfc2217Command:
        answer = await super()._send_and_wait(cmd)
        if isinstance(cmd, SETTINGS) and answer != cmd:
            raise NotTakenError(str(cmd))
        return answer


class RemotePort(Port):
    """An open port of RFC 2217."""

    def __init__(self, transport: _Transport, peer: str, settings: SerialSettings, timeout_s: float) -> None:
        super().__init__(transport)
        self._transport = transport
        self._peer = peer
        self._settings = settings
        self._timeout_s = timeout_s
        self._loop = asyncio.get_running_loop()
        self._busy_until_s = 0.0

    @property
    @override
    def tunable(self) -> bool:
        return True

    @override
    def write(self, data: bytes | bytearray | memoryview) -> None:
        super().write(data)
        begins_s = max(self._loop.time(), self._busy_until_s)
        self._busy_until_s = begins_s + len(data) * self._settings.character_s

    @override
    async def set_baudrate(self, baudrate: int) -> bool:
        await asyncio.sleep(self._busy_until_s - self._loop.time())  # what is on its wire nobody tells (RFC 2217)
        if self.is_closing():
            raise AdapterError(f"{self._peer} has been closed")
        try:
            async with asyncio.timeout(self._timeout_s):
                await self._transport.reconfigure_port(baudrate=baudrate)
        except NotTakenError:
            raise AdapterError(f"{self._peer} does not take {baudrate} baud") from None
        except TimeoutError:
            raise AdapterError(f"{self._peer} does not say whether it takes {baudrate} baud") from None
        except (OSError, SerialException) as error:
            raise AdapterError(f"{self._peer} does not take {baudrate} baud: {error}") from None
        self._settings = self._settings.model_copy(update={"baudrate": baudrate})
        return True


async def open_rfc2217(
    port: str, settings: SerialSettings, timeout_s: float, make: Callable[[], asyncio.Protocol]
) -> Port:
    """The port at `rfc2217://host:port` with its settings; raises AdapterError."""
    host, number = address_of(port)
    peer = f"{host}:{number}"
    was_cut_short = False

    async def attempt(address: str) -> tuple[_Transport, Doorway]:
        nonlocal was_cut_short
        doorway = Doorway()
        transport = _Transport(asyncio.get_running_loop(), doorway)
        try:
            await _settled(transport, address, number, settings)
        except asyncio.CancelledError:
            was_cut_short = transport.reached
            raise
        except NotTakenError:
            raise AdapterError(f"{peer} does not take these settings: {setting_of(settings)}") from None
        except (OSError, SerialException):
            if not transport.reached:
                raise
            raise AdapterError(f"{peer} does not speak RFC 2217: {PLAIN_HINT}") from None
        return transport, doorway

    try:
        transport, doorway = await reach(peer, host, timeout_s, HINTS, attempt)
    except AdapterError:
        if was_cut_short:
            within = format_duration(timeout_s)
            raise AdapterError(f"{peer} does not speak RFC 2217 within {within}: {PLAIN_HINT}") from None
        raise
    return await doorway.admitted(RemotePort(transport, peer, settings, timeout_s), make)


async def _settled(transport: _Transport, address: str, number: int, settings: SerialSettings) -> None:
    """Connected and set, as far as `settings` say it."""
    place = f"[{address}]" if ":" in address else address
    given: dict[str, Any] = {
        "baudrate": settings.baudrate,
        "parity": LETTERS[settings.parity],
        "byte_size": settings.data_bits,
        "stopbits": StopBits(settings.stop_bits),
        "xonxoff": settings.flow_control == "xon-xoff",
        "rtscts": settings.flow_control == "rts-cts",
        "connect_timeout": None,  # `reach` has it
    }
    await transport.connect(path=f"rfc2217://{place}:{number}", **given)
    if settings.dtr is not None or settings.rts is not None:
        await transport.set_modem_pins(dtr=PinState.convert(settings.dtr), rts=PinState.convert(settings.rts))
