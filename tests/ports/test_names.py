"""Names of hosts, and name servers that do not answer."""

import asyncio
import socket
import threading
from collections.abc import Iterator

import pytest

from adapters.modbus.config import ModbusLink
from adapters.modbus.wire.connect import connect
from gateway.adapter import AdapterError
from gateway.ports.names import addresses_of
from tests.support.patience import HANG_S


@pytest.fixture
def silence(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """No name server answers until this is set; then all say that there is no such name."""
    over = threading.Event()

    def look(*_: object, **__: object) -> None:
        over.wait()
        raise socket.gaierror(socket.EAI_AGAIN, "no")

    monkeypatch.setattr(socket, "getaddrinfo", look)
    yield over
    over.set()


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "fe80::1%1"])
async def test_an_address_is_itself(address: str, silence: threading.Event) -> None:
    assert await addresses_of(address) == [address]
    assert not silence.is_set()


async def test_a_name_has_addresses() -> None:
    assert "127.0.0.1" in await addresses_of("localhost")


async def test_what_can_not_be_a_name_is_told() -> None:
    with pytest.raises(UnicodeError):
        await addresses_of("a..b")


async def test_names_that_nobody_knows_keep_no_thread_of_the_loop(silence: threading.Event) -> None:
    looking = [asyncio.ensure_future(addresses_of(f"plc{n}.example")) for n in range(50)]
    await asyncio.sleep(0)
    async with asyncio.timeout(HANG_S):
        assert await asyncio.to_thread(int, "7") == 7
    assert not any(each.done() for each in looking)
    silence.set()
    assert all(isinstance(each, OSError) for each in await asyncio.gather(*looking, return_exceptions=True))


@pytest.mark.usefixtures("silence")
@pytest.mark.parametrize("transport", ["tcp", "udp", "rtu-over-tcp"])
async def test_a_silent_name_server_is_told(transport: str) -> None:
    given = {"adapter": "modbus", "transport": transport, "host": "plc.example", "connect_timeout": "50ms"}
    with pytest.raises(AdapterError, match="no name server answers"):
        await connect(ModbusLink.model_validate(given))


async def test_where_a_name_has_several_addresses_the_first_that_takes_it_is_taken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    places = [(0, 0, 0, "", ("::1", 0, 0, 0)), (0, 0, 0, "", ("127.0.0.1", 0))]
    server = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    monkeypatch.setattr("gateway.ports.names.socket.getaddrinfo", lambda *_, **__: places)
    wire = await connect(ModbusLink.model_validate({"adapter": "modbus", "host": "plc.example", "port": port}))
    await wire.close()
    server.close()
    await server.wait_closed()
