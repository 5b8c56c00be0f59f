"""Examples are those of bthome.io/format, each with the result that stands there."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.ble.decoders.bthome import BtHomeDecoder
from adapters.ble.decoders.bthome_objects import OBJECTS
from adapters.ble.decoders.contract import Refusal, Told
from gateway.model import Value
from tests.ble.decoders.told import ADDRESS, Notebook, manufacturer, refusal, service, told, values

EXAMPLES: list[tuple[str, dict[str, Value]]] = [
    ("518756", {"acceleration": 22.151}),
    ("0161", {"battery": 97}),
    ("12E204", {"co2": 1250}),
    ("56E803", {"conductivity": 1000.0}),
    ("0960", {"count": 96}),
    ("3D0960", {"count": 24585}),
    ("3E2A2C0960", {"count": 1611213866}),
    ("59EA", {"count": -22}),
    ("5AEAEA", {"count": -5398}),
    ("5BEA0234EA", {"count": -365690134}),
    ("434E34", {"current": 13.39}),
    ("5D02EA", {"current": -5.63}),
    ("08CA06", {"dew_point": 17.38}),
    ("400C00", {"distance": 0.012}),
    ("414E00", {"distance": 7.8}),
    ("424E3400", {"duration": 13.39}),
    ("4d12138a14", {"energy": 344593.17}),
    ("0A138A14", {"energy": 1346.067}),
    ("4B138A14", {"gas": 1346.067}),
    ("4C41018A01", {"gas": 25821.505}),
    ("528756", {"gyroscope": 22.151}),
    ("03BF13", {"humidity": 50.55}),
    ("2E23", {"humidity": 35.0}),
    ("05138A14", {"illuminance": 13460.67}),
    ("065E1F", {"mass": 80.3}),
    ("073E1D", {"mass": 33.956}),  # 74.86 lb
    ("14020C", {"moisture": 30.74}),
    ("2F23", {"moisture": 35.0}),
    ("0D120C", {"pm25": 3090.0}),
    ("0E021C", {"pm10": 7170.0}),
    ("0B021B00", {"power": 69.14}),
    ("5C02FBFFFF", {"power": -12.78}),
    ("04138A01", {"pressure": 1008.83}),
    ("540C48656C6C6F20576F726C6421", {"raw": "48656c6c6f20576f726c6421"}),
    ("3F020C", {"rotation": 307.4}),
    ("444E34", {"speed": 133.9}),
    ("57EA", {"temperature": -22.0}),
    ("58EA", {"temperature": -7.7}),
    ("451101", {"temperature": 27.3}),
    ("02CA09", {"temperature": 25.06}),
    ("530C48656C6C6F20576F726C6421", {"text": "Hello World!"}),
    ("505d396164", {"timestamp": "2023-05-14T19:41:17Z"}),
    ("133301", {"tvoc": 307.0}),
    ("0C020C", {"voltage": 3.074}),
    ("4A020C", {"voltage": 307.4}),
    ("4E87562A01", {"volume": 19551.879}),
    ("478756", {"volume": 2215.1}),
    ("48DC87", {"volume": 34.78}),  # 34780 mL
    ("5587562A01", {"volume_storage": 19551.879}),
    ("49DC87", {"volume_flow_rate": 34.78}),
    ("4632", {"uv_index": 5.0}),
    ("4F87562A01", {"water": 19551.879}),
    ("5E9F8C", {"direction": 359.99}),
    ("1501", {"battery_low": True}),
    ("1601", {"battery_charging": True}),
    ("1700", {"carbon_monoxide": False}),
    ("1801", {"cold": True}),
    ("1900", {"connectivity": False}),
    ("1A00", {"door": False}),
    ("1B01", {"garage_door": True}),
    ("1C01", {"gas_detected": True}),
    ("0F01", {"generic_boolean": True}),
    ("1D00", {"heat": False}),
    ("1E01", {"light": True}),
    ("1F01", {"unlocked": True}),
    ("2001", {"moisture_detected": True}),
    ("2100", {"motion": False}),
    ("2201", {"moving": True}),
    ("2301", {"occupancy": True}),
    ("1100", {"opening": False}),
    ("2400", {"plug": False}),
    ("1001", {"power_on": True}),
    ("2500", {"presence": False}),
    ("2601", {"problem": True}),
    ("2701", {"running": True}),
    ("2800", {"safety": False}),
    ("2901", {"smoke": True}),
    ("2A00", {"sound": False}),
    ("2B00", {"tamper": False}),
    ("2C01", {"vibration": True}),
    ("2D01", {"window": True}),
    ("3A00", {}),
    ("3A01", {"button": "press"}),
    ("3A02", {"button": "double_press"}),
    ("3A03", {"button": "triple_press"}),
    ("3A04", {"button": "long_press"}),
    ("3A05", {"button": "long_double_press"}),
    ("3A06", {"button": "long_triple_press"}),
    ("3A80", {"button": "hold_press"}),
    ("3C0000", {}),
    ("3C0103", {"dimmer": -3}),
    ("3C020A", {"dimmer": 10}),
    ("F00100", {"device_type": 1}),
    ("F100010204", {"firmware": "4.2.1.0"}),
    ("F2000106", {"firmware": "6.1.0"}),
    # bthome-ble 3.25 has these, which the page does not show yet
    ("5FA00F", {"precipitation": 400.0}),
    ("6001", {"channel": 1}),
    ("61AC0D", {"rotational_speed": 3500.0}),
    ("62B8E7EB00", {"speed": 15.460280}),
    ("6302FBFFFF", {"acceleration": -0.001278}),
    ("6403", {"light_level": 3}),
    ("6507", {"settings_revision": 7}),
    ("3B0002", {"command": "toggle"}),
    ("3B010305", {"command": "step_up", "command_args": "05"}),
]


def plain() -> BtHomeDecoder:
    return BtHomeDecoder(None, Notebook())


def said(payload: str) -> Told:
    """What a device says whose advertisement is plain."""
    return told(plain(), service("fcd2", "40" + payload))


@pytest.mark.parametrize(("payload", "expected"), EXAMPLES, ids=[payload for payload, _ in EXAMPLES])
def test_each_object_means_what_the_specification_says(payload: str, expected: dict[str, Value]) -> None:
    if expected:
        assert said(payload).values == expected
    else:
        assert said("01" + "61" + payload).values == {"battery": 97}


def test_the_examples_have_every_object_that_there_is() -> None:
    special = {0x3B, 0x53, 0x54}
    assert {bytes.fromhex(payload)[0] for payload, _ in EXAMPLES} == {*OBJECTS, *special}


def test_the_example_of_an_advertisement() -> None:
    assert said("02C40903BF13").values == {"temperature": 25.0, "humidity": 50.55}


def test_several_of_a_kind_are_numbered_in_their_order_whatever_their_size() -> None:
    assert said("02CA09" + "451101" + "57EA").values == {
        "temperature": 25.06,
        "temperature_2": 27.3,
        "temperature_3": -22.0,
    }


def test_a_button_that_was_not_pressed_counts_but_tells_nothing() -> None:
    assert said("3A003A01").values == {"button_2": "press"}


def test_the_packets_number_is_its_counter() -> None:
    packet = said("0009" + "02CA09")
    assert (packet.counter, packet.wraps, packet.values) == (9, 256, {"temperature": 25.06})


def test_without_a_packets_number_there_is_no_counter() -> None:
    assert said("02CA09").counter is None


def test_objects_out_of_their_order_are_read_too() -> None:
    assert said("03BF1302CA09").values == {"humidity": 50.55, "temperature": 25.06}


def test_what_stands_before_an_id_of_a_newer_version_is_told_and_the_rest_is_counted() -> None:
    packet = said("02CA09" + "D1" + "03BF13")
    assert (packet.values, packet.unknown) == ({"temperature": 25.06}, 1)


@pytest.mark.parametrize(
    "payload", ["3A77", "3C0703", "2102", "3B0063", "5302C328"], ids=["button", "dimmer", "state", "command", "text"]
)
def test_a_value_that_means_nothing_known_is_left_out_and_counted(payload: str) -> None:
    packet = said(payload + "02CA09")
    assert (packet.values, packet.unknown) == ({"temperature": 25.06}, 1)


@pytest.mark.parametrize(
    "payload", ["02CA", "02", "02CA0903BF", "0C0C", "00", "53", "5305486100", "54FF", "3B", "3B02"]
)
def test_what_ends_within_a_value_tells_nothing_at_all(payload: str) -> None:
    assert refusal(plain(), service("fcd2", "40" + payload)) is Refusal.MALFORMED


@pytest.mark.parametrize("data", ["", "40", "4001"[:2], "20" + "0161", "60" + "0161", "00" + "0161"])
def test_what_is_empty_or_of_no_version_that_there_is_tells_nothing(data: str) -> None:
    assert refusal(plain(), service("fcd2", data)) is Refusal.MALFORMED


def test_a_device_that_sends_only_when_something_happens_says_so() -> None:
    assert told(plain(), service("fcd2", "443A01")).is_sporadic
    assert not told(plain(), service("fcd2", "403A01")).is_sporadic


def test_an_address_that_is_repeated_in_it_is_no_value() -> None:
    with_address = "42" + "A5808FE64854" + "02CA09"
    assert values(plain(), service("fcd2", with_address, ADDRESS)) == {"temperature": 25.06}
    assert refusal(plain(), service("fcd2", with_address, "54:48:E6:8F:80:A6")) is Refusal.MALFORMED


def test_bits_for_future_use_mean_nothing() -> None:
    assert values(plain(), service("fcd2", "58" + "02CA09")) == {"temperature": 25.06}


def test_other_advertisements_are_not_for_it() -> None:
    assert plain().decode(service("181a", "4002CA09")) is None
    assert plain().decode(manufacturer(0x0499, "4002CA09")) is None


@given(st.sampled_from([payload for payload, _ in EXAMPLES]), st.sampled_from([payload for payload, _ in EXAMPLES]))
def test_a_truncated_advertisement_tells_nothing_that_was_not_said(first: str, second: str) -> None:
    whole = plain().decode(service("fcd2", "40" + first + second))
    assert isinstance(whole, Told)
    for end in range(1 + len(first + second) // 2):
        part = plain().decode(service("fcd2", bytes.fromhex("40" + first + second)[:end]))
        assert not isinstance(part, Told) or part.values.items() <= whole.values.items()


@given(st.binary(max_size=64))
def test_any_bytes_are_decoded_without_an_error(data: bytes) -> None:
    for uuid in ("fcd2", "181c", "181e"):
        packet = plain().decode(service(uuid, data))
        if isinstance(packet, Told):
            told(plain(), service(uuid, data))


@given(st.sampled_from(sorted(OBJECTS)), st.data())
def test_any_number_of_any_object_is_a_value_of_its_kind(id_: int, data: st.DataObject) -> None:
    size = OBJECTS[id_].size
    told(plain(), service("fcd2", bytes([0x40, id_]) + data.draw(st.binary(min_size=size, max_size=size))))
