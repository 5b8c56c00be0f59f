"""The certificates that the tests make themselves are ones that real TLS takes."""

import asyncio
import ssl
from pathlib import Path
from typing import Any

import pytest

from tests.support.authority import Authority


async def greet(server: ssl.SSLContext, client: ssl.SSLContext, name: str = "localhost") -> bytes:
    """What a client of this context is told by a server of that one."""

    async def serve(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"hello")
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0, ssl=server) as listening:
        port = listening.sockets[0].getsockname()[1]
        reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=client, server_hostname=name)
        try:
            return await reader.read()
        finally:
            writer.close()


async def test_a_client_of_the_same_authority_is_let_in(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    client = ssl.create_default_context(cafile=authority.ca)
    client.load_cert_chain(*authority.issue("gateway"))
    assert await greet(authority.server_context(require_client=True), client) == b"hello"


@pytest.mark.parametrize(
    ("issue", "reason"),
    [
        ({"days": -1}, "certificate has expired"),
        ({"starts_in_days": 1}, "certificate is not yet valid"),
        ({"names": ("other.example",)}, "Hostname mismatch"),
    ],
)
async def test_a_bad_certificate_is_bad(tmp_path: Path, issue: dict[str, Any], reason: str) -> None:
    authority = Authority(tmp_path)
    with pytest.raises(ssl.SSLCertVerificationError, match=reason):
        await greet(authority.server_context(**issue), ssl.create_default_context(cafile=authority.ca))
