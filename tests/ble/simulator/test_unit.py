"""What one simulated device is worth, and what it says, without a radio."""

from typing import Any

import pytest

from adapters.ble.config import Attribute, BleDevice, full_uuid
from adapters.ble.simulator.cabinet import OTHERS, Refused
from adapters.ble.simulator.faults import KINDS, fault_of
from adapters.ble.simulator.forge.private import private_address
from adapters.ble.simulator.unit import Unit
from gateway.adapter import Rejected
from gateway.model import Value
from gateway.values import Unwritable

ADDRESS = "A4:C1:38:11:22:33"
KEY = "231d39c1d7cc1ab1aee224cd096db932"
OWN = full_uuid(0xFFF1)
ANSWERS = full_uuid(0xFFF2)
BTHOME = full_uuid(0xFCD2)


def unit(**given: Any) -> Unit:
    return Unit("thermo", BleDevice.model_validate({"link": "radio", "address": ADDRESS, **given}), ADDRESS)


def lock(**command: Any) -> Unit:
    points = {
        "open_for": {"characteristic": "fff1", "type": "uint8", "notify": True},
        "battery": {"characteristic": "battery_level"},
    }
    send = {"characteristic": "fff2", "send": {"hex": "A5 {open_for:uint8}"}, "args": {"open_for": {"type": "int"}}}
    return unit(points=points, commands={"open": {**send, **command}})


def test_a_point_has_its_scale_and_its_labels_on_top_of_what_is_told() -> None:
    made = unit(
        decoder="bthome",
        points={
            "fahrenheit": {"from": "temperature", "type": "float", "scale": 1.8, "offset": 32, "unit": "°F"},
            "door": {"type": "int", "from": "count", "enum": {0: "shut", 3: "open"}},
        },
    )
    made.put("fahrenheit", 68.0)
    made.put("door", "open")
    assert made.voice.next().services == {BTHOME: bytes.fromhex("4000 00 02d007 3e03000000")}
    assert (made.get("fahrenheit"), made.get("door")) == (68.0, "open")


def test_what_is_set_is_what_a_gateway_reads_rounded_to_the_steps_of_the_format() -> None:
    made = unit(points={"temperature": {}})
    made.put("temperature", 21.237)
    assert made.get("temperature") == 21.24


def test_points_at_places_share_the_bytes_of_their_part() -> None:
    own = {"manufacturer": 0x0499, "starts": "07", "length": 6}
    made = unit(
        data=own,
        points={
            "level": {"at": 1, "type": "uint16", "scale": 0.1},
            "full": {"at": 3, "type": "bool", "bits": 2},
            "last": {"at": -1, "type": "uint8"},
        },
    )
    for name, value in {"level": 12.3, "full": True, "last": 9}.items():
        made.put(name, value)
    assert made.voice.next().manufacturer == {0x0499: bytes.fromhex("07 007b 04 00 09")}


def test_a_device_whose_points_are_learned_has_the_usual_ones() -> None:
    made = unit(decoder="auto")
    assert {name: point.unit for name, point in made.device.points.items()} == {
        "temperature": "°C",
        "humidity": "%",
        "battery": "%",
    }


def test_each_advertisement_is_a_new_packet() -> None:
    made = unit(points={"temperature": {}})
    assert [made.voice.next().services[BTHOME][2] for _ in range(3)] == [0, 1, 2]


def test_what_happens_is_told_three_times_as_one_packet_and_then_no_more() -> None:
    made = unit(points={"temperature": {}, "button": {}})
    made.put("button", "double_press")
    said = [made.voice.next().services[BTHOME].hex() for _ in range(6)]
    assert said == ["4000003a02", "4000003a02", "4000003a02", "400001020000", "400002020000", "400003020000"]
    assert made.get("button") == "double_press"


@pytest.mark.parametrize(("point", "value", "why"), [
    ("temperature", 400.0, "does not fit"),
    ("temperature", "warm", "not a number"),
    ("present", False, "out-of-range"),
    ("lost", 3, "loss:5%"),
    ("rssi", -300, "-126 to 20"),
])  # fmt: skip
def test_what_can_not_be_told_is_refused(point: str, value: Value, why: str) -> None:
    made = unit(points={point: {}})
    with pytest.raises(Unwritable, match=why):
        made.put(point, value)


def test_what_no_format_tells_is_refused_at_the_start() -> None:
    with pytest.raises(Rejected, match="thermo can't be simulated: ruuvi tells no co2, but"):
        unit(decoder="ruuvi", points={"co2": {"type": "int"}})


@pytest.mark.parametrize("fault", ["wrong-key", "replay", "new-address", "reject"])
def test_a_fault_that_would_change_nothing_is_known_as_such(fault: str) -> None:
    assert unit(points={"temperature": {}}).pointless(fault_of(fault, 1.0))
    assert not unit(
        points={"temperature": {}, "battery": {"characteristic": "battery_level"}}, key=KEY, identity_key=KEY
    ).pointless(fault_of(fault, 1.0))


def test_with_a_wrong_key_the_same_is_told_otherwise() -> None:
    made = unit(points={"temperature": {}}, key=KEY)
    made.fault = fault_of("wrong-key", 1.0)
    wrong = made.voice.next().services[BTHOME]
    right = unit(points={"temperature": {}}, key=KEY).voice.next().services[BTHOME]
    assert (wrong[0], len(wrong)) == (right[0], len(right))
    assert wrong[-4:] != right[-4:]


def test_who_replays_says_what_he_has_said_before_and_nothing_new() -> None:
    made = unit(points={"temperature": {}}, key=KEY)
    said = [made.voice.next() for _ in range(5)]
    made.fault = fault_of("replay", 1.0)
    assert all(made.voice.next() in said for _ in range(20))


def test_garbage_is_as_long_as_what_was_meant_and_another_each_time() -> None:
    made = unit(points={"temperature": {}})
    right = made.voice.next().services[BTHOME]
    made.fault = fault_of("garbage", 1.0)
    said = {made.voice.next().services[BTHOME] for _ in range(5)}
    assert len(said) == 5
    assert {len(each) for each in said} == {len(right)}


@pytest.mark.parametrize(("share", "lost"), [("5%", 50), ("100%", 1000), ("", 200)])
def test_a_share_of_the_advertisements_is_lost_evenly(share: str, lost: int) -> None:
    fault = fault_of(f"loss:{share}" if share else "loss", 1.0)
    assert sum(fault.loses(number) for number in range(1000)) == lost


@pytest.mark.parametrize("text", ["", "deaf", "loss:0%", "loss:lots", "dead:1s", "slow:5"])
def test_a_fault_that_there_is_not_is_a_sentence(text: str) -> None:
    with pytest.raises(
        ValueError, match=r"there is no fault .*, but well, dead|no share|takes nothing|must be a duration"
    ):
        fault_of(text, 1.0)


def test_every_fault_is_known_by_its_name() -> None:
    assert [fault_of(kind, 1.0).text for kind in KINDS] == [*KINDS]


def test_characteristics_have_the_flags_that_their_points_and_commands_need() -> None:
    made = lock(write="without-response", answer={}).cabinet
    assert {place: made.flags(place) for place in made.cells} == {
        Attribute(OWN, OTHERS): ["read", "notify"],
        Attribute(full_uuid(0x2A19), full_uuid(0x180F)): ["read"],
        Attribute(ANSWERS, OTHERS): ["notify", "write-without-response"],
    }


def test_a_command_sets_the_points_of_its_arguments_and_is_answered() -> None:
    made = lock(answer={"starts": "a501"})
    told = made.cabinet.write(Attribute(ANSWERS, OTHERS), bytes.fromhex("a5 1e"))
    assert [(each.attribute.characteristic, each.data.hex()) for each in told] == [(OWN, "1e"), (ANSWERS, "a501")]
    assert made.get("open_for") == 30


def test_an_answer_that_is_read_stands_where_it_is_looked_for() -> None:
    made = lock(answer={"by": "read", "starts": "a501"})
    place = Attribute(ANSWERS, OTHERS)
    assert [each.attribute.characteristic for each in made.cabinet.write(place, bytes.fromhex("a5 01"))] == [OWN]
    assert made.cabinet.cells[place].data.hex() == "a501"


@pytest.mark.parametrize("data", ["", "a5", "a6 01", "a5 01 00"])
def test_what_is_no_command_is_refused(data: str) -> None:
    with pytest.raises(Refused):
        lock().cabinet.write(Attribute(ANSWERS, OTHERS), bytes.fromhex(data))


def test_only_what_is_writable_is_written_and_only_as_long_as_it_is() -> None:
    points = {
        "setpoint": {"characteristic": "fff1", "type": "int16", "scale": 0.1, "writable": True},
        "measured": {"characteristic": "fff2", "type": "int16"},
    }
    made = unit(points=points)
    assert made.cabinet.write(Attribute(OWN, OTHERS), bytes.fromhex("00d7")) == []
    assert made.get("setpoint") == 21.5
    for place, data in ((OWN, b"\0"), (ANSWERS, b"\0\0")):
        with pytest.raises(Refused):
            made.cabinet.write(Attribute(place, OTHERS), data)


def test_interlocks_are_as_they_are_wanted_and_stay_so() -> None:
    command = {"characteristic": "fff2", "send": "go", "interlock": {"door": True}}
    made = unit(points={"door": {"characteristic": "fff1", "type": "bool"}}, commands={"go": command})
    assert made.steady() == {"door"}
    assert made.get("door") is True


def test_a_private_address_is_the_specifications_sample() -> None:
    """Core Specification 6.0, Vol 3, Part H, D.7: prand 708194 gives 0dfbaa."""
    key = bytes.fromhex("ec0234a357c8ad05341010a60a397d9b")
    assert private_address(key, bytes.fromhex("708194")) == "70:81:94:0D:FB:AA"


def test_no_point_is_without_a_value_once_it_lives() -> None:
    measured = ("temperature", "pressure", "voltage", "acceleration_z")
    made = unit(decoder="ruuvi", points={name: {"type": "float"} for name in measured})
    for point in made.device.points:
        made.live(point, 1.0)
    assert all(made.get(point) for point in made.device.points)
