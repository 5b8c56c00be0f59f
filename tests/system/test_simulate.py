"""A gateway on devices that are not there: what an installer tries at the desk."""

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.daemon import FIELDGATE, Daemon
from tests.support.envelopes import has_state, is_reading
from tests.support.mosquitto import Mosquitto
from tests.support.patience import HANG_S
from tests.support.ports import free_port
from tests.support.site import FAST, device, endpoint, site
from tests.support.subscriber import Received, Subscriber
from tests.support.virtual import Virtual

MakeDaemon = Callable[..., Daemon]

POINTS: dict[str, Any] = {
    "flow_temp": {"address": 100, "type": "float32", "unit": "°C", "range": [-40, 150], "order": "CDAB"},
    "setpoint": {"address": 110, "type": "int16", "scale": 0.1, "writable": {"min": 20, "max": 80}, "verify": True},
    "pump": {"address": 8, "table": "coil", "type": "bool", "writable": True},
}


def site_on(link: dict[str, Any], url: str = "mqtt://127.0.0.1:1") -> str:
    soon = {"timeout": "150ms"}  # a dead device is tried again after twenty timeouts at the earliest
    devices = {"meter1": device(POINTS, unit_id=1, **soon), "meter2": device(POINTS, unit_id=2)}
    return site(endpoint(url), {"plc": {"adapter": "modbus", "reconnect": FAST, **link}}, devices)


def tcp() -> dict[str, Any]:
    return {"host": "127.0.0.1", "port": free_port()}


def good(of: str) -> Callable[[Received], bool]:
    return lambda message: is_reading(message, of) and not message.json.get("bad")


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return tmp_path / "gateway.yaml"


def test_a_fault_that_is_switched_on_and_off_shows_in_the_status_and_harms_no_neighbour(
    mosquitto: Mosquitto, subscriber: Subscriber, make_daemon: MakeDaemon, config: Path
) -> None:
    daemon = make_daemon(site_on(tcp(), mosquitto.url))
    with Virtual(config) as virtual:
        daemon.start()
        subscriber.wait_for(lambda m: has_state(m, "online", "meter1"))

        assert virtual.order("meter1 dead") == {"device": "meter1", "fault": "dead"}
        subscriber.wait_for(lambda m: has_state(m, "offline", "meter1"))
        subscriber.clear()
        subscriber.wait_for(good("meter2"))
        virtual.order("meter1 well")
        subscriber.wait_for(lambda m: has_state(m, "online", "meter1"), timeout_s=20)

        assert [m.json["state"] for m in subscriber.on("meter2/status")] in ([], ["online"])


def test_values_move_within_their_range_and_what_is_written_stays(
    mosquitto: Mosquitto, subscriber: Subscriber, make_daemon: MakeDaemon, config: Path
) -> None:
    daemon = make_daemon(site_on(tcp(), mosquitto.url))
    with Virtual(config) as virtual:
        daemon.start()
        first = subscriber.wait_for(good("meter1")).json["values"]
        assert 20 <= first["setpoint"] <= 80
        assert -40 <= first["flow_temp"] <= 150
        moved = subscriber.wait_for(
            lambda m: good("meter1")(m) and m.json["values"]["flow_temp"] != first["flow_temp"]
        ).json["values"]
        assert moved["setpoint"] == first["setpoint"]

        subscriber.publish("fieldgate/gw/meter1/command", {"id": "c", "write": {"setpoint": 33.5}})
        subscriber.wait_for(lambda m: good("meter1")(m) and m.json["values"]["setpoint"] == 33.5)

        assert virtual.order("meter1.setpoint")["value"] == 33.5


@pytest.mark.parametrize("transport", ["rtu", "ascii"])
def test_a_serial_line_is_served_at_the_very_place_that_the_configuration_names(
    mosquitto: Mosquitto, subscriber: Subscriber, make_daemon: MakeDaemon, config: Path, transport: str
) -> None:
    port = config.with_name("bus1")
    daemon = make_daemon(site_on({"transport": transport, "port": str(port)}, mosquitto.url))
    with Virtual(config, "--pty", str(port)) as virtual:
        assert virtual.links["plc"]["settings"] == {}
        daemon.start()
        subscriber.wait_for(lambda m: has_state(m, "online", "meter2"))
        virtual.order("meter1.flow_temp 71.5")

        subscriber.wait_for(lambda m: good("meter1")(m) and m.json["values"]["flow_temp"] == 71.5)

        assert virtual.interrupt() == 0
    assert not port.is_symlink()


def test_a_line_that_is_unplugged_comes_back(
    mosquitto: Mosquitto, subscriber: Subscriber, make_daemon: MakeDaemon, config: Path
) -> None:
    port = config.with_name("bus1")
    daemon = make_daemon(site_on({"transport": "rtu", "port": str(port)}, mosquitto.url))
    with Virtual(config, "--pty", str(port)) as virtual:
        daemon.start()
        subscriber.wait_for(good("meter1"))
        subscriber.clear()
        virtual.order("meter1 hang-up")
        subscriber.wait_for(lambda m: has_state(m, "offline", "meter2") and m.json["reason"] == "no-link")
        virtual.order("meter1 well")
        subscriber.clear()

        subscriber.wait_for(good("meter1"))
        subscriber.wait_for(good("meter2"))


def ble_site(**more: Any) -> str:
    thermo = {"link": "radio", "address": "A4:C1:38:00:00:01", "decoder": "bthome", "points": {"temperature": {}}}
    return site(endpoint("mqtt://127.0.0.1:1"), {"radio": {"adapter": "ble", **more}}, {"thermo": thermo})


def test_ble_devices_have_a_bus_of_their_own_which_goes_with_them(config: Path) -> None:
    config.write_text(ble_site())
    with Virtual(config, "--fault", "thermo=loss:5%", adapter="ble") as virtual:
        settings = virtual.links["radio"]["settings"]
        assert settings["radio"] == "00:1A:7D:DA:71:00"
        bus = Path(settings["bus"].removeprefix("unix:path="))
        assert bus.is_socket()
        assert virtual.order("thermo.temperature 21.237") == {
            "device": "thermo",
            "point": "temperature",
            "value": 21.24,
        }
        assert "no fault 'asleep', but well, dead, out-of-range" in virtual.misunderstood("thermo asleep")
        assert "its advertisements are not encrypted" in virtual.misunderstood("thermo wrong-key")

        assert virtual.interrupt() == 0
        assert not bus.parent.exists()


def test_ble_devices_are_not_served_at_a_port(config: Path) -> None:
    config.write_text(ble_site())
    command = [str(FIELDGATE), "simulate", "ble", "-c", str(config), "--tcp", "0"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=HANG_S, check=False)
    assert done.returncode == 2
    assert "there is no tcp for BLE devices: they are on a D-Bus of their own" in done.stderr
