"""A device that says itself what it has: found, polled by name, kept over a restart, found anew when it changes."""

import json
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.modbus.sunspec.images import COMMON, chain, inverter, model
from tests.support.daemon import Daemon
from tests.support.envelopes import has_state, is_reading, is_result
from tests.support.modbus import ModbusServer
from tests.support.mosquitto import Mosquitto
from tests.support.ports import free_port
from tests.support.site import device, endpoint, link, site
from tests.support.subscriber import Received, Subscriber
from tests.support.verb import verb
from tests.support.virtual import Virtual

MakeDaemon = Callable[..., Daemon]

MEMORY = "memory.json"
W, HEADER = "inverter_three_phase_W", 2
"""A point; registers that only a look at the models reads."""

FOUND_S = 30.0
"""From a start on a busy machine until what was found is read."""


def config(url: str, port: int, **more: Any) -> str:
    inv = {"link": "roof", "every": "100ms", "timeout": "500ms", "sunspec": True, **more}
    return site(endpoint(url), {"roof": link(port)}, {"inv": inv})


def has_point(point: str, value: object = None, device: str = "inv") -> Callable[[Received], bool]:
    def matches(message: Received) -> bool:
        values = message.json["values"] if is_reading(message, device) else {}
        return point in values and value in (None, values[point])

    return matches


@pytest.fixture
def daemon(
    make_daemon: MakeDaemon, mosquitto: Mosquitto, subscriber: Subscriber, modbus_server: ModbusServer
) -> Daemon:
    """At work with an inverter that it has met."""
    modbus_server.set("holding", 0, inverter())
    daemon = make_daemon(config(mosquitto.url, modbus_server.port))
    daemon.start()
    subscriber.wait_for(has_point(W, 2800), timeout_s=FOUND_S)
    return daemon


class Learned(NamedTuple):
    """An inverter, and what a daemon has kept at its end that had met it."""

    server: ModbusServer
    memory: str


@pytest.fixture(scope="module")
def learned(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Learned]:
    folder = tmp_path_factory.mktemp("learned")
    with ModbusServer() as server, ExitStack() as ends:
        server.set("holding", 0, inverter())
        broker = Mosquitto(folder)
        broker.start()
        ends.callback(broker.kill)
        daemon = Daemon(folder, config(broker.url, server.port))
        ends.callback(daemon.kill)
        subscriber = ends.enter_context(Subscriber(broker.port))
        daemon.start()
        subscriber.wait_for(has_point(W, 2800), timeout_s=FOUND_S)
        assert daemon.terminate() == 0
        yield Learned(server, (daemon.state_dir / MEMORY).read_text())


@pytest.fixture
def restarted(make_daemon: MakeDaemon, mosquitto: Mosquitto, learned: Learned) -> Daemon:
    """Not started yet, with what one before has kept of the inverter."""
    daemon = make_daemon(config(mosquitto.url, learned.server.port))
    (daemon.state_dir / MEMORY).write_text(learned.memory)
    return daemon


def test_points_are_published_by_name_and_scaled(daemon: Daemon, subscriber: Subscriber) -> None:
    subscriber.wait_for(has_point("inverter_three_phase_A", 12.3), timeout_s=FOUND_S)
    subscriber.wait_for(has_point("inverter_three_phase_WH", 9876540), timeout_s=FOUND_S)
    subscriber.wait_for(has_point("inverter_three_phase_St", "MPPT"), timeout_s=FOUND_S)
    subscriber.wait_for(has_point("common_SN", "4711"), timeout_s=FOUND_S)
    birth = subscriber.wait_for(lambda m: m.topic.endswith("inv/birth") and W in m.json["points"]).json

    assert birth["points"][W]["unit"] == "W"
    assert "inverter_three_phase_AphB" not in birth["points"]
    assert daemon.process.returncode is None


def test_a_restart_keeps_what_was_found(daemon: Daemon, subscriber: Subscriber, modbus_server: ModbusServer) -> None:
    assert daemon.terminate() == 0
    modbus_server.requests.clear()
    modbus_server.set("holding", 70 + 14, [77])

    daemon.start()

    subscriber.wait_for(has_point(W, 77), timeout_s=FOUND_S)
    assert [request for request in modbus_server.requests if request.size == HEADER] == []


def test_check_knows_what_was_found(restarted: Daemon) -> None:
    before, after = (
        check(restarted.config_path, state) for state in (restarted.state_dir / "none", restarted.state_dir)
    )

    assert "1 device, 0 points" in before
    assert "inv: its points are found when it is first met" in before
    assert "1 device, 14 points" in after


def check(path: Path, state: Path) -> str:
    ended = verb("check", path, "--state-dir", state, cwd=path.parent)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def test_another_device_in_its_place_is_found_anew(
    daemon: Daemon, subscriber: Subscriber, modbus_server: ModbusServer
) -> None:
    modbus_server.stop()
    subscriber.wait_for(lambda m: has_state(m, "offline", "inv"))
    modbus_server.set("holding", 0, [0] * 200)
    modbus_server.set("holding", 0, chain(model(1, {**COMMON, "SN": "4712"}), model(160, MPPT)))

    modbus_server.start()

    subscriber.wait_for(has_point("mppt_module_2_DCW", 1500), timeout_s=60)
    assert daemon.process.returncode is None


MPPT = {"DCA_SF": -1, "DCV_SF": -1, "DCW_SF": 1, "N": 2, "module": [{"ID": 1, "DCW": 120}, {"ID": 2, "DCW": 150}]}


def test_a_device_that_is_configured_on_another_link_is_found_there(
    restarted: Daemon, mosquitto: Mosquitto, subscriber: Subscriber
) -> None:
    with ModbusServer() as other:
        other.set("holding", 0, chain(model(1, COMMON), model(160, MPPT)))
        restarted.configure(config(mosquitto.url, other.port))

        restarted.start()

        subscriber.wait_for(has_point("mppt_module_2_DCW", 1500), timeout_s=FOUND_S)
        assert not [m for m in subscriber.on("inv/reading") if {W, "mppt_module_2_DCW"} <= m.json["values"].keys()]


def test_devices_that_are_met_together_are_taken_up_together(
    make_daemon: MakeDaemon, mosquitto: Mosquitto, subscriber: Subscriber
) -> None:
    with ModbusServer(units=(1, 2, 3)) as server:
        for unit in (1, 2, 3):
            server.set("holding", 0, inverter(W=unit), unit=unit)
        common = {"link": "roof", "every": "100ms", "sunspec": True}
        devices = {f"inv{unit}": {**common, "unit_id": unit} for unit in (1, 2, 3)}
        daemon = make_daemon(site(endpoint(mosquitto.url), {"roof": link(server.port)}, devices))
        daemon.start()

        for unit in (1, 2, 3):
            subscriber.wait_for(has_point(W, unit, f"inv{unit}"), timeout_s=FOUND_S)

    assert [event["event"] for event in daemon.log].count("ready") == 2


def test_a_discovered_point_is_written_only_if_the_configuration_says_so(
    make_daemon: MakeDaemon, mosquitto: Mosquitto, subscriber: Subscriber, modbus_server: ModbusServer
) -> None:
    controls = {"Conn": 1, "WMaxLimPct": 1000, "WMaxLim_Ena": 0, "WMaxLimPct_SF": -1}
    modbus_server.set("holding", 0, chain(model(1, COMMON), model(123, controls)))
    allowed = {"points": {"controls_WMaxLim_Ena": {"writable": True}}}
    make_daemon(config(mosquitto.url, modbus_server.port, sunspec=allowed)).start()
    subscriber.wait_for(has_point("controls_WMaxLimPct", 100.0), timeout_s=FOUND_S)

    subscriber.publish("fieldgate/gw/inv/command", {"id": "c-1", "write": {"controls_WMaxLim_Ena": "ENABLED"}})
    subscriber.publish("fieldgate/gw/inv/command", {"id": "c-2", "write": {"controls_WMaxLimPct": 50}})

    assert subscriber.wait_for(lambda m: is_result(m, "c-1")).json["status"] == "done"
    assert subscriber.wait_for(lambda m: is_result(m, "c-2")).json["reason"] == "not-writable"
    assert len(modbus_server.writes()) == 1


def test_the_simulator_is_such_a_device_on_the_same_configuration(
    make_daemon: MakeDaemon, mosquitto: Mosquitto, subscriber: Subscriber
) -> None:
    daemon = make_daemon(config(mosquitto.url, free_port(), timeout="150ms"))
    with Virtual(daemon.config_path) as virtual:
        daemon.start()
        subscriber.wait_for(has_point("ac_meter_abcn_Hz"), timeout_s=FOUND_S)
        subscriber.wait_for(has_point("mppt_module_2_DCSt", "MPPT"), timeout_s=FOUND_S)
        assert virtual.order(f"inv.{W} 4321")["value"] == 4321
        subscriber.wait_for(has_point(W, 4321), timeout_s=FOUND_S)
        assert "inverter_three_phase_W" in virtual.misunderstood("inv.inverter_three_phase_w")

        virtual.order("inv dead")
        subscriber.wait_for(lambda m: has_state(m, "offline", "inv"))
        subscriber.clear()
        virtual.order("inv well")

        subscriber.wait_for(has_point(W, 4321), timeout_s=20)


def test_what_is_found_is_in_use_though_it_can_not_be_kept(
    make_daemon: MakeDaemon, mosquitto: Mosquitto, subscriber: Subscriber, modbus_server: ModbusServer
) -> None:
    modbus_server.set("holding", 0, inverter())
    daemon = make_daemon(config(mosquitto.url, modbus_server.port))
    (daemon.state_dir / "memory.new").mkdir(parents=True)

    daemon.start()

    subscriber.wait_for(has_point(W, 2800), timeout_s=FOUND_S)
    assert "memory not saved" in [event["event"] for event in daemon.log]


def test_what_makes_no_sense_in_the_memory_is_found_anew(restarted: Daemon, subscriber: Subscriber) -> None:
    path = restarted.state_dir / MEMORY
    kept = json.loads(path.read_text())
    kept["inv"]["sunspec"]["found"]["models"][1]["address"] = 65500
    path.write_text(json.dumps(kept))

    restarted.start()

    subscriber.wait_for(has_point(W, 2800), timeout_s=FOUND_S)
    assert "defect" not in [event["event"] for event in restarted.log]


def test_a_command_that_is_under_way_is_finished_before_new_points_are_taken_up(
    make_daemon: MakeDaemon, mosquitto: Mosquitto, subscriber: Subscriber
) -> None:
    slow = device(
        {"level": {"address": 1, "type": "uint16", "writable": True}}, link="cellar", timeout="9s", every="1h"
    )
    inv = {"link": "roof", "every": "100ms", "timeout": "500ms", "sunspec": True}
    links = {"roof": link(free_port()), "cellar": link(free_port())}
    daemon = make_daemon(site(endpoint(mosquitto.url), links, {"inv": inv, "slow": slow}))
    with Virtual(daemon.config_path) as virtual:
        daemon.start()
        subscriber.wait_for(lambda m: has_state(m, "online", "slow"))
        virtual.order("slow slow:3s")

        subscriber.publish("fieldgate/gw/slow/command", {"id": "c", "write": {"level": 7}})

        assert subscriber.wait_for(lambda m: is_result(m, "c")).json["status"] == "done"
        assert not [message for message in subscriber.on("inv/reading") if W in message.json["values"]]
        subscriber.wait_for(has_point(W), timeout_s=FOUND_S)


class Box:
    """A folder with a configuration, without a daemon."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder
        (folder / "gateway.yaml").write_text(config("mqtt://127.0.0.1:1", port))

    def run(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        return verb(*arguments, "--state-dir", self.folder / "state", cwd=self.folder)


def test_without_a_daemon_its_points_are_found_before_they_are_read(
    tmp_path: Path, modbus_server: ModbusServer
) -> None:
    modbus_server.set("holding", 0, inverter())

    ended = Box(tmp_path, modbus_server.port).run("read", "inv", W, "--json")

    assert (ended.returncode, json.loads(ended.stdout)["values"]) == (0, {W: 2800})


def test_without_a_daemon_a_device_that_is_not_there_is_told(tmp_path: Path) -> None:
    ended = Box(tmp_path, free_port()).run("read", "inv")

    assert ended.returncode == 4
    assert ended.stderr
