"""The whole daemon at the test server of IoT Hub."""

import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typing_extensions import override

from tests.support.authority import Authority
from tests.support.daemon import Daemon
from tests.support.device import Counter, Device, Query
from tests.support.envelopes import Envelope, identity
from tests.support.iothub import IotHub, Telemetry
from tests.support.process import Process
from tests.support.site import device, link, site

BOX = "box"
METHODS = "$iothub/methods/POST/#"

HURRY = """
from gateway.endpoints.azure_iot_hub import tokens
tokens.RENEWED_AT, tokens.EARLIER = 0.02, 0.005
from gateway.cli import main
raise SystemExit(main())
"""
"""The program, but its tokens are renewed after a second or so: none can be asked for that ends as soon."""


class Meter(Device):
    """Its register 0 counts how often it was read; all else holds what registers hold."""

    def __init__(self) -> None:
        self.count = Counter()
        super().__init__(lambda query: self.count(query) if query.address == 0 else query.well())

    @property
    def reads(self) -> list[Query]:
        return [query for query in self.queries if query.address == 0]


class Hurried(Daemon):
    """Renews its token all the time."""

    @override
    def start(self, dies_at: Any = ()) -> None:
        command: list[str | Path] = [
            sys.executable,
            "-c",
            HURRY,
            "run",
            "-c",
            self.config_path,
            "--state-dir",
            self.state_dir,
        ]
        self._process = Process(command, env=self._env)


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[IotHub]:
    folder = tmp_path / "authority"
    folder.mkdir()
    with IotHub(Authority(folder)) as server:
        server.add_device(BOX)
        yield server


def configuration(hub: IotHub, port: int, **batch: Any) -> str:
    cloud = {
        "type": "azure-iot-hub",
        "connection_string": "${secret:hub}",
        "connect": f"127.0.0.1:{hub.port}",
        "tls": {"ca": str(hub.ca)},
        "token_lifetime": "1min",
        "reconnect": {"min": "100ms", "max": "300ms"},
        "batch": batch,
        "outbox": {"backlog_rate": "500/s"},
    }
    points = {
        "count": {"address": 0, "type": "uint16"},
        "setpoint": {"address": 100, "type": "uint16", "writable": True, "every": "1h"},
    }
    return site(cloud, {"plc": link(port)}, {"meter": device(points, every="50ms", timeout="5s")})


def keep_secret(folder: Path, connection_string: str) -> None:
    secrets = folder / "secrets.yaml"
    secrets.touch(mode=0o600)
    secrets.write_text(json.dumps({"hub": connection_string}))


def envelopes(messages: list[Telemetry]) -> list[Envelope]:
    """Duplicates too."""
    bodies = [json.loads(message.body) for message in messages]
    each = [envelope for body in bodies for envelope in (body if isinstance(body, list) else [body])]
    return [envelope for envelope in each if "seq" in envelope]


def counts(messages: list[Telemetry]) -> list[int]:
    """Duplicates too, in the order of arrival."""
    readings = [envelope for envelope in envelopes(messages) if envelope["kind"] == "reading"]
    return [reading["values"]["count"] for reading in readings if "count" in reading["values"]]


def wait_for_count(hub: IotHub, count: int) -> None:
    hub.wait_for(lambda message: any(each >= count for each in counts([message])))


def result_of(hub: IotHub, command: str) -> Envelope:
    """As the back end gets it."""
    message = hub.wait_for(
        lambda m: m.properties.get("kind") == "result" and envelopes([m])[0].get("command") == command
    )
    return envelopes([message])[0]


def test_tokens_and_keys_renewed_under_load_lose_and_double_nothing(tmp_path: Path, hub: IotHub) -> None:
    with Meter() as meter:
        daemon = Hurried(tmp_path, configuration(hub, meter.port, max_messages=1))
        keep_secret(tmp_path, hub.connection_string(BOX))
        try:
            daemon.start()
            hub.wait_until(lambda: hub.ends.count((BOX, "disconnect")) >= 3)
            keep_secret(tmp_path, hub.connection_string(BOX, key=1))
            daemon.wait_for(lambda event: event.get("event") == "renewed" and "token" not in event.get("reason", ""))
            wait_for_count(hub, len(meter.reads) + 2)
            assert daemon.terminate() == 0
        finally:
            daemon.kill()
            sys.stdout.write("\n".join(["the daemon's log:", *daemon.lines, ""]))
    told = counts(hub.telemetry)
    assert sorted(told) == list(range(1, len(told) + 1)), "none is missing, and none came twice"
    assert {why for _, why in hub.ends} == {"disconnect"}
    ids = [identity(envelope) for envelope in envelopes(hub.telemetry)]
    assert len(ids) == len(set(ids))
    assert len({message.system["message-id"] for message in hub.telemetry}) == len(hub.telemetry)
    assert (hub.violations, hub.refusals) == ([], [])


def test_commands_come_by_method_and_message_and_an_outage_loses_nothing(tmp_path: Path, hub: IotHub) -> None:
    with Meter() as meter:
        daemon = Daemon(tmp_path, configuration(hub, meter.port, max_age="200ms"))
        keep_secret(tmp_path, hub.connection_string(BOX))
        try:
            daemon.start()
            hub.wait_online(BOX, METHODS)
            command = {"id": "c-1", "device": "meter", "write": {"setpoint": 55}}
            assert hub.call(BOX, "write", command).status == 200
            assert len(meter.writes) == 1
            again = hub.call(BOX, "write", command)
            assert (again.status, again.payload["status"], len(meter.writes)) == (200, "done", 1), "at most once"
            assert hub.call(BOX, "ping").status == 200
            assert hub.call(BOX, "read", {"device": "nobody", "read": ["x"]}).status == 404
            assert result_of(hub, "c-1")["status"] == "done"

            hub.stop()
            meter.wait_for_polls(20)
            expires = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 60))
            hub.start()
            hub.send(BOX, {"write": {"setpoint": 56}, "expires": expires}, {"device": "meter"}, message_id="m-1")
            hub.send(BOX, {"id": "c-2", "write": {"setpoint": 57}}, {"device": "meter"})
            assert result_of(hub, "m-1")["status"] == "done"
            assert result_of(hub, "c-2")["reason"] == "no-expiry"
            assert len(meter.writes) == 2
            hub.wait_until(lambda: [each.outcome for each in hub.feedback(BOX)] == ["Success"] * 2)
            wait_for_count(hub, len(meter.reads) + 2)
            assert daemon.terminate() == 0
        finally:
            daemon.kill()
            sys.stdout.write("\n".join(["the daemon's log:", *daemon.lines, ""]))
    told = set(counts(hub.telemetry))
    assert told == set(range(1, max(told) + 1)), "none is missing"
    assert hub.violations == []
    assert all(message.size <= 4096 for message in hub.telemetry)
    assert {m.properties.get("device") for m in hub.telemetry if m.properties["kind"] == "reading"} == {"meter"}
