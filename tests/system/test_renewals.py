"""Certificates and secrets are exchanged under load: every reading arrives once, and the field notices nothing."""

import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from gateway.cli.control.client import Client, address
from gateway.cli.control.finding import SOCKET
from tests.support.authority import Authority
from tests.support.daemon import Daemon
from tests.support.device import Device
from tests.support.envelopes import assert_all_arrived, catch_up, counts, is_reading, numbered, says, stop_and_collect
from tests.support.line import Line
from tests.support.mosquitto import Mosquitto
from tests.support.ports import free_port
from tests.support.site import counting
from tests.support.subscriber import Received, Subscriber

MakeDaemon = Callable[..., Daemon]

FOR_EVER = {"min": "10min", "max": "10min"}
"""Between attempts: nobody waits for the next one."""


class Files:
    """What the daemon logs in with, beside its configuration."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "authority").mkdir()
        self.authority = Authority(folder / "authority")
        self.authority.issue("server", server=True)
        self.issue()
        self.keep_secret("the-first-one")

    def issue(self) -> None:
        """A fresh certificate, put in the place of the last as certbot does it."""
        for path, name in zip(self.authority.issue("gw"), ("client.pem", "client.key"), strict=True):
            path.replace(self.folder / name)

    def keep_secret(self, password: str) -> None:
        draft = self.folder / "secrets.new"
        draft.touch(mode=0o600)
        draft.write_text(f"cloud: {password}\n")
        draft.replace(self.folder / "secrets.yaml")


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


class Secured(NamedTuple):
    """A broker that lets only those in whom the authority knows, and what arrives there."""

    broker: Mosquitto
    port: int
    subscriber: Subscriber

    @property
    def logins(self) -> int:
        """Of the daemon, so far."""
        return sum("as fieldgate-gw-cloud" in line for line in self.broker.log)


@pytest.fixture
def secured(files: Files, make_mosquitto: Callable[..., Mosquitto]) -> Iterator[Secured]:
    folder, port = files.authority.folder, free_port()
    lines = ("listener {port} 127.0.0.1", "cafile {ca}", "certfile {f}/server.pem", "keyfile {f}/server.key")
    given = {"port": port, "ca": files.authority.ca, "f": folder}
    broker = make_mosquitto((*(line.format(**given) for line in lines), "require_certificate true"))
    with Subscriber(broker.port) as subscriber:
        yield Secured(broker, port, subscriber)


def config(port: int, device: int, **cloud: Any) -> str:
    login = {"username": "gw", "password": "${secret:cloud}"}
    tls = {"ca": "authority/ca.pem", "cert": "client.pem", "key": "client.key"}
    return counting(f"mqtts://127.0.0.1:{port}", device, {**login, "tls": tls, **cloud}, every="20ms")


def endpoint_status(daemon: Daemon) -> dict[str, Any]:
    status: dict[str, Any] = Client(daemon.state_dir / SOCKET).get(address("status"))["endpoints"]["cloud"]
    return status


CERTIFICATE, SECRET = "client.key and client.pem have changed", "its secrets have changed"

BATCHES: dict[str, Any] = {"batch": {"max_messages": 20, "max_age": "300ms"}}


Load = tuple[dict[str, Any], list[str]]


@pytest.mark.parametrize(
    "load",
    [
        pytest.param(({}, [CERTIFICATE, SECRET]), id="alone"),
        pytest.param((BATCHES, [CERTIFICATE, SECRET, CERTIFICATE]), id="batches", marks=pytest.mark.slow),
    ],
)
def test_over_several_changes_every_reading_arrives_exactly_once(
    make_daemon: MakeDaemon, files: Files, secured: Secured, meter: Device, load: Load
) -> None:
    cloud, changes = load
    daemon = make_daemon(config(secured.port, meter.port, **cloud))
    daemon.start()
    subscriber = secured.subscriber
    subscriber.wait_for(says(5))
    for number, reason in enumerate(changes, start=1):
        if reason == SECRET:
            files.keep_secret("another-one")
        else:
            files.issue()
        wait_until(lambda n=number: len(renewals(daemon)) == n)  # type: ignore[misc]
        assert renewals(daemon)[-1] == reason
        subscriber.wait_for(says(len(meter.queries) + 5))
    messages = stop_and_collect(daemon, subscriber)

    assert_exactly_once(daemon, messages)
    assert secured.logins == 1 + len(changes)


def test_what_was_on_its_way_is_acknowledged_before_the_connection_ends(
    make_daemon: MakeDaemon, files: Files, secured: Secured, meter: Device
) -> None:
    subscriber = secured.subscriber
    with Line(secured.port) as line:
        daemon = make_daemon(config(line.port, meter.port, window=1000))
        daemon.start()
        subscriber.wait_for(says(5))
        line.mute()
        files.issue()
        wait_until(lambda: is_silent(subscriber, meter))
        assert not renewals(daemon), "there are acknowledgements to come"
        line.thaw()
        daemon.wait_for("renewed")
        subscriber.wait_for(says(len(meter.queries) + 5))
        assert_exactly_once(daemon, stop_and_collect(daemon, subscriber))


def is_silent(subscriber: Subscriber, meter: Device) -> bool:
    """Whether nothing arrives while the device is read some times more."""
    before = len(subscriber.messages)
    meter.wait_for_polls(20)
    return len(subscriber.messages) == before


def assert_exactly_once(daemon: Daemon, messages: Sequence[Received]) -> None:
    """And the connection was never lost."""
    assert not [e for e in daemon.log if e["event"] == "down" and e["name"] == "endpoint cloud"]
    told = [envelope for envelope in numbered(messages) if envelope["kind"] in {"reading", "result", "gap"}]
    identities = [(envelope["session"], envelope["seq"]) for envelope in told]
    assert len(identities) == len(set(identities)), "nothing twice"
    assert {envelope["kind"] for envelope in told} == {"reading"}
    assert_all_arrived(counts(messages))
    seqs = {(envelope["session"], envelope["seq"]) for envelope in numbered(messages)}
    assert sorted(seq for _, seq in seqs) == list(range(1, len(seqs) + 1))


def renewals(daemon: Daemon) -> list[str]:
    """Why connections began anew so far."""
    return [event["reason"] for event in daemon.log if event["event"] == "renewed"]


def wait_until(happened: Callable[[], bool], timeout_s: float = 30.0) -> None:
    deadline_s = time.monotonic() + timeout_s
    while not happened():
        assert time.monotonic() < deadline_s
        time.sleep(0.02)


def test_a_certificate_that_can_t_be_used_is_said_and_the_connection_stays(
    make_daemon: MakeDaemon, files: Files, secured: Secured, meter: Device
) -> None:
    daemon = make_daemon(config(secured.port, meter.port))
    daemon.start()
    secured.subscriber.wait_for(is_reading)
    connected = endpoint_status(daemon)
    assert connected["connected"]["to"] == f"127.0.0.1:{secured.port}"
    (files.folder / "client.pem").write_text(files.authority.ca.read_text())

    told = daemon.wait_for("changed files can't be used: the connection stays as it is")
    assert (told["endpoint"], told["reason"]) == ("cloud", "client.pem has changed")
    status = endpoint_status(daemon)
    assert status["connected"] == connected["connected"]
    assert "client.pem has changed, but can't be used: " in " ".join(status["notes"])
    secured.subscriber.wait_for(says(len(meter.queries) + 5))
    files.issue()
    daemon.wait_for("renewed")
    secured.subscriber.wait_for(says(len(meter.queries) + 5))
    assert not [note for note in endpoint_status(daemon)["notes"] if "changed" in note]


def test_a_password_that_was_wrong_is_tried_as_soon_as_it_is_mended(
    make_daemon: MakeDaemon, files: Files, make_mosquitto: Callable[..., Mosquitto], meter: Device
) -> None:
    broker = make_mosquitto(users={"gw": "quite-another"})
    login = {"username": "gw", "password": "${secret:cloud}", "reconnect": FOR_EVER}
    daemon = make_daemon(counting(broker.url, meter.port, login))
    daemon.start()
    assert "password" in daemon.wait_for("down")["reason"]
    meter.wait_for_polls(5)

    files.keep_secret("quite-another")
    with Subscriber(broker.port, user=("gw", "quite-another")) as subscriber:
        daemon.wait_for(lambda e: e["event"] == "up" and e["name"] == "endpoint cloud")
        catch_up(subscriber, meter)
    assert not [line for line in daemon.lines if "quite-another" in line]


def test_a_stop_while_a_connection_is_renewed_says_goodbye(
    make_daemon: MakeDaemon, files: Files, secured: Secured, meter: Device
) -> None:
    daemon = make_daemon(config(secured.port, meter.port))
    daemon.start()
    secured.subscriber.wait_for(says(5))
    files.issue()
    daemon.wait_for("renewed")
    messages = stop_and_collect(daemon, secured.subscriber)
    last = [m for m in messages if m.topic == "fieldgate/gw/status"][-1].json
    assert (last["state"], last["reason"]) == ("offline", "stopped")
    with Subscriber(secured.broker.port, "fieldgate/gw/status") as late:
        assert late.wait_for(lambda m: m.retained).json["reason"] == "stopped"
