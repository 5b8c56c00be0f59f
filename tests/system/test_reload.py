"""A reload begins everything anew, but for what must outlast it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from gateway.cli.control.client import Client, address
from gateway.cli.control.finding import SOCKET
from tests.support.daemon import Daemon
from tests.support.modbus import ModbusServer
from tests.support.site import device, endpoint, link, site

POINTS: dict[str, Any] = {"setpoint": {"address": 10, "type": "uint16", "writable": {"max_rate": "1/h"}}}


def test_rates_outlast_a_reload_though_nobody_knows_the_time(
    make_daemon: Callable[..., Daemon], modbus_server: ModbusServer, tmp_path: Path
) -> None:
    unset = {"id": "gw", "clock": str(tmp_path / "never-right")}
    boiler = device(POINTS)
    daemon = make_daemon(
        site(endpoint("mqtt://127.0.0.1:1"), {"plc": link(modbus_server.port)}, {"boiler": boiler}, gateway=unset)
    )
    daemon.start()
    daemon.wait_for(lambda event: event.get("event") == "up" and event.get("name") == "link plc")
    gateway, write = Client(daemon.state_dir / SOCKET), address("devices", "boiler", "write")
    assert gateway.post(write, {"values": {"setpoint": 1}})["status"] == "done"

    before = len(daemon.lines)
    assert gateway.post(address("gateway", "reload"), {})["status"] == "done"
    daemon.process.wait_for_line(lambda line: "listening" in line, start=before)

    refused = gateway.post(write, {"values": {"setpoint": 2}})
    assert (refused["status"], refused["rule"]) == ("rejected", "devices.boiler.points.setpoint.writable.max_rate")
