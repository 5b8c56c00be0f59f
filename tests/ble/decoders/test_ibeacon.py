"""The example is an iBeacon as Apple's specification lays it out, heard from a beacon of Blue Charm's."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from adapters.ble.decoders.contract import Refusal, Told
from adapters.ble.decoders.ibeacon import COMPANY, IBeaconDecoder
from tests.ble.decoders.told import manufacturer, refusal, service, told, values

BEACON = "0215426C7565436861726D426561636F6E730EFE1355C5"


def test_it_says_who_it_is_and_how_strong_at_a_metre() -> None:
    assert values(IBeaconDecoder(), manufacturer(COMPANY, BEACON)) == {
        "uuid": "426c7565-4368-6172-6d42-6561636f6e73",
        "major": 3838,
        "minor": 4949,
        "measured_power": -59,
    }


def test_what_a_maker_adds_is_counted() -> None:
    assert told(IBeaconDecoder(), manufacturer(COMPANY, BEACON + "64")).unknown == 1


def test_apples_other_advertisements_are_not_for_it() -> None:
    assert IBeaconDecoder().decode(manufacturer(COMPANY, "10050B1C8A2F3D")) is None
    assert IBeaconDecoder().decode(manufacturer(0x0499, BEACON)) is None
    assert IBeaconDecoder().decode(service("fcd2", BEACON)) is None


def test_every_truncation_tells_nothing() -> None:
    whole = bytes.fromhex(BEACON)
    for end in range(2, len(whole)):
        assert refusal(IBeaconDecoder(), manufacturer(COMPANY, whole[:end])) is Refusal.MALFORMED
    assert IBeaconDecoder().decode(manufacturer(COMPANY, whole[:1])) is None


@given(st.binary(max_size=40))
def test_any_bytes_are_decoded_without_an_error(data: bytes) -> None:
    if isinstance(IBeaconDecoder().decode(manufacturer(COMPANY, data)), Told):
        told(IBeaconDecoder(), manufacturer(COMPANY, data))
