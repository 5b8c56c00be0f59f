"""What a radio has to do, as people read it, and what can't be or is hardly meant."""

import json
from typing import Any

import pytest

from adapters.ble import BleAdapter
from adapters.ble.config import BleDevice, BleLink
from adapters.ble.outlook.outlook import facts, lines
from gateway.adapter import Advice

BATTERY = {"battery": {"characteristic": "battery_level"}}
ADDRESS = "AA:BB:CC:DD:EE:01"


def link(**settings: Any) -> BleLink:
    return BleLink.model_validate({"adapter": "ble", "radio": "00:1A:7D:DA:71:13", **settings})


def device(**settings: Any) -> BleDevice:
    return BleDevice.model_validate({"link": "l", "address": ADDRESS, **settings})


def advised(given: BleDevice, **settings: Any) -> list[Advice]:
    return list(BleAdapter.advice(link(**settings), {"d": given}))


def test_the_plan_of_a_radio_is_a_table_with_what_its_connections_come_to() -> None:
    devices = {
        "room": device(decoder="bthome", key="0" * 32, points={"temperature": {}, "rssi": {}}),
        "any": device(decoder="auto"),
        "badge": device(points={"present": {}}),
        "tank": device(data={"manufacturer": 1}, points={"level": {"at": 0, "type": "int16"}}),
        "lock": device(
            every="1min", points={**BATTERY, "bolt": {"characteristic": "fff1", "type": "uint8", "notify": True}}
        ),
        "valve": device(every="1min", points=BATTERY),
    }
    *rows, total = lines(link(), devices)
    assert rows == [
        "device  comes by           every         points  connected",
        "room    bthome, encrypted  as it comes        2",
        "any     auto               as it comes  learned",
        "badge   presence           as it comes        1",
        "tank    bytes              as it comes        1",
        "lock    read               1min               1     always",
        "lock    notified           as it comes        1",
        "valve   read               1min               1        12%",
    ]
    assert total == "37% of 3 connections at a time, if to connect takes 2.0 s"


def test_a_radio_that_only_listens_says_so() -> None:
    assert lines(link(), {"d": device(decoder="auto")})[-1] == "nothing is connected to: its devices are only heard"


def test_the_plan_is_there_as_data_too() -> None:
    found = facts(link(connections=1), {"d": device(every="71s", points=BATTERY)})
    assert json.loads(json.dumps(found))["devices"][0]["how"] == "read"
    assert found["share"] == pytest.approx(0.1)


def test_kept_connections_beyond_what_the_radio_bears_are_told_of_the_link() -> None:
    devices = {
        name: device(address=f"AA:BB:CC:DD:EE:0{name}", gatt={"connect": "kept"}, points=BATTERY) for name in "12"
    }
    (only,) = BleAdapter.advice(link(connections=1), devices)
    assert (only.kind, only.device, only.path) == ("overload", None, ("connections",))
    assert list(BleAdapter.advice(link(connections=2), devices)) == []


def test_one_device_on_two_radios_is_no_twin() -> None:
    assert advised(device(decoder="auto")) == []


def test_a_name_that_is_none_of_a_decoder_is_told_with_the_one_that_was_meant() -> None:
    (only,) = advised(device(points={"t": {"from": "temprature", "type": "float"}}))
    assert (only.kind, only.path) == ("impossible", ("points", "t", "from"))
    assert only.text.endswith("did you mean temperature?")


@pytest.mark.parametrize(
    ("decoder", "counts"), [("bthome", True), ("auto", True), ("xiaomi", True), ("ibeacon", False), ("govee", False)]
)
def test_what_was_lost_is_told_only_by_those_whose_packets_have_numbers(decoder: str, counts: bool) -> None:
    advice = advised(device(decoder=decoder, points={"lost": {}}))
    assert [each.kind for each in advice] == ([] if counts else ["impossible"])


@pytest.mark.parametrize("name", ["temperature", "temperature_2", "temperature_17", "rssi", "lost", "present", "name"])
def test_what_decoders_tell_and_every_device_has_may_be_a_point(name: str) -> None:
    assert advised(device(points={name: {}})) == []


@pytest.mark.parametrize(("unit", "count"), [("C", 0), ("°C", 0), ("°F", 1), ("K", 1)])
def test_a_unit_that_is_only_renamed_is_told(unit: str, count: int) -> None:
    assert len(advised(device(points={"temperature": {"unit": unit}}))) == count
    assert advised(device(points={"temperature": {"unit": unit, "scale": 1.8, "offset": 32}})) == []


@pytest.mark.parametrize("scan", ["passive", "off"])
def test_what_is_read_over_connections_needs_no_scan(scan: str) -> None:
    assert advised(device(points=BATTERY), scan=scan) == []


def test_a_passive_scan_is_enough_for_what_changes_and_is_never_stale() -> None:
    assert advised(device(decoder="bthome", stale_after="never", points={"button": {}}), scan="passive") == []


def test_no_time_is_reckoned_of_what_can_not_work() -> None:
    given = device(every="2s", gatt={"connect": "on-demand"}, points={"battery": BATTERY["battery"] | {"notify": True}})
    assert [each.kind for each in advised(given, connections=1)] == ["impossible"]


def test_a_device_that_is_only_commanded_is_connected_to_for_that() -> None:
    commands = {"open": {"characteristic": "fff2", "send": {"hex": "A0"}}}
    asked = lines(link(), {"d": device(points={"present": {}}, commands=commands)})
    assert asked[-2:] == [
        "d       commands  when asked",
        "only for commands is anything connected to",
    ]
    kept = lines(link(), {"d": device(points={"present": {}}, commands=commands, gatt={"connect": "kept"})})
    assert kept[-2].split() == ["d", "commands", "when", "asked", "always"]


@pytest.mark.parametrize("address", ["5A:7D:4F:8A:BA:7A", "3E:00:00:00:00:01"])
def test_an_address_that_will_have_changed_tomorrow_is_named(address: str) -> None:
    (advice,) = advised(device(address=address, points={"present": {}}))
    assert "identity_key" in advice.text
    assert not advised(device(address=address, identity_key="0" * 32, points={"present": {}}))


@pytest.mark.parametrize(
    "address", ["54:48:E6:8F:80:A5", "A4:C1:38:00:00:01", "CB:B8:33:4C:88:4F", "DE:AD:BE:EF:00:01"]
)
def test_an_address_that_stays_is_none_of_these(address: str) -> None:
    assert not advised(device(address=address, points={"present": {}}))


def test_a_silence_that_is_shorter_than_devices_are_silent_is_named() -> None:
    (advice,) = advised(device(points={"present": {}}), silence="2s")
    assert "a silence of 2s" in advice.text
    assert advice.path == ("silence",)
