"""What BlueZ, the air and devices may do to a gateway: it says so, it ends when it is told to, and acts only once."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import pytest

from adapters.ble.simulator.bluez import Characteristic, Mends, Peripheral, Service
from gateway.cli.control.client import Client, address
from gateway.cli.control.finding import SOCKET
from tests.support.daemon import Daemon
from tests.support.envelopes import has_state, is_reading, is_result
from tests.support.ether import RADIO, Ether
from tests.support.mosquitto import Mosquitto
from tests.support.patience import HANG_S
from tests.support.site import FAST, endpoint, site
from tests.support.subscriber import Received, Subscriber

MakeDaemon = Callable[..., Daemon]

ROOM, LOUD, LOCK = "C0:FF:EE:00:00:01", "C0:FF:EE:00:00:02", "C0:FF:EE:00:00:03"
BTHOME = "0000fcd2-0000-1000-8000-00805f9b34fb"
SERVICE, BOLT = "f0000000-0451-4000-b000-000000000000", "f0001111-0451-4000-b000-000000000000"

HEARD: dict[str, Any] = {"link": "radio", "decoder": "bthome", "every": "100ms", "points": {"temperature": {}}}
BOLT_POINT = {"characteristic": BOLT, "type": "uint8", "writable": True}
DEVICES = {
    "room": {**HEARD, "address": ROOM},
    "loud": {**HEARD, "address": LOUD},
    "lock": {
        "link": "radio",
        "address": LOCK,
        "every": "1s",
        "gatt": {"connect": "kept"},
        "points": {"bolt": BOLT_POINT},
    },
}


def warm(hundredths: int) -> dict[str, bytes]:
    """BTHome version 2, not encrypted: a temperature."""
    return {BTHOME: b"\x40\x02" + (hundredths % 5000).to_bytes(2, "little", signed=True)}


class Field:
    """A thermometer that is heard, its value always another one, and a lock that is connected to."""

    def __init__(self, ether: Ether, daemon: Daemon) -> None:
        self.ether = ether
        self.daemon = daemon
        self.bolt = Characteristic(BOLT, ["read", "write"], b"\0")
        self._numbers = count()
        lock = Peripheral(LOCK, "Lock", [Service(SERVICE, [self.bolt])])
        ether.do(ether.radio.add, lock)
        ether.repeat("room", lambda: ether.radio.advertise(ROOM, -60, services=warm(next(self._numbers))))
        ether.repeat("lock", lambda: ether.radio.advertise(LOCK, -50, name="Lock"))

    def counters(self) -> Any:
        """Of the radio, as the gateway tells them."""
        client = Client(self.daemon.state_dir / SOCKET)
        return client.get(address("status"))["links"]["radio"]


@pytest.fixture
def field(mosquitto: Mosquitto, make_daemon: MakeDaemon, subscriber: Subscriber) -> Iterator[Field]:
    """At work: the room has been heard, the lock read."""
    with Ether() as ether:
        link = {"adapter": "ble", "radio": RADIO, "bus": ether.address, "silence": "2s", "reconnect": FAST}
        field = Field(ether, make_daemon(site(endpoint(mosquitto.url), {"radio": link}, DEVICES)))
        field.daemon.start()
        subscriber.wait_for(good("room"))
        subscriber.wait_for(good("lock"))
        yield field


def good(device: str) -> Callable[[Received], bool]:
    return lambda message: is_reading(message, f"/{device}") and bool(message.json.get("values"))


def test_a_gateway_whose_bluez_hangs_ends_when_it_is_told_to(field: Field) -> None:
    field.ether.do(field.ether.bluez.inject, "*", hang=True)
    assert field.daemon.terminate() == 0
    assert not [line for line in field.daemon.lines if "does not end" in line or "cut short" in line]


def test_a_radio_that_hears_nobody_beside_a_connection_that_stands_is_named(
    field: Field, subscriber: Subscriber
) -> None:
    field.ether.do(field.ether.radio.stick_scan, Mends.POWER)
    told = subscriber.wait_for(lambda m: has_state(m, "degraded", "room"))
    assert told.json["reason"] == "silent"
    assert "hears nobody at all" in str(field.daemon.wait_for(lambda e: "hears nobody" in str(e.get("detail"))))
    subscriber.clear()
    subscriber.wait_for(good("lock"))


def test_a_device_that_floods_the_air_costs_the_others_nothing_and_is_counted(
    field: Field, subscriber: Subscriber
) -> None:
    numbers = count()

    def flood() -> None:
        for _ in range(20):
            field.ether.radio.advertise(LOUD, -40, services=warm(next(numbers)))

    field.ether.repeat("loud", flood, 0.02)
    field.daemon.wait_for(lambda e: e.get("event") == "notice" and e.get("device") == "loud")
    subscriber.clear()
    subscriber.wait_for_many(good("room"), 20)
    subscriber.wait_for_many(good("lock"), 3)
    assert field.counters()["overflowed"] > 0


def test_a_write_that_is_cut_by_the_end_of_the_gateway_is_unknown_and_not_repeated(
    field: Field, subscriber: Subscriber
) -> None:
    arrived, writes = threading.Event(), list[bytes]()

    async def hang(data: bytes) -> None:
        writes.append(data)
        arrived.set()
        field.bolt.write = None
        await asyncio.Event().wait()

    field.bolt.write = hang
    subscriber.publish("fieldgate/gw/lock/command", {"id": "c1", "write": {"bolt": 1}})
    assert arrived.wait(HANG_S)
    field.daemon.kill()
    field.daemon.start()
    assert subscriber.wait_for(lambda m: is_result(m, "c1")).json["status"] == "unknown"
    subscriber.clear()
    subscriber.wait_for_many(good("lock"), 2)
    assert writes == [b"\1"]
    assert field.bolt.value == b"\0"
