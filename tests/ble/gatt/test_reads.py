from typing import Any

import pytest

from adapters.ble.simulator.bluez import AttError, Bluez, Characteristic, Peripheral, Radio, Service
from gateway.model import Bad, BadReason, DeviceState
from tests.ble.gatt.site import LEVEL, NAMED, OWN, SENSOR, SERVICE, TEMPERATURE, device, sensor, site, until

POINTS: dict[str, dict[str, Any]] = {
    "battery": {"characteristic": "battery_level"},
    "warmth": {"characteristic": "temperature"},
    "first": {"characteristic": OWN, "type": "uint8", "at": 0},
    "last": {"characteristic": OWN, "type": "uint16", "at": 2},
    "label": {"characteristic": OWN, "descriptor": NAMED, "type": "string"},
}
TWO = {name: POINTS[name] for name in ("battery", "warmth")}


async def test_all_points_are_read_on_their_period(radio: Radio) -> None:
    peripheral = sensor()
    peripheral.characteristic(OWN).value = bytes.fromhex("07ff0102")
    async with site(radio, [peripheral], {"sensor": device(points=POINTS)}) as here:
        await here.emitted.sample("sensor")
        assert here.emitted.values("sensor") == {
            "battery": 90,
            "warmth": 21.5,
            "first": 7,
            "last": 258,
            "label": "knobs",
        }
        peripheral.characteristic(LEVEL).value = b"\x59"
        await here.emitted.until(lambda: here.emitted.values("sensor")["battery"] == 89)
        assert here.emitted.states("sensor") == [DeviceState.ONLINE]


async def test_one_read_serves_all_points_of_a_characteristic(radio: Radio) -> None:
    peripheral, reads = sensor(), 0

    def read() -> bytes:
        nonlocal reads
        reads += 1
        return bytes([reads, 0, 0, reads])

    peripheral.characteristic(OWN).read = read
    points = {name: {"characteristic": OWN, "type": "uint8", "at": at} for at, name in enumerate("abcd")}
    async with site(radio, [peripheral], {"sensor": device(points=points, every="1h")}) as here:
        await here.emitted.sample("sensor")
        assert here.emitted.values("sensor") == {"a": 1, "b": 0, "c": 0, "d": 1}
    assert reads == 1


async def test_points_of_two_periods_come_in_samples_of_their_own(radio: Radio) -> None:
    points = {"battery": TWO["battery"], "warmth": {**TWO["warmth"], "every": "1h"}}
    async with site(radio, [sensor()], {"sensor": device(points=points)}) as here:
        await here.emitted.until(lambda: len(here.emitted.samples("sensor")) > 5)
        groups = [sample.group.points for sample in here.emitted.samples("sensor")]
    assert groups.count(("warmth",)) == 1
    assert groups.count(("battery",)) > 4


async def test_a_connection_on_demand_ends_when_it_is_idle(radio: Radio) -> None:
    peripheral = sensor()
    given = device(points=TWO, every="1h", gatt={"idle": "100ms"})
    async with site(radio, [peripheral], {"sensor": given}) as here:
        await here.emitted.sample("sensor")
        await until(lambda: not peripheral.connected)
        assert here.adapter.counters()["connects"] == 1
        assert (await here.read("battery")).values == {"battery": 90}
        assert here.adapter.counters()["connects"] == 2


async def test_a_kept_connection_stays(radio: Radio) -> None:
    peripheral = sensor()
    given = device(points=TWO, gatt={"idle": "0s", "connect": "kept"})
    async with site(radio, [peripheral], {"sensor": given}) as here:
        await here.emitted.sample("sensor", 10)
        assert here.adapter.counters()["connects"] == 1


async def test_values_as_long_as_they_may_be_are_read_whole(radio: Radio) -> None:
    peripheral = sensor(mtu=23)
    peripheral.characteristic(OWN).value = bytes(range(256)) * 2
    points = {"all": {"characteristic": OWN, "type": "bytes"}}
    async with site(radio, [peripheral], {"sensor": device(points=points)}) as here:
        await here.emitted.sample("sensor")
        assert here.emitted.values("sensor") == {"all": (bytes(range(256)) * 2).hex()}


async def test_the_service_says_which_of_two_is_meant(radio: Radio) -> None:
    peripheral = sensor()
    more = Service(TEMPERATURE, [Characteristic(LEVEL, ["read"], b"\x07")])
    peripheral.services = [*peripheral.services, more]
    points = {
        "one": {"characteristic": LEVEL, "type": "uint8", "service": "battery_service"},
        "other": {"characteristic": LEVEL, "type": "uint8", "service": TEMPERATURE},
        "any": {"characteristic": LEVEL, "type": "uint8"},
    }
    async with site(radio, [peripheral], {"sensor": device(points=points)}) as here:
        await here.emitted.sample("sensor")
        assert here.emitted.values("sensor") == {"one": 90, "other": 7, "any": None}
        assert "say which in `service`" in here.detail("sensor")


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (0x05, "paired with first"),
        (0x08, "does not allow that"),
        (0x0E, "something unlikely"),
        (0x11, "not enough memory"),
        (0x81, "a code of its own, 0x81"),
    ],
)
async def test_what_a_device_refuses_is_said_in_words(radio: Radio, code: int, words: str) -> None:
    peripheral = sensor()

    def refuse() -> bytes:
        raise AttError(code)

    peripheral.characteristic(LEVEL).read = refuse
    async with site(radio, [peripheral], {"sensor": device(points=TWO)}) as here:
        await here.emitted.sample("sensor")
        assert here.emitted.values("sensor") == {"battery": None, "warmth": 21.5}
        bad = here.emitted.bad("sensor")["battery"]
        assert bad.reason is BadReason.DEVICE_ERROR
        assert bad.code in {code, None}
        assert here.emitted.states("sensor")[-1] is DeviceState.DEGRADED
        assert words in here.detail("sensor")


async def test_one_that_is_mended_brings_the_device_back_online(radio: Radio) -> None:
    peripheral = sensor()
    peripheral.characteristic(LEVEL).flags = ["notify"]
    async with site(radio, [peripheral], {"sensor": device(points=TWO)}) as here:
        await here.emitted.state("sensor", DeviceState.DEGRADED)
        peripheral.characteristic(LEVEL).flags = ["read"]
        await here.emitted.state("sensor", DeviceState.ONLINE)


async def test_a_characteristic_that_it_does_not_have_is_named_with_those_that_it_has(radio: Radio) -> None:
    points = {**TWO, "other": {"characteristic": "fff1", "type": "uint8"}}
    async with site(radio, [sensor()], {"sensor": device(points=points)}) as here:
        await here.emitted.sample("sensor")
        assert here.emitted.values("sensor") == {"battery": 90, "warmth": 21.5, "other": None}
        assert "it has no characteristic fff1, only battery_level, temperature" in here.detail("sensor")


async def test_one_that_does_not_answer_costs_the_others_nothing_but_time(radio: Radio, bluez: Bluez) -> None:
    points = {**TWO, "first": POINTS["first"]}
    hung = bluez.inject("GattCharacteristic1.ReadValue", path="*service*", hang=True, times=1)
    given = device(points=points, gatt={"timeout": "200ms"})
    async with site(radio, [sensor()], {"sensor": given}) as here:
        await here.emitted.sample("sensor")
        values = here.emitted.values("sensor")
    assert hung.met == 1
    assert values == {"battery": None, "warmth": 21.5, "first": 0}
    assert here.emitted.samples("sensor")[0].bad == {"battery": Bad(BadReason.TIMEOUT)}


async def test_a_device_that_answers_nothing_is_offline_and_says_so(radio: Radio, bluez: Bluez) -> None:
    bluez.inject("GattCharacteristic1.ReadValue", hang=True)
    given = device(points=TWO, gatt={"timeout": "100ms"})
    async with site(radio, [sensor()], {"sensor": given}) as here:
        await here.emitted.state("sensor", DeviceState.OFFLINE)
        assert here.reason("sensor") == "timeout"
        assert set(here.emitted.bad("sensor")) == {"battery", "warmth"}
        bluez.mend()
        await here.emitted.state("sensor", DeviceState.ONLINE)


async def test_what_is_in_progress_is_waited_for(radio: Radio, bluez: Bluez) -> None:
    busy = ("org.bluez.Error.InProgress", "In Progress")
    bluez.inject("GattCharacteristic1.ReadValue", error=busy, times=5)
    async with site(radio, [sensor()], {"sensor": device(points=TWO)}) as here:
        await here.emitted.sample("sensor")
        assert here.emitted.values("sensor") == {"battery": 90, "warmth": 21.5}


async def test_what_is_in_progress_for_ever_is_given_up(radio: Radio, bluez: Bluez) -> None:
    bluez.inject("GattCharacteristic1.ReadValue", error=("org.bluez.Error.InProgress", "In Progress"))
    given = device(points=TWO, gatt={"timeout": "200ms"})
    async with site(radio, [sensor()], {"sensor": given}) as here:
        await here.emitted.state("sensor", DeviceState.OFFLINE)
        assert here.reason("sensor") == "timeout"


async def test_of_two_that_are_called_the_same_in_one_service_the_first_is_meant(radio: Radio) -> None:
    peripheral = Peripheral(
        SENSOR, "Twins", [Service(SERVICE, [Characteristic(OWN, ["read"], bytes([number])) for number in range(20)])]
    )
    given = device(points={"own": {"characteristic": OWN, "type": "uint8"}})
    async with site(radio, [peripheral], {"sensor": given}) as here:
        await here.emitted.sample("sensor")
        assert here.emitted.values("sensor") == {"own": 0}
