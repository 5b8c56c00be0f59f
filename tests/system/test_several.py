"""Several endpoints at once: what one does, or is told, is nobody else's business."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.support.daemon import Daemon
from tests.support.device import Device
from tests.support.envelopes import assert_all_arrived, catch_up, counts, is_reading, is_result
from tests.support.fakebroker import FakeBroker
from tests.support.modbus import ModbusServer
from tests.support.mosquitto import Mosquitto
from tests.support.site import device, endpoint, link, site
from tests.support.subscriber import Received, Subscriber

MakeDaemon = Callable[..., Daemon]

NOT_AUTHORIZED = 0x87
"""MQTT 5, 2.4."""

COUNT: dict[str, Any] = {"count": {"address": 0, "type": "uint16"}}


@pytest.fixture
def two_units() -> Iterator[ModbusServer]:
    with ModbusServer((1, 2)) as server:
        yield server


def of(root: str, suffix: str) -> Callable[[Received], bool]:
    """Whether a message is of the endpoint with this root, on a topic that ends so."""
    return lambda m: m.topic.startswith(f"{root}/") and m.topic.endswith(suffix)


def told(subscriber: Subscriber, root: str, suffix: str) -> list[Any]:
    """What an endpoint has said there that was no clearing."""
    return [m.json for m in subscriber.messages if of(root, suffix)(m) and m.payload]


def last_words(subscriber: Subscriber, root: str, device: str) -> list[Any]:
    """The states of a device that were told before its topic was cleared."""
    is_status = of(root, f"/{device}/status")
    cleared = subscriber.wait_for(lambda m: is_status(m) and not m.payload)
    before = subscriber.messages[: subscriber.messages.index(cleared)]
    return [m.json["state"] for m in before if is_status(m)]


def test_one_that_is_slow_one_that_refuses_and_one_that_is_dead_cost_another_nothing(
    make_daemon: MakeDaemon, make_mosquitto: Callable[..., Mosquitto], mosquitto: Mosquitto, meter: Device
) -> None:
    later = make_mosquitto()
    later.kill()
    with FakeBroker(lambda _: None) as slow, FakeBroker(lambda _: NOT_AUTHORIZED) as refusing:
        urls = {"well": mosquitto.url, "slow": slow.url, "refusing": refusing.url, "dead": later.url}
        endpoints = {name: endpoint(url, root=name, window=10) for name, url in urls.items()}
        plants = {"meter": device(COUNT, every="50ms", timeout="5s")}
        daemon = make_daemon(site({}, {"plc": link(meter.port)}, plants, endpoints=endpoints))
        with Subscriber(mosquitto.port) as subscriber:
            daemon.start()
            refusing.wait_until(lambda: refusing.connections >= 3)
            slow.wait_until(lambda: len(slow.messages) == 10)
            catch_up(subscriber, meter)
            while_others_fail = counts(subscriber.messages)
            assert_all_arrived(while_others_fail)
            assert len(while_others_fail) == len(subscriber.on("/reading")), "nothing came twice"
            assert {m.topic.partition("/")[0] for m in subscriber.messages} == {"well"}
            assert (len(slow.messages), slow.connections) == (10, 1)
        down = {event["name"] for event in daemon.log if event["event"] in ("down", "refused")}
        assert down == {"endpoint refusing", "endpoint dead"}

        later.start()
        with Subscriber(later.port) as subscriber:
            catch_up(subscriber, meter)
            assert_all_arrived(counts(subscriber.messages))


def test_each_endpoint_has_its_own_commands_results_and_devices(
    make_daemon: MakeDaemon, mosquitto: Mosquitto, subscriber: Subscriber, two_units: ModbusServer
) -> None:
    points = {"setpoint": {"address": 10, "type": "uint16", "writable": True, "verify": True}}
    endpoints = {
        "one": endpoint(mosquitto.url, root="one", only=["births"]),
        "two": endpoint(mosquitto.url, root="two", devices=["boiler"]),
        "deaf": endpoint(mosquitto.url, root="deaf", commands=False),
    }
    plants = {name: device(points, unit_id=unit) for unit, name in enumerate(("boiler", "kettle"), 1)}
    daemon = make_daemon(site({}, {"plc": link(two_units.port)}, plants, endpoints=endpoints))
    daemon.start()
    for root in endpoints:
        subscriber.wait_for(of(root, "/gw/status"))
    subscriber.wait_for(is_reading)

    wanted = [(root, f"c-{number}") for number in range(5) for root in ("one", "two")]
    for value, (root, command) in enumerate(wanted):
        subscriber.publish(f"{root}/gw/boiler/command", {"id": command, "write": {"setpoint": value}})
    results = subscriber.wait_for_many(lambda m: m.topic.endswith("/result"), len(wanted))
    assert all((m.topic, m.json["status"]) == (f"{m.json['stream']}/gw/boiler/result", "done") for m in results)
    values = {(m.json["stream"], m.json["command"]): m.json["values"]["setpoint"] for m in results}
    assert values == {key: value for value, key in enumerate(wanted)}, "one id at two endpoints is two commands"

    for root in ("one", "two"):
        subscriber.publish(f"{root}/gw/kettle/command", {"id": "k", "read": ["setpoint"]})
    answers = [m.json for m in subscriber.wait_for_many(lambda m: is_result(m, "k"), 2)]
    assert {(each["stream"], each["status"], each.get("rule")) for each in answers} == {
        ("one", "done", None),
        ("two", "rejected", "endpoints.two.devices"),
    }
    assert told(subscriber, "deaf", "/result") == []


def test_a_back_end_can_keep_its_registry_by_what_each_endpoint_is_told(
    make_daemon: MakeDaemon, mosquitto: Mosquitto, subscriber: Subscriber, meter: Device
) -> None:
    points = {name: {"address": address, "type": "uint16"} for address, name in enumerate(("count", "level"))}
    plants = {name: device(points, unit_id=unit) for unit, name in enumerate(("a", "b"), 1)}

    def config(**few: Any) -> str:
        endpoints = {
            "all": endpoint(mosquitto.url, root="all"),
            "few": endpoint(mosquitto.url, root="few", format="fieldgate", points=["*.level"], **few),
        }
        return site({}, {"plc": link(meter.port)}, plants, endpoints=endpoints)

    daemon = make_daemon(config(report={"interval": "1h"}))
    daemon.start()
    for name in ("a", "b"):
        subscriber.wait_for(of("all", f"/{name}/reading"))
        subscriber.wait_for(of("few", f"/{name}/reading"))
        birth = subscriber.wait_for(of("few", f"/{name}/birth")).json
        assert list(birth["points"]) == ["level"]
    subscriber.wait_for_many(of("all", "/a/reading"), 5)
    assert [list(each["values"]) for each in told(subscriber, "few", "/a/reading")] == [["level"]]

    plants["c"] = device(points, unit_id=3)
    del plants["a"]
    daemon.configure(config(devices=["c"]))
    subscriber.clear()
    subscriber.publish("few/gw/command", {"id": "r", "invoke": "reload"})
    for root, left in (("all", ["a"]), ("few", ["a", "b"])):
        subscriber.wait_for(of(root, "/c/birth"))
        for name in left:
            assert last_words(subscriber, root, name) == ["removed"]
        with Subscriber(mosquitto.port, f"{root}/gw/+/birth", f"{root}/gw/+/status") as late:
            late.wait_for(lambda m: m.topic.endswith("/c/status"))
            kept = {m.topic.split("/")[2] for m in late.messages}
        assert kept == ({"b", "c"} if root == "all" else {"c"})
    births = {root: told(subscriber, root, "/gw/birth")[-1]["devices"] for root in ("all", "few")}
    assert births == {"all": ["b", "c"], "few": ["c"]}

    subscriber.clear()
    subscriber.publish("few/gw/command", {"id": "again", "invoke": "republish-birth"})
    subscriber.wait_for(lambda m: is_result(m, "again"))
    subscriber.wait_for(of("few", "/c/status"))
    assert not [m for m in subscriber.messages if of("all", "/birth")(m)], "asked for by one, told to one"
    assert json.loads(subscriber.wait_for(of("few", "/c/birth")).payload)["device"] == "c"
