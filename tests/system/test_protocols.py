"""Other ways to the same broker: MQTT 3.1.1, TLS."""

import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.support.daemon import Daemon
from tests.support.device import Device
from tests.support.envelopes import (
    assert_all_arrived,
    catch_up,
    counts,
    has_state,
    is_reading,
    is_result,
    says,
    stop_and_collect,
)
from tests.support.line import Line
from tests.support.modbus import ModbusServer
from tests.support.mosquitto import Mosquitto
from tests.support.ports import free_port
from tests.support.site import counting, device, endpoint, link, site
from tests.support.subscriber import Subscriber

MakeDaemon = Callable[..., Daemon]
MakeMosquitto = Callable[..., Mosquitto]

V3 = {"protocol": "3.1.1"}


def test_mqtt_3_carries_readings_statuses_and_commands(
    mosquitto: Mosquitto, subscriber: Subscriber, modbus_server: ModbusServer, make_daemon: MakeDaemon
) -> None:
    modbus_server.set("holding", 0, [21])
    points = {"setpoint": {"address": 0, "type": "uint16", "writable": True, "verify": True}}
    config = site(endpoint(mosquitto.url, **V3), {"plc": link(modbus_server.port)}, {"boiler": device(points)})
    daemon = make_daemon(config)
    daemon.start()
    reading = subscriber.wait_for(is_reading).json

    subscriber.publish("fieldgate/gw/boiler/command", {"id": "c", "write": {"setpoint": 60}})
    result = subscriber.wait_for(lambda m: is_result(m, "c")).json

    assert reading["values"] == {"setpoint": 21}
    assert (result["status"], result["values"]) == ("done", {"setpoint": 60})
    assert modbus_server.get("holding", 0) == [60]
    with Subscriber(mosquitto.port) as late:
        late.wait_for(lambda m: m.topic == "fieldgate/gw/boiler/birth" and m.retained)
    daemon.kill()
    assert subscriber.wait_for(lambda m: has_state(m, "offline")).json["reason"] == "connection-lost"


def test_mqtt_3_loses_nothing_in_an_outage(
    make_daemon: MakeDaemon, meter: Device, line: Line, subscriber: Subscriber
) -> None:
    daemon = make_daemon(counting(line.url, meter.port, cloud=V3))
    daemon.start()
    subscriber.wait_for(says(3))
    line.stop()
    meter.wait_for_polls(8)

    line.start()
    catch_up(subscriber, meter)

    assert_all_arrived(counts(stop_and_collect(daemon, subscriber)))


class Papers:
    """An authority made by openssl, and what it has signed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir()
        self.ca = self._folder / "ca.pem"
        self._openssl("req", "-x509", *self._new("ca"), "-subj", "/CN=test authority", "-out", self.ca)

    def sign(self, name: str, *extensions: str) -> tuple[Path, Path]:
        """A certificate and its key."""
        request, cert = self._folder / f"{name}.csr", self._folder / f"{name}.pem"
        self._openssl("req", *self._new(name), "-subj", f"/CN={name}", "-out", request)
        options = self._folder / f"{name}.ext"
        options.write_text("\n".join(extensions))
        authority: tuple[str | Path, ...] = ("-CA", self.ca, "-CAkey", self._folder / "ca.key", "-CAcreateserial")
        self._openssl("x509", "-req", "-in", request, *authority, "-extfile", options, "-out", cert, "-days", "2")
        return cert, self._folder / f"{name}.key"

    def _new(self, name: str) -> tuple[str | Path, ...]:
        key = self._folder / f"{name}.key"
        return "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key

    @staticmethod
    def _openssl(*arguments: str | Path) -> None:
        subprocess.run(["openssl", *arguments], check=True, capture_output=True)


@pytest.fixture
def papers(tmp_path: Path) -> Papers:
    return Papers(tmp_path / "ours")


@pytest.fixture
def secure(make_mosquitto: MakeMosquitto, papers: Papers) -> Callable[..., tuple[str, int]]:
    """A broker with TLS: its address, and a port where it speaks plainly."""

    def make(*lines: str, san: str = "IP:127.0.0.1") -> tuple[str, int]:
        cert, key = papers.sign("broker", f"subjectAltName={san}")
        port = free_port()
        files = (f"cafile {papers.ca}", f"certfile {cert}", f"keyfile {key}")
        broker = make_mosquitto(lines=(f"listener {port} 127.0.0.1", *files, *lines))
        return f"mqtts://127.0.0.1:{port}", broker.port

    return make


def tls(**files: Path) -> Mapping[str, Any]:
    return {"tls": {name: str(path) for name, path in files.items()}}


def test_tls_carries_readings_and_commands(
    make_daemon: MakeDaemon, secure: Callable[..., tuple[str, int]], papers: Papers, meter: Device
) -> None:
    url, plain = secure()
    daemon = make_daemon(counting(url, meter.port, cloud=tls(ca=papers.ca)))
    with Subscriber(plain) as subscriber:
        daemon.start()
        subscriber.wait_for(says(3))
        subscriber.publish("fieldgate/gw/meter/command", {"id": "c", "read": ["count"]})
        assert subscriber.wait_for(lambda m: is_result(m, "c")).json["status"] == "done"
        assert_all_arrived({*counts(stop_and_collect(daemon, subscriber)), *read_by_command(subscriber)})


def read_by_command(subscriber: Subscriber) -> list[int]:
    return [m.json["values"]["count"] for m in subscriber.on("/result")]


def test_tls_shows_our_certificate_to_a_broker_that_wants_one(
    make_daemon: MakeDaemon, secure: Callable[..., tuple[str, int]], papers: Papers, meter: Device
) -> None:
    url, plain = secure("require_certificate true")
    cert, key = papers.sign("gw")
    daemon = make_daemon(counting(url, meter.port, cloud=tls(ca=papers.ca, cert=cert, key=key)))
    with Subscriber(plain) as subscriber:
        daemon.start()
        subscriber.wait_for(says(2))


def test_without_the_certificate_a_broker_wants_it_says_what_happened(
    make_daemon: MakeDaemon, secure: Callable[..., tuple[str, int]], papers: Papers, meter: Device
) -> None:
    url, _ = secure("require_certificate true")
    daemon = make_daemon(counting(url, meter.port, cloud=tls(ca=papers.ca)))
    daemon.start()

    told = daemon.wait_for("down")

    meter.wait_for_polls(10)
    assert told["reason"]
    assert [event["event"] for event in daemon.log].count("down") <= 2
    assert not [line for line in daemon.lines if "Traceback" in line]


WHY = {
    "authority": "is signed by CN=test authority, and not by who stands in tls: ca",
    "name": "it is for elsewhere.example",
}


@pytest.mark.parametrize("wrong", WHY)
def test_a_broker_that_can_not_prove_who_it_is_gets_nothing(
    make_daemon: MakeDaemon,
    secure: Callable[..., tuple[str, int]],
    papers: Papers,
    meter: Device,
    wrong: str,
) -> None:
    url, plain = secure(san="DNS:elsewhere.example") if wrong == "name" else secure()
    ca = Papers(papers.ca.parent.with_name("others")).ca if wrong == "authority" else papers.ca
    daemon = make_daemon(counting(url, meter.port, cloud=tls(ca=ca)))
    with Subscriber(plain) as subscriber:
        daemon.start()
        told = daemon.wait_for("down")
        meter.wait_for_polls(10)
        assert subscriber.messages == []

    assert WHY[wrong] in told["reason"]
    assert [event["event"] for event in daemon.log].count("down") == 1
    assert not [line for line in daemon.lines if "Traceback" in line]
