"""From a link's configuration to an open wire, whatever the transport."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from typing import TypeVar

from adapters.modbus.config.link import ModbusLink
from adapters.modbus.wire.exact import Exact, Loose
from adapters.modbus.wire.framing import framing_of
from adapters.modbus.wire.line import Line
from adapters.modbus.wire.mbap import Datagrams, Stream
from adapters.modbus.wire.timing import silence_s
from adapters.modbus.wire.wire import Pace, Wire
from gateway.adapter import AdapterError
from gateway.ports.reach import HOST_HINT, Hints, keep_alive, reach

NO_TLS_HINT = "does it not speak TLS there, but plain Modbus TCP (transport: tcp)?"
CA_HINT = "give the certificate of whoever signed it, or itself, as tls.ca"
NAME_IN_IT_HINT = "as `host` write what stands in it"
REFUSED_HINT = "Modbus TCP is off on the device, or another client holds its only place"

PLAIN_HINTS = Hints(refused=REFUSED_HINT)
TLS_HINTS = Hints(refused=REFUSED_HINT, silent=f"{HOST_HINT}, or {NO_TLS_HINT}", broken=NO_TLS_HINT)

WRONG_NAMES = frozenset({62, 64})
"""X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH (openssl/x509_vfy.h)."""

WireT = TypeVar("WireT", bound=asyncio.BaseProtocol)


async def connect(link: ModbusLink) -> Wire:
    """Raises AdapterError, with what to do."""
    if link.is_serial:
        return await _open_serial(link)
    hints = TLS_HINTS if link.transport == "tls" else PLAIN_HINTS
    try:
        return await reach(link.peer, link.address[0], link.connect_timeout, hints, lambda host: _open(link, host))
    except ssl.SSLCertVerificationError as error:
        raise AdapterError(f"the certificate of {link.peer} is not trusted: {_why_not(error)}") from None
    except ssl.SSLError as error:
        raise AdapterError(f"no connection to {link.peer}: {error.strerror or error}: {NO_TLS_HINT}") from None


async def _open(link: ModbusLink, host: str) -> Wire:
    loop = asyncio.get_running_loop()
    pace = pace_of(link)
    if link.transport == "udp":
        _, datagrams = await loop.create_datagram_endpoint(
            lambda: Datagrams(loop, link.peer, link.max_in_flight, pace), remote_addr=(host, link.address[1])
        )
        return datagrams
    if link.is_line:
        framing, echo = framing_of(link), link.local_echo
        return await _stream(link, host, lambda: Line(loop, link.peer, framing, Loose(loop), pace, echo=echo))
    return await _stream(link, host, lambda: Stream(loop, link.peer, link.max_in_flight, pace))


async def _stream(link: ModbusLink, host: str, make: Callable[[], WireT]) -> WireT:
    loop = asyncio.get_running_loop()
    context = await _context(link) if link.transport == "tls" else None
    name, port = link.address
    named = None if context is None else name
    transport, wire = await loop.create_connection(make, host, port, ssl=context, server_hostname=named)
    keep_alive(transport)
    return wire


async def _context(link: ModbusLink) -> ssl.SSLContext:
    try:
        return await asyncio.to_thread(link.tls.context)
    except OSError as error:
        files = ", ".join(str(file) for file in (link.tls.ca, link.tls.cert, link.tls.key) if file is not None)
        raise AdapterError(f"its TLS files can't be used: {files}: {error.strerror or error}") from None


def _why_not(error: ssl.SSLCertVerificationError) -> str:
    """With what to do."""
    is_name = error.verify_code in WRONG_NAMES
    return f"{error.verify_message.rstrip('.')}: {NAME_IN_IT_HINT if is_name else CA_HINT}"


async def _open_serial(link: ModbusLink) -> Line:
    loop = asyncio.get_running_loop()
    made: list[Line] = []

    def make() -> Line:
        try:
            timer = Exact(loop)
        except OSError as error:
            raise AdapterError(f"no timer for {link.peer}: {error.strerror}") from None
        made.append(Line(loop, link.peer, framing_of(link), timer, pace_of(link), echo=link.local_echo))
        return made[0]

    from gateway.ports.local import open_local  # noqa: PLC0415 -- many sites are TCP alone

    await open_local(link.path, link.settings, make)
    return made[0]


def pace_of(link: ModbusLink) -> Pace:
    """What takes time on its wire."""
    if not link.is_serial:
        return Pace(link.pause_after_connect, link.pause_between)
    character = link.settings.character_s
    return Pace(link.pause_after_connect, link.pause_between, character, silence_s(link.baudrate, character))
