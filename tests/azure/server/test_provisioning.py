"""The test server of device provisioning refuses what the contract forbids."""

import json
import time
from collections.abc import Iterator

import pytest

from tests.support.authority import Authority
from tests.support.iothub import Dps, IotHub, access
from tests.support.iothub.dps import ANSWERS, SCOPE
from tests.support.iothub.packets import Publish, published
from tests.support.iothub.peer import Peer, connect, subscription

USERNAME = f"{SCOPE}/registrations/box/api-version=2019-03-31"
REGISTER = "$dps/registrations/PUT/iotdps-register/?$rid=1"
POLL = "$dps/registrations/GET/iotdps-get-operationstatus/?$rid=2&operationId="
BODY = b'{"registrationId":"box"}'


@pytest.fixture
def dps(authority: Authority) -> Iterator[Dps]:
    with Dps(authority, IotHub(authority), retry_after_s=5) as server:
        server.enrol("box")
        yield server


def token(dps: Dps, resource: str = f"{SCOPE}/registrations/box", policy: str | None = "registration") -> str:
    return access.signed(resource, dps.enrollments["box"].keys[0], int(time.time()) + 60, policy)


def joined(dps: Dps) -> Peer:
    peer = Peer(dps)
    assert peer.connect(connect("box", USERNAME, token(dps), clean=True)) == 0
    return peer


@pytest.mark.parametrize(
    ("username", "code"),
    [
        (USERNAME + "&ClientVersion=fieldgate%2F1", 0),
        (USERNAME.replace("/api", "/?api"), 4),
        (USERNAME.replace("2019", "2018"), 4),
        (USERNAME.replace(SCOPE, "0ne1"), 5),
    ],
)
def test_the_user_name_has_no_question_mark(dps: Dps, username: str, code: int) -> None:
    with Peer(dps) as peer:
        assert peer.connect(connect("box", username, token(dps))) == code
    assert len(dps.violations) == (code == 4)


def test_tokens_of_others_are_refused(dps: Dps) -> None:
    expired = access.signed(f"{SCOPE}/registrations/box", dps.enrollments["box"].keys[0], 1, "registration")
    group = access.signed(f"{SCOPE}/registrations/box", dps.group_key, int(time.time()) + 60, "registration")
    for password in (token(dps, f"{SCOPE}/registrations/other"), expired, group):
        with Peer(dps) as peer:
            assert peer.connect(connect("box", USERNAME, password)) == 5
    with Peer(dps) as peer:
        assert peer.connect(connect("nobody", USERNAME.replace("box", "nobody"), token(dps))) == 5


def test_a_token_without_its_policy_is_noted(dps: Dps) -> None:
    with Peer(dps) as peer:
        assert peer.connect(connect("box", USERNAME, token(dps, policy=None))) == 0
    assert "names the policy None" in dps.violations[0]


@pytest.mark.parametrize(("client_id", "will"), [("other", None), ("box", Publish("a", b""))])
def test_another_client_id_or_a_will_ends_the_connection(dps: Dps, client_id: str, will: Publish | None) -> None:
    with Peer(dps) as peer:
        assert peer.connect(connect(client_id, USERNAME, token(dps), will=will)) == -1
    assert len(dps.violations) == 1


@pytest.mark.parametrize(
    ("topic", "payload"),
    [
        (REGISTER, b""),
        (REGISTER, b'{"registrationId":"other"}'),
        (REGISTER, b'{"registrationId":"box","tpm":{}}'),
        (POLL + "4.x", b""),
        ("$dps/registrations/PUT/iotdps-register/?$rid=", BODY),
        ("devices/box/messages/events/", b""),
    ],
)
def test_a_wrong_request_ends_the_connection(dps: Dps, topic: str, payload: bytes) -> None:
    with joined(dps) as peer:
        assert peer.subscribe(ANSWERS) == b"\1"
        assert not peer.send(topic, payload)
    assert len(dps.violations) == 1


def test_who_does_not_listen_or_wait_is_cut(dps: Dps) -> None:
    with joined(dps) as peer:
        peer.say(subscription(ANSWERS) + published(Publish(REGISTER, BODY, 1, packet_id=2)))
        assert peer.is_closed()
    with joined(dps) as peer:
        assert peer.subscribe("#") is None
    with joined(dps) as peer:
        assert peer.subscribe(ANSWERS) == b"\1"
        assert peer.send(REGISTER, BODY)
        answer = peer.take()
        assert answer.topic == "$dps/registrations/res/202/?$rid=1&retry-after=5"
        peer.acknowledge(answer)
        peer.publish(POLL + json.loads(answer.payload)["operationId"])
        assert peer.is_closed()
    assert "before retry-after is over" in dps.violations[-1]
