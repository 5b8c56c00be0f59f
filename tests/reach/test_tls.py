"""TLS to real far ends: who is trusted, who is refused, and what is said of it."""

import asyncio
import socket
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gateway.endpoints.mqtt import MqttEndpoint
from gateway.endpoints.reach import troubles
from gateway.endpoints.reach.wire import MAYBE_CERTIFICATE
from tests.contract.endpoint_rigs import IDENTITY
from tests.reach.way import (
    Owner,
    cancelled_at_every_moment,
    config_of,
    connected,
    echo,
    listening,
    says,
    silence,
    why_not,
)
from tests.support.authority import Authority
from tests.support.mosquitto import CONNECT, Mosquitto
from tests.support.ports import free_port
from tests.support.server import Server
from tests.support.session import connected as in_session
from tests.support.session import message
from tests.support.sockets import closed_down_to, open_sockets
from tests.support.subscriber import Subscriber
from tests.support.websocket import Relay

ACL = """
topic read #
user gateway
topic readwrite fieldgate/gw/#
"""


class OpenSsl(Server):
    """A server that OpenSSL itself writes for: asyncio's keeps its last alert to itself."""

    def __init__(self, context: ssl.SSLContext) -> None:
        super().__init__()
        self._context = context

    def handle(self, connection: socket.socket) -> None:
        with self._context.wrap_socket(connection, server_side=True) as secured:
            secured.recv(1)


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
def stranger(tmp_path: Path) -> Authority:
    """Another authority, whom nobody here knows."""
    folder = tmp_path / "stranger"
    folder.mkdir()
    return Authority(folder, "Stranger CA")


@pytest.fixture
def tls_port() -> int:
    return free_port()


@pytest.fixture
def broker(make_mosquitto: Callable[..., Mosquitto], authority: Authority, tls_port: int) -> Mosquitto:
    """Where `tls_port` lets clients of the authority in, and knows them by the name in their certificate."""
    cert, key = authority.issue("broker", server=True)
    acl = authority.folder / "acl"
    acl.write_text(ACL)
    return make_mosquitto(
        (
            f"acl_file {acl}",
            f"listener {tls_port} 127.0.0.1",
            f"cafile {authority.ca}",
            f"certfile {cert}",
            f"keyfile {key}",
            "require_certificate true",
            "use_identity_as_username true",
        )
    )


def endpoint(port: int, tls: dict[str, Any]) -> MqttEndpoint:
    return MqttEndpoint(config_of(f"mqtts://localhost:{port}", tls=tls), IDENTITY, {})


def shown(pair: tuple[Path, Path]) -> dict[str, Path]:
    return {"cert": pair[0], "key": pair[1]}


async def test_a_broker_knows_us_by_our_certificate(broker: Mosquitto, authority: Authority, tls_port: int) -> None:
    ours = endpoint(tls_port, {"ca": authority.ca, **shown(authority.issue("gateway"))})
    with Subscriber(broker.port) as subscriber:
        async with in_session(ours) as session:
            ours.publish(message(1, b'{"a":1}'))
            (ack,) = await session.acked(1)
        assert ack.code == 0
        await asyncio.to_thread(subscriber.wait_for, lambda m: m.payload == b'{"a":1}')


async def test_whom_its_rules_do_not_name_it_refuses(broker: Mosquitto, authority: Authority, tls_port: int) -> None:
    ours = endpoint(tls_port, {"ca": authority.ca, **shown(authority.issue("somebody"))})
    async with in_session(ours) as session:
        ours.publish(message(1))
        (ack,) = await session.acked(1)
    assert ack.code == 0x87


async def lost_because(port: int, **tls: Any) -> str:
    """Connect with TLS; why that ended, before or after we could speak."""
    owner = Owner()
    url = f"mqtts://localhost:{port}"
    async with connected(url, owner, tls=tls):
        await owner.until(lambda: owner.lost)
    return str(owner.lost[0])


async def test_a_certificate_of_a_stranger_is_refused(
    broker: Mosquitto, authority: Authority, stranger: Authority, tls_port: int
) -> None:
    why = await lost_because(tls_port, ca=authority.ca, **shown(stranger.issue("gateway")))
    assert why == troubles.ALERTS["UNKNOWN_CA"]


async def test_a_far_end_that_wants_a_certificate_is_understood(
    broker: Mosquitto, authority: Authority, tls_port: int
) -> None:
    assert await lost_because(tls_port, ca=authority.ca) == troubles.ALERTS["CERTIFICATE_REQUIRED"]


async def test_a_refusal_is_heard_through_a_websocket_too(authority: Authority) -> None:
    with Relay((*authority.issue("relay", server=True), authority.ca)) as relay:
        why = await why_not(relay.url(1), tls={"ca": authority.ca})
    assert troubles.ALERTS["CERTIFICATE_REQUIRED"] in why or MAYBE_CERTIFICATE in why


async def test_who_can_t_be_looked_at_again_is_refused_all_the_same(authority: Authority) -> None:
    """It closes every connection after the first."""

    class Once(OpenSsl):
        was_asked = False

        def handle(self, connection: socket.socket) -> None:
            if not self.was_asked:
                self.was_asked = True
                super().handle(connection)

    with Once(authority.server_context(names=("broker.example",))) as server:
        why = await why_not(f"mqtts://localhost:{server.port}", tls={"ca": authority.ca})
    assert "the certificate there is not for localhost; if that" in why


async def test_an_expired_certificate_of_ours_is_named(broker: Mosquitto, authority: Authority, tls_port: int) -> None:
    why = await lost_because(tls_port, ca=authority.ca, **shown(authority.issue("gateway", days=-1)))
    assert why == troubles.ALERTS["CERTIFICATE_EXPIRED"]


async def test_a_certificate_that_was_replaced_counts_from_the_next_connection_on(
    authority: Authority, stranger: Authority
) -> None:
    async with listening(echo, authority.server_context()) as port:
        url, tls = f"mqtts://localhost:{port}", {"ca": stranger.ca}
        assert "is signed by" in await why_not(url, tls=tls)
        stranger.ca.write_bytes(authority.ca.read_bytes())
        async with connected(url, tls=tls):
            pass


@pytest.mark.parametrize(
    ("issue", "words"),
    [
        ({"names": ("broker.example", "10.1.2.3")}, "is not for localhost: it is for broker.example, 10.1.2.3;"),
        ({"days": -1}, "has expired on "),
        ({"starts_in_days": 1}, "is not valid before "),
    ],
)
async def test_a_bad_certificate_of_theirs_is_said_in_words(
    authority: Authority, issue: dict[str, Any], words: str
) -> None:
    sockets = open_sockets()
    async with listening(silence, authority.server_context(**issue)) as port:
        assert words in await why_not(f"mqtts://localhost:{port}", tls={"ca": authority.ca})
    await closed_down_to(sockets)


@pytest.mark.parametrize("is_synced", [True, False])
async def test_where_nothing_sets_our_clock_it_is_in_doubt(
    authority: Authority, is_synced: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(troubles, "kernel_is_synced", lambda: is_synced)
    async with listening(silence, authority.server_context(days=-1)) as port:
        why = await why_not(f"mqtts://localhost:{port}", tls={"ca": authority.ca})
    assert ("nothing sets it" in why) is not is_synced


async def test_who_signed_for_them_is_named_when_nobody_knows_him(authority: Authority, stranger: Authority) -> None:
    async with listening(silence, stranger.server_context()) as port:
        url = f"mqtts://localhost:{port}"
        by = "is signed by CN=Stranger CA"
        assert f"{by}, and not by who stands in tls: ca" in await why_not(url, tls={"ca": authority.ca})
        assert f"{by}, whom this machine does not know: give tls: ca" in await why_not(url)


async def test_the_name_asked_for_and_verified_may_be_another_than_the_host(authority: Authority) -> None:
    asked: list[str | None] = []
    context = authority.server_context(names=("broker.example",))
    context.sni_callback = lambda _socket, name, _context: asked.append(name)
    async with listening(silence, context) as port:
        tls = {"ca": authority.ca, "server_name": "broker.example"}
        async with connected(f"mqtts://127.0.0.1:{port}", tls=tls):
            pass
    assert asked == ["broker.example"]


async def test_protocols_are_offered(authority: Authority) -> None:
    context = authority.server_context()
    context.set_alpn_protocols(["x-amzn-mqtt-ca"])
    agreed: list[str | None] = []

    async def look(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        agreed.append(writer.get_extra_info("ssl_object").selected_alpn_protocol())
        writer.write(b"x")

    async with listening(look, context) as port:
        owner = Owner()
        tls = {"ca": authority.ca, "alpn": ["mqtt", "x-amzn-mqtt-ca"]}
        async with connected(f"mqtts://localhost:{port}", owner, tls=tls) as wire:
            await owner.until(wire.pending)
    assert agreed == ["x-amzn-mqtt-ca"]


async def test_an_older_tls_than_allowed_is_refused(authority: Authority) -> None:
    context = authority.server_context()
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with OpenSsl(context) as server:
        url = f"mqtts://localhost:{server.port}"
        async with connected(url, tls={"ca": authority.ca}):
            pass
        why = await why_not(url, tls={"ca": authority.ca, "min_version": "1.3"})
    assert "no version of TLS in common" in why


async def test_tls_spoken_to_a_plain_port_is_said(mosquitto: Mosquitto) -> None:
    assert "is it a port without TLS" in await why_not(f"mqtts://localhost:{mosquitto.port}")


async def test_an_answer_that_is_no_tls_is_said() -> None:
    async with listening(says(b"HTTP/1.1 400 Bad Request\r\n\r\n")) as port:
        assert troubles.NO_TLS_THERE in await why_not(f"mqtts://localhost:{port}")


@pytest.mark.parametrize("answer", [b"\x15\x03\x01\x00\x02\x02\x46", b"HTTP/1.1 400 Bad Request\r\n\r\n"])
async def test_no_tls_spoken_where_mqtt_alone_is_not_is_said(answer: bytes) -> None:
    owner = Owner()
    async with listening(says(answer)) as port, connected(f"mqtt://localhost:{port}", owner):
        await owner.until(lambda: owner.lost)
    assert str(owner.lost[0]) == troubles.about_first_bytes(answer)


async def test_a_real_tls_port_that_is_spoken_to_without_is_said(broker: Mosquitto, tls_port: int) -> None:
    owner = Owner()
    async with connected(f"mqtt://localhost:{tls_port}", owner) as wire:
        wire.send(CONNECT)
        await owner.until(lambda: owner.lost)
    assert "does this port speak TLS (mqtts://" in str(owner.lost[0])


@pytest.fixture
def unthreaded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files are read at once: what follows is steps of the loop alone."""

    async def at_once(function: Callable[[], Any]) -> Any:
        return function()

    monkeypatch.setattr(asyncio, "to_thread", at_once)


async def test_a_silent_handshake_ends_with_the_time_to_connect(authority: Authority, unthreaded: None) -> None:
    sockets, tls = open_sockets(), {"ca": authority.ca}
    async with listening(silence) as port:
        why = await why_not(f"mqtts://127.0.0.1:{port}", connect_timeout="200ms", tls=tls)
        assert "does not answer within 0.2 s (connected, but the TLS handshake is not answered" in why
    await closed_down_to(sockets)


async def test_a_key_that_is_not_the_certificate_s_is_said(authority: Authority) -> None:
    cert, (_, key) = authority.issue("one")[0], authority.issue("two")
    why = await why_not("mqtts://localhost:1", tls={"cert": cert, "key": key})
    assert "can't connect to localhost:1: the key in" in why


async def test_a_cancellation_at_any_moment_closes_everything(authority: Authority, unthreaded: None) -> None:
    async with listening(silence, authority.server_context()) as port:
        await cancelled_at_every_moment(f"mqtts://127.0.0.1:{port}", tls={"ca": authority.ca})
