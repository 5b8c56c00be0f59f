"""Whom the test hub lets in, and when it cuts them."""

import time
from collections.abc import Callable

import pytest

from tests.support.authority import Authority
from tests.support.iothub import IotHub, access, packets
from tests.support.iothub.packets import Publish
from tests.support.iothub.peer import API, Peer, connect, joined, token_for

EVENTS = "devices/box/messages/events/"


def told(hub: IotHub, login: bytes) -> int:
    """What CONNECT is answered with."""
    with Peer(hub) as peer:
        return peer.connect(login)


def with_token(hub: IotHub, token: str) -> int:
    return told(hub, connect("box", f"{hub.host}/box{API}", token))


def test_a_device_with_a_good_token_is_let_in(hub: IotHub) -> None:
    with joined(hub, "box"):
        assert hub.is_online("box")
    assert hub.violations == hub.refusals == []
    assert hub.logins[0].client_id == "box"


def test_the_secondary_key_opens_as_well(hub: IotHub) -> None:
    token = access.signed("localhost/devices/box", hub.devices["box"].keys[1], int(time.time()) + 60)
    assert with_token(hub, token) == 0


def test_a_policys_token_opens_all_devices_below_it(hub: IotHub) -> None:
    ends_s = int(time.time()) + 60
    assert with_token(hub, access.signed("localhost/devices", hub.policy_key, ends_s, "device")) == 0
    assert with_token(hub, access.signed("localhost/devices", hub.devices["box"].keys[0], ends_s, "device")) == 5
    assert with_token(hub, access.signed("localhost/devices/bo", hub.policy_key, ends_s, "device")) == 5


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda token: token.replace("%2F", "/"), "not URL-encoded"),
        (lambda token: token.replace("%3D", "="), "not URL-encoded"),
        (lambda token: token.replace("se=", "se=1"), "not signed"),
        (lambda token: token.replace("box", "Box"), "not signed"),
        (lambda token: token.replace("se=", "se=1."), "whole seconds"),
        (lambda token: token + "&skn=service", "not signed"),
        (lambda token: token + "&sky=blue", "must not have"),
        (lambda token: token.partition("&se=")[0], "lacks"),
        (lambda token: token.removeprefix("SharedAccessSignature "), "no SharedAccessSignature"),
    ],
)
def test_a_bad_token_is_refused(hub: IotHub, spoil: Callable[[str], str], why: str) -> None:
    assert with_token(hub, spoil(token_for(hub, "box"))) == 5
    assert why in hub.refusals[0]


def test_a_token_for_another_resource_is_refused(hub: IotHub) -> None:
    key, ends_s = hub.devices["box"].keys[0], int(time.time()) + 60
    for resource in ("localhost/devices/bo", "localhost/devices/box2", "other/devices/box", "localhost/devices/BOX"):
        assert with_token(hub, access.signed(resource, key, ends_s)) == 5
    assert len(hub.refusals) == 4


def test_a_token_that_has_expired_is_refused(hub: IotHub) -> None:
    assert with_token(hub, token_for(hub, "box", -1)) == 5
    assert "expired" in hub.refusals[0]


def test_a_connection_is_cut_when_its_token_ends(hub: IotHub) -> None:
    hub.clock = lambda: float(int(time.time() + 3600)) - 0.05
    with joined(hub, "box") as peer:
        assert peer.is_closed()
    assert hub.ends == [("box", "token expired")]
    assert hub.violations == []


@pytest.mark.parametrize(
    "username",
    [
        None,
        "localhost/box",
        "localhost/box/",
        "localhost/box/?api-version=2021-04-12&DeviceClientType=a b",
        "localhost/box/api-version=2021-04-12",
        "localhost/box/?api-version=2016-01-01",
        "localhost/box/?DeviceClientType=x",
    ],
)
def test_a_malformed_user_name_is_4_and_a_violation(hub: IotHub, username: str | None) -> None:
    password = token_for(hub, "box") if username else None
    assert told(hub, connect("box", username, password)) == 4
    assert len(hub.violations) == 1


def test_another_hub_and_unknown_or_disabled_devices_are_5(hub: IotHub) -> None:
    hub.add_device("off").enabled = False
    assert told(hub, connect("box", f"other{API}".replace("/?", "/box/?"), token_for(hub, "box"))) == 5
    assert told(hub, connect("nobody", f"localhost/nobody{API}", token_for(hub, "box"))) == 5
    assert told(hub, connect("off", f"localhost/off{API}", token_for(hub, "off"))) == 5
    assert hub.violations == []


def test_another_client_id_than_the_device_id_is_refused(hub: IotHub) -> None:
    assert told(hub, connect("box2", f"localhost/box{API}", token_for(hub, "box"))) == 5
    assert len(hub.violations) == 1


def test_only_mqtt_3_1_1_is_spoken(hub: IotHub) -> None:
    assert told(hub, connect("box", None, None, level=5)) == 1
    assert hub.violations == ["somebody speaks MQTT of level 5, not 3.1.1"]


def test_a_certificate_is_known_by_its_thumbprint(hub: IotHub, authority: Authority) -> None:
    mine, other = authority.issue("meter"), authority.issue("stranger")
    hub.add_device("meter", certificate=mine[0])
    login = connect("meter", f"localhost/meter{API}", None)
    for identity, code in ((mine, 0), (other, 5), (None, 5)):
        with Peer(hub, identity) as peer:
            assert peer.connect(login) == code


def test_a_certificate_of_the_authority_is_known_by_its_name(hub: IotHub, authority: Authority) -> None:
    hub.add_device("pump", by_common_name=True)
    login = connect("pump", f"localhost/pump{API}", None)
    for name, code in (("pump", 0), ("Pump", 5)):
        with Peer(hub, authority.issue(name)) as peer:
            assert peer.connect(login) == code


def test_a_certificate_goes_without_a_password(hub: IotHub, authority: Authority) -> None:
    hub.add_device("pump", by_common_name=True)
    with Peer(hub, authority.issue("pump")) as peer:
        assert peer.connect(connect("pump", f"localhost/pump{API}", token_for(hub, "pump"))) == 5


def test_a_second_connection_throws_out_the_first(hub: IotHub) -> None:
    with joined(hub, "box") as first, joined(hub, "box") as second:
        assert first.is_closed()
        assert second.send(EVENTS, b"here")
    assert ("box", "thrown out") in hub.ends


def test_what_comes_before_connect_ends_the_connection(hub: IotHub) -> None:
    with Peer(hub) as peer:
        peer.say(packets.packet(packets.PINGREQ, b""))
        assert peer.is_closed()
    assert hub.violations == ["somebody sends another packet before its CONNECT"]


def test_a_second_connect_ends_the_connection(hub: IotHub) -> None:
    with joined(hub, "box") as peer:
        peer.say(connect("box", f"localhost/box{API}", token_for(hub, "box")))
        assert peer.is_closed()
    assert hub.violations == ["box sends CONNECT twice"]


def test_who_is_silent_for_one_and_a_half_keepalives_is_cut(hub: IotHub) -> None:
    with joined(hub, "box", keepalive_s=1) as peer:
        begun_s = time.monotonic()
        assert peer.is_closed()
        assert time.monotonic() - begun_s > 1.4
    assert hub.ends == [("box", "keep-alive")]


def test_a_ping_is_answered(hub: IotHub) -> None:
    with joined(hub, "box") as peer:
        peer.say(packets.packet(packets.PINGREQ, b""))
        assert peer.read() == packets.Packet(packets.PINGRESP, 0, b"")


def test_a_will_is_telemetry_unless_the_device_says_goodbye(hub: IotHub) -> None:
    will = Publish(EVENTS + "a=1", b"gone", 1)
    with joined(hub, "box", will=will) as peer:
        peer.say(packets.packet(packets.DISCONNECT, b""))
        hub.wait_until(lambda: not hub.is_online("box"))
    assert hub.telemetry == []
    joined(hub, "box", will=will).close()
    message = hub.wait_for(lambda _: True)
    assert (message.body, message.properties) == (b"gone", {"a": "1", "iothub-MessageType": "Will"})


@pytest.mark.parametrize("will", [Publish("status", b"", 1), Publish(EVENTS, b"", 2), Publish(EVENTS + "a:b=c", b"")])
def test_a_will_that_cannot_be_ends_the_connection(hub: IotHub, will: Publish) -> None:
    assert told(hub, connect("box", f"localhost/box{API}", token_for(hub, "box"), will=will)) == -1
    assert len(hub.violations) == 1


def test_refusals_that_are_told_to_come_come_first(hub: IotHub) -> None:
    hub.faults.connacks = [3, 5]
    assert [with_token(hub, token_for(hub, "box")) for _ in range(3)] == [3, 5, 0]


def test_a_stopped_hub_refuses_and_a_started_one_goes_on(hub: IotHub) -> None:
    with joined(hub, "box") as peer:
        hub.stop()
        assert peer.is_closed()
    with pytest.raises(ConnectionRefusedError):
        Peer(hub)
    hub.start()
    with joined(hub, "box") as peer:
        assert peer.send(EVENTS, b"again")
