"""A proxy of the tests' own, as a process: HTTP CONNECT (RFC 9110, 9.3.6) or SOCKS5 (RFC 1928, RFC 1929).

Cross-checked with `curl --proxytunnel` and `curl --socks5-hostname`. It writes to stderr what it is asked for.
"""

import asyncio
import base64
import ipaddress
import sys
from contextlib import suppress

from tests.support.served import Served, listening

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Proxy(Served):
    """`kind` is `http` or `socks5`, `login` a name and password."""

    def __init__(self, kind: str, login: tuple[str, str] | None = None) -> None:
        super().__init__("tests.support.proxies", kind, *(login or ()))
        self.url = f"{kind}://127.0.0.1:{self.port}"

    def wait_until_asked(self, host: str, port: int) -> None:
        """What it tells of comes after what it does."""
        self._process.wait_for_line(lambda line: line == f"{host} {port}")


async def http(client: Streams, login: tuple[str, str] | None) -> Streams | None:
    """What CONNECT asks for; None when it was refused."""
    reader, writer = client
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    method, target, version = head[0].split(" ")
    fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])}
    if login is not None:
        wanted = base64.b64encode(":".join(login).encode()).decode()
        if fields.get("proxy-authorization") != f"Basic {wanted}":
            writer.write(b'HTTP/1.1 407 Login Please\r\nProxy-Authenticate: Basic realm="tests"\r\n\r\n')
            return None
    if method != "CONNECT" or fields["host"] != target:
        writer.write(f"{version} 405 CONNECT alone\r\n\r\n".encode())
        return None
    host, _, port = target.rpartition(":")
    try:
        far = await connect(host.strip("[]"), int(port))
    except OSError:
        writer.write(b"HTTP/1.1 502 Nobody There\r\n\r\n")
        return None
    writer.write(b"HTTP/1.1 200 Connected\r\nVia: tests\r\n\r\n")
    return far


async def socks5(client: Streams, login: tuple[str, str] | None) -> Streams | None:
    """As `http`."""
    reader, writer = client
    _, count = await reader.readexactly(2)
    method = 0 if login is None else 2
    if method not in await reader.readexactly(count):
        writer.write(b"\5\xff")
        return None
    writer.write(bytes((5, method)))
    if login is not None:
        _, size = await reader.readexactly(2)
        name = await reader.readexactly(size)
        password = await reader.readexactly((await reader.readexactly(1))[0])
        is_right = (name.decode(), password.decode()) == login
        writer.write(bytes((1, not is_right)))
        if not is_right:
            return None
    _, _, _, kind = await reader.readexactly(4)
    if kind == 3:
        host = (await reader.readexactly((await reader.readexactly(1))[0])).decode()
    else:
        host = str(ipaddress.ip_address(await reader.readexactly(4 if kind == 1 else 16)))
    port = int.from_bytes(await reader.readexactly(2), "big")
    try:
        far = await connect(host, port)
    except OSError:
        writer.write(b"\5\5\0\1" + bytes(6))
        return None
    writer.write(b"\5\0\0\1" + bytes(6))
    return far


async def connect(host: str, port: int) -> Streams:
    sys.stderr.write(f"{host} {port}\n")
    return await asyncio.open_connection(host, port)


async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Until one end closes; then the other is closed too."""
    with suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.close()


async def main(port: str, kind: str, *login: str) -> None:
    handshake = {"http": http, "socks5": socks5}[kind]

    async def serve(*client: *Streams) -> None:
        reader, writer = client
        try:
            far = await handshake((reader, writer), (login[0], login[1]) if login else None)
            if far is not None:
                await asyncio.gather(pump(reader, far[1]), pump(far[0], writer))
        except (OSError, EOFError):
            pass  # it went away
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", int(port))
    listening()
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
