"""Through a proxy: HTTP CONNECT (RFC 9110, 9.3.6) and SOCKS5 (RFC 1928, RFC 1929). Names are resolved by the proxy.

Every byte is read on purpose: what comes after the proxy's answer is the far end's already.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from base64 import b64encode

from gateway.endpoints.reach.address import Address, Proxy, bracketed, in_dns

MAX_HEAD_BYTES = 16 * 1024
"""Of an HTTP answer's status line and fields; real ones have a few hundred."""

SHOWN_CHARACTERS = 80
"""Of what a proxy says."""

OK, MULTIPLE_CHOICES = 200, 300
"""Any status from the one to before the other opens the tunnel (RFC 9110, 9.3.6)."""

SOCKS_VERSION, LOGIN_VERSION = 5, 1
NO_LOGIN, USER_PASS, NONE_ACCEPTABLE = 0x00, 0x02, 0xFF
CONNECT = 1
IPV4, DOMAIN, IPV6 = 1, 3, 4
"""RFC 1928, 3, 4 and 6; RFC 1929, 2."""

ADDRESS_BYTES = {IPV4: 4, IPV6: 16}

SOCKS_REFUSALS = {
    1: "it fails, without saying why",
    2: "its rules forbid that",
    3: "the network can't be reached from there",
    4: "the host can't be reached from there",
    5: "nobody listens on that port",
    6: "the way there is too long (TTL expired)",
    7: "it does not take CONNECT",
    8: "it does not take this kind of address",
}
"""RFC 1928, 6."""


async def ask_for(address: Address, proxy: Proxy, sock: socket.socket) -> None:
    """Have the proxy at the other end of `sock` connect it to `address`. Raises OSError with a sentence."""
    line = _Line(sock)
    try:
        await (_socks5 if proxy.is_socks else _http_connect)(line, address, proxy)
    except _Ended:
        raise OSError(f"the proxy {proxy} closed the connection without an answer") from None
    except ConnectionError as error:
        raise OSError(f"the proxy {proxy} broke off: {error.strerror or error}") from error


class _Ended(Exception):
    """The proxy has closed."""


class _Line:
    """A socket, read in the pieces asked for."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._loop = asyncio.get_running_loop()

    async def send(self, data: bytes) -> None:
        await self._loop.sock_sendall(self._sock, data)

    async def exactly(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            piece = await self._loop.sock_recv(self._sock, size - len(data))
            if not piece:
                raise _Ended
            data += piece
        return data

    async def head(self) -> bytes:
        """Up to the empty line, and not a byte more."""
        data = bytearray()
        while not data.endswith((b"\r\n\r\n", b"\n\n")):
            data += await self.exactly(1)
            if len(data) > MAX_HEAD_BYTES:
                raise OSError(f"the proxy's answer has more than {MAX_HEAD_BYTES} bytes")
        return bytes(data)


async def _http_connect(line: _Line, address: Address, proxy: Proxy) -> None:
    target = f"{bracketed(in_dns(address.host).decode())}:{address.port}"
    fields = [f"CONNECT {target} HTTP/1.1", f"Host: {target}"]
    login = ""
    if proxy.username is not None:
        login = b64encode(f"{proxy.username}:{proxy.password or ''}".encode()).decode()
        fields.append(f"Proxy-Authorization: Basic {login}")
    await line.send("".join(f"{field}\r\n" for field in (*fields, "")).encode())
    status = 0
    while status < OK:  # 1xx are interim (RFC 9110, 15.2)
        if await line.exactly(5) != b"HTTP/":
            raise OSError(f"what answers at {proxy} is no HTTP proxy")
        head = (await line.head()).decode("latin-1")
        _, _, said = head.splitlines()[0].partition(" ")
        status = int(said[:3]) if said[:3].isdecimal() and said[:3].isascii() else MULTIPLE_CHOICES
    if status >= MULTIPLE_CHOICES:
        known = said.replace(login, "***") if login else said  # some repeat what they were asked
        raise OSError(_why_http(status, known, head, address, proxy))


def _why_http(status: int, said: str, head: str, address: Address, proxy: Proxy) -> str:
    quoted = ascii(said[:SHOWN_CHARACTERS])
    if status == 407:
        offered = _logins_offered(head)
        if offered and "basic" not in offered:
            return f"the proxy {proxy} wants a login by {offered[0]!a}, and only Basic is spoken here"
        if proxy.username is not None:
            return f"the proxy {proxy} refuses this username and password ({quoted})"
        return f"the proxy {proxy} wants a login: give proxy: username and password"
    if status == 403:
        return f"the proxy {proxy} does not allow connections to {address} ({quoted}); many allow port 443 only"
    if status in (502, 503, 504):
        return f"the proxy {proxy} can't reach it ({quoted})"
    return f"the proxy {proxy} does not connect us: {quoted}"


def _logins_offered(head: str) -> list[str]:
    """The schemes of Proxy-Authenticate, one a field (RFC 9110, 11.7.1)."""
    fields = (line.partition(":") for line in head.lower().splitlines())
    return [value.split()[0] for name, _, value in fields if name == "proxy-authenticate" and value.strip()]


async def _socks5(line: _Line, address: Address, proxy: Proxy) -> None:
    methods = [NO_LOGIN] + [USER_PASS] * (proxy.username is not None)
    await line.send(bytes((SOCKS_VERSION, len(methods), *methods)))
    version, method = await line.exactly(2)
    if version != SOCKS_VERSION:
        raise OSError(f"what answers at {proxy} is no SOCKS5 proxy")
    if method == USER_PASS and proxy.username is not None:
        await _socks5_login(line, proxy, proxy.username.encode(), (proxy.password or "").encode())
    elif method == NONE_ACCEPTABLE and proxy.username is None:
        raise OSError(f"the proxy {proxy} wants a login: give proxy: username and password")
    elif method != NO_LOGIN:
        raise OSError(f"the proxy {proxy} wants a kind of login that is not spoken here ({method:#04x})")
    await line.send(bytes((SOCKS_VERSION, CONNECT, 0)) + _socks5_place(address))
    version, code, _, kind = await line.exactly(4)
    if version != SOCKS_VERSION:
        raise OSError(f"what answers at {proxy} is no SOCKS5 proxy")
    if code != 0:
        why = SOCKS_REFUSALS.get(code, f"it answers {code:#04x}")
        raise OSError(f"the proxy {proxy} does not connect us: {why}")
    size = (await line.exactly(1))[0] if kind == DOMAIN else ADDRESS_BYTES.get(kind)
    if size is None:
        raise OSError(f"the proxy {proxy} gives an address of an unknown kind ({kind:#04x})")
    await line.exactly(size + 2)


async def _socks5_login(line: _Line, proxy: Proxy, username: bytes, password: bytes) -> None:
    await line.send(bytes((LOGIN_VERSION, len(username))) + username + bytes((len(password),)) + password)
    _, status = await line.exactly(2)
    if status != 0:
        raise OSError(f"the proxy {proxy} refuses this username and password")


def _socks5_place(address: Address) -> bytes:
    """Kind, address and port (RFC 1928, 5)."""
    port = address.port.to_bytes(2, "big")
    try:
        literal = ipaddress.ip_address(address.host)
    except ValueError:
        name = in_dns(address.host)
        return bytes((DOMAIN, len(name))) + name + port
    return bytes((IPV4 if literal.version == 4 else IPV6,)) + literal.packed + port
