"""From a link's configuration to an open wire, whatever the transport."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
import ssl
from collections.abc import Callable
from typing import TypeVar, cast

import serial

from adapters.modbus.config.link import ModbusLink
from adapters.modbus.wire.exact import Exact, Loose
from adapters.modbus.wire.framing import framing_of
from adapters.modbus.wire.line import Line
from adapters.modbus.wire.mbap import Datagrams, Stream
from adapters.modbus.wire.names import addresses_of
from adapters.modbus.wire.serialport import SerialTransport, open_port
from adapters.modbus.wire.timing import character_s, silence_s
from adapters.modbus.wire.wire import Pace, Wire
from gateway.adapter import AdapterError
from gateway.units import format_duration

HOST_HINT = "is it on, is the address right, do both have a network in common? `ping` it"
NAME_HINT = "the name is not known here: is it spelt right, can this machine ask a name server? Or write the IP address"
SILENT_NAMES_HINT = (
    "no name server answers that knows the name: is there one that can be reached? Or write the IP address"
)
NO_TLS_HINT = "does it not speak TLS there, but plain Modbus TCP (transport: tcp)?"
CA_HINT = "give the certificate of whoever signed it, or itself, as tls.ca"
NAME_IN_IT_HINT = "as `host` write what stands in it"
REFUSED_HINT = "Modbus TCP is off on the device, or another client holds its only place"

AWAY = frozenset({errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EHOSTDOWN})
"""No way leads there, or nobody is at its end."""

KEEPALIVE = {
    socket.TCP_KEEPIDLE: 10,
    socket.TCP_KEEPINTVL: 5,
    socket.TCP_KEEPCNT: 3,
    socket.TCP_USER_TIMEOUT: 25_000,
}
"""Seconds, tries, and milliseconds for what is sent (tcp(7)): a machine that is gone shows within half a minute."""

WRONG_NAMES = frozenset({62, 64})
"""X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH (openssl/x509_vfy.h)."""

OPENING_S = 0.5
"""How long one who gives up waits for a port that is just being opened: the next one may want it at once."""

WireT = TypeVar("WireT", bound=asyncio.BaseProtocol)


async def connect(link: ModbusLink) -> Wire:
    """Raises AdapterError, with what to do."""
    if link.is_serial:
        return await _open_serial(link)
    try:
        hosts = await _hosts(link)
        async with asyncio.timeout(link.connect_timeout):
            return await _first(link, hosts)
    except TimeoutError:
        within = format_duration(link.connect_timeout)
        hint = f"{HOST_HINT}, or {NO_TLS_HINT}" if link.transport == "tls" else HOST_HINT
        raise AdapterError(f"{link.peer} does not accept a connection within {within}: {hint}") from None
    except ConnectionRefusedError:
        raise AdapterError(f"{link.peer} refuses the connection: {REFUSED_HINT}") from None
    except ssl.SSLCertVerificationError as error:
        raise AdapterError(f"the certificate of {link.peer} is not trusted: {_why_not(error)}") from None
    except (ssl.SSLError, ConnectionError) as error:
        why = f": {error.strerror or error}" if str(error) else ""
        hint = f": {NO_TLS_HINT}" if link.transport == "tls" else ""
        raise AdapterError(f"no connection to {link.peer}{why}{hint}") from None
    except (socket.gaierror, UnicodeError):  # the second, where it can't even be written as a name
        raise AdapterError(f"no connection to {link.peer}: {NAME_HINT}") from None
    except OSError as error:
        hint = f": {HOST_HINT}" if error.errno in AWAY else ""
        raise AdapterError(f"no connection to {link.peer}: {error.strerror or error}{hint}") from None


async def _hosts(link: ModbusLink) -> list[str]:
    """Its addresses, as long as nobody needs more time to say them than to take a connection."""
    try:
        async with asyncio.timeout(link.connect_timeout):
            return await addresses_of(link.address[0])
    except TimeoutError:
        raise AdapterError(f"no connection to {link.peer}: {SILENT_NAMES_HINT}") from None


async def _first(link: ModbusLink, hosts: list[str]) -> Wire:
    """Of its addresses that takes a connection."""
    for host in hosts[:-1]:
        with contextlib.suppress(OSError):
            return await _open(link, host)
    return await _open(link, hosts[-1])


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
    peer = cast("socket.socket", transport.get_extra_info("socket"))
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in KEEPALIVE.items():
        peer.setsockopt(socket.IPPROTO_TCP, option, value)
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
    opening = asyncio.ensure_future(asyncio.to_thread(open_port, link))
    try:
        port = await asyncio.shield(opening)
    except asyncio.CancelledError:
        opening.add_done_callback(_close_unwanted)
        await asyncio.wait({opening}, timeout=OPENING_S)
        raise
    try:
        timer = Exact(loop)
    except OSError as error:
        port.close()
        raise AdapterError(f"no timer for {link.peer}: {error.strerror}") from None
    line = Line(loop, link.peer, framing_of(link), timer, pace_of(link), echo=link.local_echo)
    SerialTransport(loop, port, line)
    return line


def _close_unwanted(opening: asyncio.Future[serial.Serial]) -> None:
    """Nobody waits for this port any more."""
    if not opening.cancelled() and opening.exception() is None:
        opening.result().close()


def pace_of(link: ModbusLink) -> Pace:
    """What takes time on its wire."""
    if not link.is_serial:
        return Pace(link.pause_after_connect, link.pause_between)
    character = character_s(link.baudrate, link.bits, link.parity, link.stop_bits)
    return Pace(link.pause_after_connect, link.pause_between, character, silence_s(link.baudrate, character))
