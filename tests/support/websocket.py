"""WebSocket in front of a broker that has none, as a process: Debian's mosquitto is built without.

The path names the broker: `/to/PORT`. There is nothing at any other.
"""

import asyncio
import ssl
import sys
from contextlib import suppress
from http import HTTPStatus
from pathlib import Path

from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

from tests.support.served import Served, listening


class Relay(Served):
    """With `tls`, a certificate, its key and a CA, only who shows a certificate gets in."""

    def __init__(self, tls: tuple[Path, Path, Path] | None = None) -> None:
        super().__init__("tests.support.websocket", *(tls or ()))
        self._scheme = "ws" if tls is None else "wss"

    def url(self, broker_port: int) -> str:
        return f"{self._scheme}://127.0.0.1:{self.port}/to/{broker_port}"


def only_brokers(connection: ServerConnection, request: Request) -> Response | None:
    if request.path.startswith("/to/"):
        return None
    return connection.respond(HTTPStatus.NOT_FOUND, "nothing here\n")


async def relay(connection: ServerConnection) -> None:
    assert connection.request is not None
    port = int(connection.request.path.removeprefix("/to/"))
    reader, writer = await asyncio.open_connection("127.0.0.1", port)

    async def back() -> None:
        with suppress(ConnectionClosed, OSError):
            while data := await reader.read(65536):
                await connection.send(data)
        await connection.close()

    returning = asyncio.create_task(back())
    with suppress(ConnectionClosed, OSError):
        async for message in connection:
            assert isinstance(message, bytes)
            writer.write(message)
            await writer.drain()
    writer.close()
    await returning


async def main(port: str, *tls: str) -> None:
    context = None
    if tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(tls[0], tls[1])
        context.load_verify_locations(tls[2])
        context.verify_mode = ssl.CERT_REQUIRED
    async with serve(
        relay,
        "127.0.0.1",
        int(port),
        ssl=context,
        subprotocols=[Subprotocol("mqtt")],
        process_request=only_brokers,
        compression=None,
    ):
        listening()
        await asyncio.get_running_loop().create_future()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
