"""What a back end desires in the twin, at a daemon: it holds at once and at the next start, and can be taken back."""

import json
import signal
from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.support.authority import Authority
from tests.support.daemon import Daemon
from tests.support.iothub import IotHub, Telemetry
from tests.support.modbus import ModbusServer
from tests.support.site import FAST, device, link, site

BOX = "box"


@pytest.fixture
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[IotHub]:
    with IotHub(Authority(tmp_path_factory.mktemp("authority"))) as hub:
        hub.add_device(BOX)
        yield hub


@pytest.fixture
def daemon(make_daemon: Callable[..., Daemon], hub: IotHub, modbus_server: ModbusServer, tmp_path: Path) -> Daemon:
    (tmp_path / "secrets.yaml").write_text(f"hub: {hub.connection_string(BOX)}\n")
    (tmp_path / "secrets.yaml").chmod(0o600)
    cloud = {
        "type": "azure-iot-hub",
        "connection_string": "${secret:hub}",
        "connect": f"127.0.0.1:{hub.port}",
        "tls": {"ca": str(hub.ca)},
        "batch": {"max_messages": 1},
        "reconnect": FAST,
    }
    boiler = device({"temp": {"address": 0, "type": "uint16"}}, every="50ms")
    daemon = make_daemon(site(cloud, {"plc": link(modbus_server.port)}, {"boiler": boiler}))
    daemon.start()
    return daemon


def pauses_s(hub: IotHub, count: int) -> list[float]:
    """Between readings from now on, by their times."""
    seen = len(hub.telemetry)

    def is_new(message: Telemetry) -> bool:
        return message.properties["kind"] == "reading" and message not in hub.telemetry[:seen]

    times = [datetime.fromisoformat(json.loads(each.body)["time"]) for each in hub.wait_for_many(is_new, count + 1)]
    return [(later - earlier).total_seconds() for earlier, later in pairwise(sorted(times))]


def answered(hub: IotHub, setting: str, version: int) -> dict[str, Any]:
    """What is reported of this version."""
    hub.wait_until(lambda: hub.devices[BOX].twin.reported.get(setting, {}).get("av") == version)
    told: dict[str, Any] = hub.reported(BOX)[setting]
    return told


def test_what_is_desired_holds_at_once_after_a_reload_and_a_kill_and_can_be_taken_back(
    daemon: Daemon, hub: IotHub
) -> None:
    assert min(pauses_s(hub, 5)) < 0.2
    version = hub.desire(
        BOX, {"report": {"devices": {"boiler": "400ms"}}, "log": {"level": "debug"}, "commands": False}
    )
    assert answered(hub, "report", version)["ac"] == 200
    assert answered(hub, "commands", version)["value"] is False
    assert min(pauses_s(hub, 2)) > 0.2
    assert hub.call(BOX, "ping").status == 403

    daemon.process.signal(signal.SIGHUP)
    hub.wait_until(lambda: len(hub._logins) == 2)
    assert min(pauses_s(hub, 2)) > 0.2

    daemon.kill()
    daemon.start()
    hub.wait_until(lambda: len(hub._logins) == 3)
    assert daemon.wait_for("twin asked")["level"] == "debug", "also what was asked before anybody has answered"
    assert min(pauses_s(hub, 2)) > 0.2
    hub.wait_online(BOX, "$iothub/methods/POST/#")
    assert hub.call(BOX, "ping").status == 403

    hub.desire(BOX, {"report": None, "commands": None})
    hub.wait_until(lambda: "commands" not in hub.devices[BOX].twin.reported)
    assert min(pauses_s(hub, 5)) < 0.2
    assert hub.call(BOX, "ping").status == 200
    assert hub.reported(BOX)["devices"]["boiler"]["state"] == "online"
    assert hub.violations == []
