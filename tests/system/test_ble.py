"""A gateway and BLE devices that are not there: the daemon as a process, over a real D-Bus, with the real bleak."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.support.daemon import Daemon
from tests.support.envelopes import has_state, is_reading, is_result
from tests.support.mosquitto import Mosquitto
from tests.support.site import FAST, endpoint, site
from tests.support.subscriber import Received, Subscriber
from tests.support.virtual import Virtual

KEY = "231d39c1d7cc1ab1aee224cd096db932"
COLD_C, WARM_C = -18.5, 21.25
RECOVERED_S = 60.0
"""What is wrong with a radio is mended by itself, or named, within a minute."""

DEVICES: dict[str, Any] = {
    "freezer": {
        "link": "radio",
        "address": "A4:C1:38:00:00:01",
        "decoder": "bthome",
        "every": "100ms",
        "stale_after": "3s",
        "points": {"temperature": {}, "battery": {}},
    },
    "office": {
        "link": "radio",
        "address": "A4:C1:38:00:00:02",
        "decoder": "bthome",
        "every": "100ms",
        "key": KEY,
        "points": {"temperature": {}},
    },
    "door": {
        "link": "radio",
        "address": "A4:C1:38:00:00:03",
        "every": "500ms",
        "gatt": {"connect": "kept"},
        "points": {
            "locked": {"characteristic": "fff1", "type": "bool", "notify": True},
            "open_for": {"characteristic": "fff2", "type": "uint8", "writable": {"max": 60}, "verify": True},
        },
        "commands": {
            "open": {
                "characteristic": "fff3",
                "send": {"hex": "A5 {open_for:uint8}"},
                "args": {"open_for": {"type": "int", "min": 1, "max": 60}},
                "answer": {"starts": "a5"},
            }
        },
    },
}


def described(url: str, link: dict[str, Any] | None = None) -> str:
    silence = {"silence": "2s"}  # so that a scan that is stuck is noticed soon
    return site(endpoint(url), {"radio": {"adapter": "ble", "reconnect": FAST, **silence, **(link or {})}}, DEVICES)


class Air:
    """Devices that are served, and the daemon that hears them."""

    def __init__(self, virtual: Virtual, daemon: Daemon) -> None:
        self.order = virtual.order
        self.daemon = daemon


@pytest.fixture(scope="module")
def mosquitto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mosquitto]:
    broker = Mosquitto(tmp_path_factory.mktemp("broker"))
    broker.start()
    yield broker
    broker.kill()


@pytest.fixture(scope="module")
def all_day(mosquitto: Mosquitto, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Air]:
    """All devices, each advertising ten times a second, and a daemon on their bus that has been started."""
    folder = tmp_path_factory.mktemp("air")
    config = folder / "virtual.yaml"
    config.write_text(described(mosquitto.url))
    with Virtual(config, "--every", "100ms", adapter="ble") as virtual:
        daemon = Daemon(folder, described(mosquitto.url, virtual.links["radio"]["settings"]))
        daemon.start()
        try:
            yield Air(virtual, daemon)
        finally:
            daemon.kill()
        assert virtual.interrupt() == 0


@pytest.fixture
def air(all_day: Air, mosquitto: Mosquitto, subscriber: Subscriber) -> Iterator[Air]:
    """The same for every test: each is begun with values that are news, and leaves everybody well."""
    for news in (1, 0):  # what is said twice is heard once
        all_day.order(f"freezer.temperature {COLD_C + news}")
        all_day.order(f"office.temperature {WARM_C + news}")
        all_day.order(f"door.locked {str(bool(news)).lower()}")
        subscriber.wait_for(says("freezer", temperature=COLD_C + news))
        subscriber.wait_for(says("office", temperature=WARM_C + news))
        subscriber.wait_for(says("door", locked=bool(news)))
    yield all_day
    for device in DEVICES:
        all_day.order(f"{device} well")
    with Subscriber(mosquitto.port) as late:
        for device in DEVICES:
            late.wait_for(lambda m, device=device: has_state(m, "online", device))  # type: ignore[misc]


def says(device: str, **values: Any) -> Callable[[Received], bool]:
    """A reading that has all of these."""
    return lambda message: (
        is_reading(message, f"/{device}") and values.items() <= message.json.get("values", {}).items()
    )


def test_what_devices_advertise_arrives_encrypted_or_not(air: Air, subscriber: Subscriber) -> None:
    subscriber.wait_for(says("freezer", temperature=COLD_C))
    subscriber.wait_for(says("office", temperature=WARM_C))
    subscriber.wait_for(lambda m: has_state(m, "online", "office"))
    assert not any(KEY in line for line in air.daemon.lines)
    assert all(KEY.encode() not in message.payload for message in subscriber.messages)


def test_what_changes_is_told_at_once(air: Air, subscriber: Subscriber) -> None:
    subscriber.wait_for(says("freezer", temperature=COLD_C))
    air.order("freezer.temperature -3.5")
    subscriber.wait_for(says("freezer", temperature=-3.5))


def test_a_lock_tells_what_it_is_and_does_as_it_is_told(air: Air, subscriber: Subscriber) -> None:
    subscriber.wait_for(says("door", locked=False))
    air.order("door.locked true")
    subscriber.wait_for(says("door", locked=True))

    subscriber.publish("fieldgate/gw/door/command", {"id": "c1", "invoke": "open", "args": {"open_for": 30}})
    assert subscriber.wait_for(lambda m: is_result(m, "c1")).json["status"] == "done"
    subscriber.wait_for(says("door", open_for=30))

    subscriber.publish("fieldgate/gw/door/command", {"id": "c2", "write": {"open_for": 12}})
    result = subscriber.wait_for(lambda m: is_result(m, "c2")).json
    assert (result["status"], result["values"]) == ("done", {"open_for": 12})
    assert air.order("door.open_for")["value"] == 12


def test_a_lock_that_refuses_is_a_command_that_failed(air: Air, subscriber: Subscriber) -> None:
    subscriber.wait_for(says("door", locked=False))
    air.order("door reject")
    subscriber.publish("fieldgate/gw/door/command", {"id": "c3", "invoke": "open", "args": {"open_for": 30}})
    assert subscriber.wait_for(lambda m: is_result(m, "c3")).json["status"] == "failed"


def test_a_device_that_falls_silent_is_offline_and_its_neighbours_are_not(air: Air, subscriber: Subscriber) -> None:
    subscriber.wait_for(lambda m: has_state(m, "online", "freezer"))
    air.order("freezer dead")
    told = subscriber.wait_for(lambda m: has_state(m, "offline", "freezer"))
    assert told.json["reason"] == "silent"
    subscriber.clear()
    air.order("office.temperature 22.5")
    subscriber.wait_for(says("office", temperature=22.5))
    air.order("freezer well")
    subscriber.wait_for(lambda m: has_state(m, "online", "freezer"))


@pytest.mark.parametrize("fault", ["wrong-key", "replay"])
def test_what_must_not_be_believed_is_a_state_and_no_value(air: Air, subscriber: Subscriber, fault: str) -> None:
    subscriber.wait_for(says("office", temperature=WARM_C))
    for _ in range(3):  # so that there is something to be said again
        air.order("office.temperature 22.5")
        subscriber.wait_for(says("office", temperature=22.5))
        air.order(f"office.temperature {WARM_C}")
        subscriber.wait_for(says("office", temperature=WARM_C))
    air.order(f"office {fault}")
    told = subscriber.wait_for(lambda m: has_state(m, "degraded", "office"))
    assert told.json["reason"] == {"wrong-key": "wrong-key", "replay": "replayed"}[fault]
    subscriber.clear()
    for reading in range(3):
        air.order(f"freezer.temperature {reading}")
        subscriber.wait_for(says("freezer", temperature=reading))
    assert not [message for message in subscriber.messages if is_reading(message, "/office")]


@pytest.mark.timeout(2 * RECOVERED_S)
@pytest.mark.parametrize("fault", ["bluez-restart", "radio-off", "stuck-scan"])
def test_what_befalls_a_radio_is_mended_by_itself(air: Air, subscriber: Subscriber, fault: str) -> None:
    subscriber.wait_for(says("freezer", temperature=COLD_C))
    subscriber.wait_for(says("door", locked=False))

    air.order(f"freezer {fault}")
    air.order("freezer.temperature -9.5")
    air.order("door.locked true")

    subscriber.wait_for(says("freezer", temperature=-9.5), timeout_s=RECOVERED_S)
    subscriber.wait_for(says("door", locked=True), timeout_s=RECOVERED_S)


@pytest.mark.timeout(3 * RECOVERED_S)
@pytest.mark.parametrize(("fault", "named"), [("radio-gone", "00:1A:7D:DA:71:00"), ("bus-gone", "there is no D-Bus")])
def test_what_a_person_must_mend_is_named_and_when_it_is_the_field_is_back(
    air: Air, subscriber: Subscriber, fault: str, named: str
) -> None:
    subscriber.wait_for(says("freezer", temperature=COLD_C))
    lines = len(air.daemon.lines)

    air.order(f"freezer {fault}")
    told = subscriber.wait_for(lambda m: has_state(m, "offline", "freezer"), timeout_s=RECOVERED_S)
    assert told.json["reason"] == "no-link"
    air.daemon.wait_for(lambda e: e.get("event") == "down" and named in e["reason"], RECOVERED_S, lines)

    air.order("freezer well")
    air.order("freezer.temperature -9.5")
    subscriber.wait_for(says("freezer", temperature=-9.5), timeout_s=RECOVERED_S)
