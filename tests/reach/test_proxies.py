"""Through proxies: real ones of the tests' own, and such as answer what no proxy should."""

import asyncio
import socket
import struct
from collections.abc import Iterator
from typing import Any

import pytest

from gateway.endpoints.reach.address import Address
from gateway.endpoints.reach.address import Proxy as Way
from gateway.endpoints.reach.proxies import MAX_HEAD_BYTES, _socks5_place
from tests.reach.way import Owner, cancelled_at_every_moment, connected, echo, listening, says, why_not
from tests.support.authority import Authority
from tests.support.ports import free_port
from tests.support.proxies import Proxy
from tests.support.sockets import closed_down_to, open_sockets

LOGIN = ("gateway", "päss wörd:1")
SOCKS_OK = b"\5\0" + b"\5\0\0\1" + bytes(6)


@pytest.fixture(scope="module", params=["http", "socks5"])
def open_proxy(request: pytest.FixtureRequest) -> Iterator[Proxy]:
    with Proxy(request.param) as proxy:
        yield proxy


@pytest.fixture(scope="module", params=["http", "socks5"])
def closed_proxy(request: pytest.FixtureRequest) -> Iterator[Proxy]:
    with Proxy(request.param, LOGIN) as proxy:
        yield proxy


async def through(proxy: dict[str, Any], url: str = "mqtt://broker.example") -> str:
    """Why that way does not lead there."""
    return await why_not(url, proxy=proxy)


async def test_bytes_go_both_ways_and_the_proxy_resolves_the_name(open_proxy: Proxy) -> None:
    async with listening(echo) as port:
        owner = Owner()
        async with connected(f"mqtt://localhost:{port}", owner, proxy={"url": open_proxy.url}) as wire:
            wire.send(b"hello")
            await owner.until(lambda: wire.pending() == 5)
    open_proxy.wait_until_asked("localhost", port)


async def test_tls_runs_through_it_to_the_far_end(open_proxy: Proxy, tmp_path: Any) -> None:
    authority = Authority(tmp_path)
    async with listening(echo, authority.server_context()) as port:
        owner, tls = Owner(), {"ca": authority.ca}
        way = connected(f"mqtts://localhost:{port}", owner, proxy={"url": open_proxy.url}, tls=tls)
        async with way as wire:
            wire.send(b"hello")
            await owner.until(lambda: wire.pending() == 5)


async def test_a_host_on_ipv6_is_asked_for(open_proxy: Proxy) -> None:
    async with listening(echo, host="::1") as port, connected(f"mqtt://[::1]:{port}", proxy={"url": open_proxy.url}):
        pass
    open_proxy.wait_until_asked("::1", port)


async def test_a_login_lets_us_in(closed_proxy: Proxy) -> None:
    async with listening(echo) as port:
        proxy = {"url": closed_proxy.url, "username": LOGIN[0], "password": LOGIN[1]}
        async with connected(f"mqtt://localhost:{port}", proxy=proxy):
            pass


async def test_no_login_and_a_wrong_one_are_told_apart(closed_proxy: Proxy) -> None:
    assert "wants a login: give proxy: username and password" in await through({"url": closed_proxy.url})
    wrong = {"url": closed_proxy.url, "username": LOGIN[0], "password": "guess"}
    assert "refuses this username and password" in await through(wrong)


async def test_what_a_proxy_repeats_of_our_login_is_hidden() -> None:
    async def repeat(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        login = (await reader.readuntil(b"\r\n\r\n")).split(b"Basic ")[1].split()[0]
        writer.write(b"HTTP/1.1 500 " + login + b"\r\n\r\n")
        await writer.drain()

    async with listening(repeat) as port:
        proxy = {"url": f"http://127.0.0.1:{port}", "username": LOGIN[0], "password": LOGIN[1]}
        assert "does not connect us: '500 ***'" in await through(proxy)


async def test_a_far_end_that_is_not_there_is_the_proxy_s_to_say(open_proxy: Proxy) -> None:
    why = await through({"url": open_proxy.url}, f"mqtt://127.0.0.1:{free_port()}")
    assert why.startswith("can't connect to 127.0.0.1:")
    assert "can't reach it ('502 Nobody There')" in why or "nobody listens on that port" in why


@pytest.mark.parametrize("scheme", ["http", "socks5"])
async def test_a_proxy_that_is_down_is_named(scheme: str) -> None:
    port = free_port()
    why = await through({"url": f"{scheme}://127.0.0.1:{port}"})
    assert f"no way to the proxy 127.0.0.1:{port}: nobody listens" in why


@pytest.mark.parametrize("scheme", ["http", "socks5"])
async def test_a_silent_proxy_takes_no_longer_than_the_time_to_connect(scheme: str) -> None:
    sockets = open_sockets()
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        port = server.getsockname()[1]
        why = await why_not("mqtt://b", proxy={"url": f"{scheme}://127.0.0.1:{port}"}, connect_timeout="200ms")
    assert f"b:1883 does not answer within 0.2 s (the proxy 127.0.0.1:{port} was asked and says nothing)" in why
    await closed_down_to(sockets)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"HTTP/1.1 403 Forbidden\r\n\r\n", "does not allow connections to broker.example:1883"),
        (b"HTTP/1.1 407 No\r\nProxy-Authenticate: NTLM\r\n\r\n", "wants a login by 'ntlm', and only Basic"),
        (b"HTTP/1.1 504 Timeout\r\n\r\n", "can't reach it ('504 Timeout')"),
        (b"HTTP/1.0 400 Bad\x1b[31m\r\n\r\n", r"does not connect us: '400 Bad\x1b[31m'"),
        (b"HTTP/1.1 what\r\n\r\n", "does not connect us: 'what'"),
        (b"HTTP/1.1\r\n\r\n", "does not connect us: ''"),
        (b"HTTP/" + b"x" * (MAX_HEAD_BYTES + 1), "has more than 16384 bytes"),
        (b"SSH-2.0-OpenSSH_9\r\n", "is no HTTP proxy"),
        (b"", "closed the connection without an answer"),
        (b"HTTP/1.1 200 OK\r\n", "closed the connection without an answer"),
    ],
)
async def test_whatever_an_http_proxy_answers_is_put_into_words(answer: bytes, words: str) -> None:
    sockets = open_sockets()
    async with listening(says(answer, after=b"\r\n\r\n")) as port:
        assert words in await through({"url": f"http://127.0.0.1:{port}"})
    await closed_down_to(sockets)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"\5\0" + b"\5\1\0\1" + bytes(6), "it fails, without saying why"),
        (b"\5\0" + b"\5\2\0\1" + bytes(6), "its rules forbid that"),
        (b"\5\0" + b"\5\4\0\1" + bytes(6), "the host can't be reached from there"),
        (b"\5\0" + b"\5\x63\0\1" + bytes(6), "it answers 0x63"),
        (b"\5\0" + b"\5\0\0\7" + bytes(6), "an address of an unknown kind"),
        (b"\5\0" + b"\4\0\0\1" + bytes(6), "is no SOCKS5 proxy"),
        (b"\5\1", "a kind of login that is not spoken here (0x01)"),
        (b"\5\2", "a kind of login that is not spoken here (0x02)"),
        (b"\5\xff", "wants a login"),
        (b"HT", "is no SOCKS5 proxy"),
        (b"\5", "closed the connection without an answer"),
        (SOCKS_OK[:-1], "closed the connection without an answer"),
    ],
)
async def test_whatever_a_socks_proxy_answers_is_put_into_words(answer: bytes, words: str) -> None:
    async with listening(says(answer, after=b"\5\1\0")) as port:
        assert words in await through({"url": f"socks5://127.0.0.1:{port}"})


@pytest.mark.parametrize(
    ("scheme", "after", "answer"),
    [
        ("http", b"\r\n\r\n", b"HTTP/1.1 103 Early\r\n\r\nHTTP/1.1 204 Fine\r\nVia: x\r\n\r\n"),
        ("http", b"\r\n\r\n", b"HTTP/1.0 200 \n\n"),
        ("socks5", b"\5\1\0", SOCKS_OK),
        ("socks5", b"\5\1\0", b"\5\0" + b"\5\0\0\3\7a.local\0\0"),
        ("socks5", b"\5\1\0", b"\5\0" + b"\5\0\0\4" + bytes(18)),
    ],
)
async def test_an_answer_byte_by_byte_is_whole_and_what_follows_is_the_far_end_s(
    scheme: str, after: bytes, answer: bytes
) -> None:
    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(after)
        for byte in answer + b"hello":
            writer.write(bytes((byte,)))
            await asyncio.sleep(0)
        await reader.read()

    async with listening(drip) as port:
        owner, proxy = Owner(), {"url": f"{scheme}://127.0.0.1:{port}"}
        async with connected("mqtt://b", owner, proxy=proxy) as wire:
            await owner.until(lambda: wire.pending() == 5)
            assert wire.recv(9) == b"hello"


async def test_a_proxy_that_resets_is_said() -> None:
    async def reset(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        linger = struct.pack("ii", 1, 0)
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        writer.transport.abort()

    async with listening(reset) as port:
        assert "broke off: Connection reset by peer" in await through({"url": f"http://127.0.0.1:{port}"})


async def test_a_name_goes_to_the_proxy_as_it_is_written_in_dns() -> None:
    asked = []

    async def refuses(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 403 No\r\n\r\n")

    async with listening(refuses) as port:
        assert "connections to bücher.example:1883" in await through(
            {"url": f"http://127.0.0.1:{port}"}, "mqtt://bücher.example"
        )
    target = b"xn--bcher-kva.example"
    assert asked == [b"CONNECT %b:1883 HTTP/1.1\r\nHost: %b:1883\r\n\r\n" % (target, target)]
    assert _socks5_place(Address("bücher.example", 1, secure=False))[2:-2] == target
    assert str(Way(is_socks=True, host="::1", port=9)) == "[::1]:9"


async def test_a_cancellation_at_any_moment_closes_everything() -> None:
    async with listening(says(SOCKS_OK, after=b"\5\1\0")) as port:
        await cancelled_at_every_moment("mqtt://b", proxy={"url": f"socks5://127.0.0.1:{port}"})
