"""Examples are those of bthome.io/v1."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.ble.decoders.bthome import BtHomeDecoder
from adapters.ble.decoders.contract import Refusal, Told
from gateway.model import Value
from tests.ble.decoders.told import Notebook, refusal, service, told, values

EXAMPLES: list[tuple[str, dict[str, Value]]] = [
    ("2302C4090303BF13", {"temperature": 25.0, "humidity": 50.55}),
    ("020161", {"battery": 97}),
    ("2302CA09", {"temperature": 25.06}),
    ("022E23", {"humidity": 35.0}),
    ("0404138A01", {"pressure": 1008.83}),
    ("0405138A14", {"illuminance": 13460.67}),
    ("03065E1F", {"mass": 80.3}),
    ("03073E1D", {"mass": 33.956}),
    ("2308CA06", {"dew_point": 17.38}),
    ("020960", {"count": 96}),
    ("040A138A14", {"energy": 1346.067}),
    ("040B021B00", {"power": 69.14}),
    ("030C020C", {"voltage": 3.074}),
    ("030D120C", {"pm25": 3090.0}),
    ("030E021C", {"pm10": 7170.0}),
    ("0312E204", {"co2": 1250}),
    ("03133301", {"tvoc": 307.0}),
    ("0314020C", {"moisture": 30.74}),
    ("022F23", {"moisture": 35.0}),
    ("021100", {"opening": False}),
    ("021501", {"battery_low": True}),
    ("023A01", {"button": "press"}),
    ("023A06", {"button": "long_triple_press"}),
    ("033C0103", {"dimmer": -3}),
    ("033C020A", {"dimmer": 10}),
    ("023A00023A01", {"button_2": "press"}),
    ("050960000000", {"count": 96}),
    ("2209EA", {"count": -22}),
    ("43020064", {"temperature": 10.24}),
    ("45020000C844", {"temperature": 16.0}),
]


def plain() -> BtHomeDecoder:
    return BtHomeDecoder(None, Notebook())


@pytest.mark.parametrize(("payload", "expected"), EXAMPLES, ids=[payload for payload, _ in EXAMPLES])
def test_each_object_means_what_the_specification_says(payload: str, expected: dict[str, Value]) -> None:
    assert values(plain(), service("181c", payload)) == expected


def test_the_packets_number_is_its_counter() -> None:
    assert told(plain(), service("181c", "020009" + "2302CA09")).counter == 9


@pytest.mark.parametrize("object_", ["0250FF", "02FE01", "6302CA09", "0902CA09000000000000", "450900000000"])
def test_what_is_not_known_is_passed_over_by_its_length_and_counted(object_: str) -> None:
    packet = told(plain(), service("181c", object_ + "0303BF13"))
    assert (packet.values, packet.unknown) == ({"humidity": 50.55}, 1)


def test_an_address_in_it_is_no_value() -> None:
    packet = told(plain(), service("181c", "8700A5808FE64854" + "0303BF13"))
    assert (packet.values, packet.unknown) == ({"humidity": 50.55}, 0)


@pytest.mark.parametrize("number", ["0000C07F", "0000807F"], ids=["not a number", "infinity"])
def test_a_float_that_is_no_number_is_left_out(number: str) -> None:
    packet = told(plain(), service("181c", "4502" + number))
    assert (packet.values, packet.unknown) == ({}, 1)


@pytest.mark.parametrize("payload", ["23", "2302", "2302CA", "2302CA09" + "03", "00", "0101", ""])
def test_what_ends_within_a_value_tells_nothing_at_all(payload: str) -> None:
    assert refusal(plain(), service("181c", payload)) is Refusal.MALFORMED


@given(st.binary(max_size=40))
def test_any_bytes_give_values_of_their_kinds_or_none(data: bytes) -> None:
    if isinstance(plain().decode(service("181c", data)), Told):
        told(plain(), service("181c", data))


@given(st.integers(0, 7), st.integers(0, 0x3F), st.binary(min_size=1, max_size=30))
def test_any_object_in_any_form_gives_a_value_of_its_kind_or_none(form: int, id_: int, data: bytes) -> None:
    told(plain(), service("181c", bytes([form << 5 | len(data) + 1, id_]) + data))
