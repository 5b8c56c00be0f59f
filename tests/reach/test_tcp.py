"""TCP to a host that has several addresses, or none."""

import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest

from gateway.endpoints.reach import tcp
from tests.reach.way import echo, listening, silence, why_not
from tests.support.patience import HANG_S
from tests.support.ports import free_port
from tests.support.sockets import black_hole as swallowing
from tests.support.sockets import closed_down_to, open_sockets

Resolved = Callable[..., None]


@pytest.fixture
async def resolved(monkeypatch: pytest.MonkeyPatch) -> Resolved:
    """Let names stand for these addresses, or raise this."""

    def install(*answers: tuple[str, int] | Exception) -> None:
        known: dict[str, tuple[str, int]] = {}
        numeric = tcp._numeric

        async def addresses_of(_host: str) -> list[str]:
            for answer in answers:
                if isinstance(answer, Exception):
                    raise answer
                known[f"address {len(known)}"] = answer
            return list(known)

        monkeypatch.setattr(tcp, "addresses_of", addresses_of)
        monkeypatch.setattr(tcp, "_numeric", lambda host, port: numeric(*known.get(host, (host, port))))

    return install


@pytest.fixture
async def port() -> AsyncIterator[int]:
    async with listening(echo) as port:
        yield port


@pytest.fixture
def black_hole() -> Iterator[int]:
    with swallowing() as port:
        yield port


async def connect(host: str, port: int) -> socket.socket:
    return await tcp.connect_tcp(host, port, lambda _: None)


async def test_an_address_is_not_looked_up(port: int, resolved: Resolved) -> None:
    resolved(AssertionError("somebody asked"))
    (await connect("127.0.0.1", port)).close()


async def test_an_address_that_is_silent_holds_nobody_up(port: int, black_hole: int, resolved: Resolved) -> None:
    sockets = open_sockets()
    resolved(("127.0.0.1", black_hole), ("127.0.0.1", port))
    async with asyncio.timeout(HANG_S):
        sock = await connect("two.example", 0)
    assert sock.getpeername()[1] == port
    sock.close()
    await closed_down_to(sockets)


async def test_an_address_that_refuses_is_left_for_the_next_at_once(
    port: int, resolved: Resolved, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tcp, "NEXT_ADDRESS_S", HANG_S)
    resolved(("127.0.0.1", free_port()), ("127.0.0.1", port))
    (await connect("two.example", 0)).close()


async def test_families_are_tried_in_turn() -> None:
    v6, v4 = tcp.Target(socket.AF_INET6, ("::1", 1, 0, 0)), tcp.Target(socket.AF_INET, ("127.0.0.1", 1))
    tried = tcp._in_turn([v6, v6, v6, v4])
    assert [target.family for target in tried] == [socket.AF_INET6, socket.AF_INET, socket.AF_INET6, socket.AF_INET6]


async def test_when_all_refuse_it_is_said_once(resolved: Resolved) -> None:
    resolved(("127.0.0.1", free_port()), ("127.0.0.1", free_port()))
    assert (await why_not("mqtt://two.example")).count("nobody listens on this port") == 1


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (socket.gaierror(socket.EAI_NONAME, "Name or service not known"), "nobody knows the name two.example"),
        (socket.gaierror(socket.EAI_AGAIN, "Temporary failure"), "no name server answers"),
        (UnicodeError("label too long"), "can't be a host's name"),
    ],
)
async def test_a_name_that_does_not_resolve_is_said_in_words(error: Exception, words: str, resolved: Resolved) -> None:
    resolved(error)
    assert words in await why_not("mqtt://two.example")


async def test_name_servers_that_are_silent_keep_no_thread_of_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    over, real = threading.Event(), socket.getaddrinfo

    def look(host: str, port: int | None, *, type: int, flags: int = 0) -> Any:  # noqa: A002 -- as it is called
        if not flags & socket.AI_NUMERICHOST:
            over.wait()
        return real(host, port, type=type, flags=socket.AI_NUMERICHOST)

    monkeypatch.setattr(socket, "getaddrinfo", look)
    urls = [f"mqtt://cloud{number}.example" for number in range(50)]
    reasons = await asyncio.gather(*(why_not(url, connect_timeout="50ms") for url in urls))
    async with asyncio.timeout(HANG_S):
        assert await asyncio.to_thread(int, "7") == 7
    over.set()
    assert "no name server has said where cloud0.example is" in reasons[0]


async def test_a_cancellation_closes_all_attempts(black_hole: int, resolved: Resolved) -> None:
    sockets = open_sockets()
    resolved(("127.0.0.1", black_hole), ("127.0.0.1", black_hole))
    task = asyncio.create_task(connect("two.example", 0))
    await asyncio.sleep(0.3)  # both are under way
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await closed_down_to(sockets)


async def test_a_host_on_ipv6_is_reached() -> None:
    async with listening(silence, host="::1") as port:
        (await connect("::1", port)).close()
