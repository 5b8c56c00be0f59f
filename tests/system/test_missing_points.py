"""A device lacks some of the points that a profile gives it: the rest works, and people are told once."""

import json
from collections.abc import Callable
from typing import Any

from pymodbus.constants import ExcCodes

from tests.support.daemon import Daemon
from tests.support.envelopes import is_reading
from tests.support.modbus import ModbusServer
from tests.support.mosquitto import Mosquitto
from tests.support.site import device, endpoint, link, site
from tests.support.subscriber import Received, Subscriber

MakeDaemon = Callable[..., Daemon]

LACKING = (13, 31)
"""As on the wire; the manual counts from 1."""


def fifty_points(broker: str, port: int) -> str:
    points = {f"p{at + 1}": {"address": at + 1, "type": "uint16"} for at in range(50)}
    return site(endpoint(broker), {"plc": link(port)}, {"meter": device(points, address_base=1)})


def has_all_but(count: int) -> Callable[[Received], bool]:
    return lambda message: is_reading(message, "meter") and len(message.json.get("bad", {})) == count


def notices(daemon: Daemon) -> list[tuple[str, str]]:
    return [(event["level"], event["text"]) for event in daemon.log if event["event"] == "notice"]


def run_until(daemon: Daemon, broker: Mosquitto, missing: int) -> dict[str, Any]:
    """A life of the daemon, from its start to a reading that lacks so many points, and the next one."""
    with Subscriber(broker.port) as subscriber:
        daemon.start()
        reading: dict[str, Any] = subscriber.wait_for(has_all_but(missing)).json
        subscriber.wait_for(lambda m: has_all_but(missing)(m) and m.json["seq"] > reading["seq"])
    assert daemon.terminate() == 0
    return reading


def test_missing_points_are_found_told_once_remembered_and_found_again(
    make_daemon: MakeDaemon, mosquitto: Mosquitto, modbus_server: ModbusServer
) -> None:
    modbus_server.set("holding", 0, list(range(50)))
    modbus_server.failures = {(1, at): ExcCodes.ILLEGAL_ADDRESS for at in LACKING}
    daemon = make_daemon(fifty_points(mosquitto.url, modbus_server.port))

    reading = run_until(daemon, mosquitto, missing=2)
    assert reading["bad"] == {name: {"reason": "device-error", "code": 2} for name in ("p14", "p32")}
    assert len(reading["values"]) == 48
    [(level, text)] = notices(daemon)
    assert (level, text.partition(":")[0]) == ("warning", "p14 (holding 14), p32 (holding 32) can't be read")

    modbus_server.requests.clear()
    run_until(daemon, mosquitto, missing=2)
    assert notices(daemon) == []
    assert {(each.address, each.size) for each in modbus_server.requests} == {(0, 13), (14, 17), (32, 18)}

    modbus_server.failures = {}
    memory = json.loads((daemon.state_dir / "memory.json").read_text())
    memory["meter"]["since_s"] = 1.0  # a day has gone by
    (daemon.state_dir / "memory.json").write_text(json.dumps(memory))
    run_until(daemon, mosquitto, missing=0)
    assert notices(daemon) == [("info", "p14 (holding 14), p32 (holding 32) can be read again")]
