"""Frames are laid out as github.com/google/eddystone says; the URL is its example."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.ble.decoders.contract import Refusal, Refused, Told
from adapters.ble.decoders.eddystone import EddystoneDecoder
from tests.ble.decoders.told import is_silent, refusal, service, told, values

UID = "00EE" + "00112233445566778899" + "AABBCCDDEEFF" + "0000"
URL = "10EE03" + b"goo.gl/Aq18zF".hex()
TLM = "2000" + "0BB8" + "1680" + "00000457" + "00002B67"


def test_a_uid_frame_says_who_it_is() -> None:
    expected = {"namespace": "00112233445566778899", "instance": "aabbccddeeff", "measured_power": -59}
    assert values(EddystoneDecoder(), service("feaa", UID)) == expected
    assert values(EddystoneDecoder(), service("feaa", UID[:-4])) == expected


def test_a_url_frame_says_where_to_look() -> None:
    assert values(EddystoneDecoder(), service("feaa", URL)) == {
        "url": "https://goo.gl/Aq18zF",
        "measured_power": -59,
    }


@pytest.mark.parametrize(
    ("encoded", "url"),
    [
        ("00" + b"a".hex() + "07", "http://www.a.com"),
        ("01" + b"a".hex() + "00" + b"b".hex(), "https://www.a.com/b"),
        ("02" + b"a".hex() + "06", "http://a.gov/"),
        ("03" + b"a".hex() + "0D", "https://a.gov"),
        ("03", "https://"),
    ],
)
def test_what_is_short_in_a_url_is_written_out(encoded: str, url: str) -> None:
    assert values(EddystoneDecoder(), service("feaa", "1000" + encoded))["url"] == url


@pytest.mark.parametrize("encoded", ["04" + "61", "030E", "0320", "037F", "03FF", "03" + "61" * 18])
def test_what_is_no_url_tells_nothing(encoded: str) -> None:
    assert refusal(EddystoneDecoder(), service("feaa", "1000" + encoded)) is Refusal.MALFORMED


def test_a_tlm_frame_says_how_the_beacon_is() -> None:
    packet = told(EddystoneDecoder(), service("feaa", TLM))
    assert packet.values == {"voltage": 3.0, "temperature": 22.5, "advertisements": 1111, "uptime": 1111.1}
    assert packet.counter is None


def test_a_temperature_below_zero() -> None:
    frame = TLM.replace("1680", "FF40")
    assert values(EddystoneDecoder(), service("feaa", frame))["temperature"] == -0.75


def test_what_a_beacon_does_not_measure_is_left_out() -> None:
    frame = "2000" + "0000" + "8000" + "00000457" + "00002B67"
    assert values(EddystoneDecoder(), service("feaa", frame)).keys() == {"advertisements", "uptime"}


@pytest.mark.parametrize("frame", ["2001" + "00" * 16, "30EE" + "0011223344556677"])
def test_what_is_encrypted_for_its_owner_says_so(frame: str) -> None:
    said = EddystoneDecoder().decode(service("feaa", frame))
    assert isinstance(said, Refused)
    assert (said.why, "only the service" in said.text) == (Refusal.ENCRYPTED, True)


def test_beside_what_anybody_can_read_what_is_its_owners_is_no_trouble() -> None:
    decoder = EddystoneDecoder()
    told(decoder, service("feaa", UID))
    sealed = told(decoder, service("feaa", "2001" + "00" * 16))
    assert (sealed.values, sealed.unknown) == ({}, 1)


def test_a_tlm_frame_of_a_version_to_come_tells_nothing() -> None:
    assert refusal(EddystoneDecoder(), service("feaa", "2002" + TLM[4:])) is Refusal.MALFORMED


def test_other_frames_of_the_service_are_not_for_it() -> None:
    assert EddystoneDecoder().decode(service("feaa", "4100112233")) is None
    assert EddystoneDecoder().decode(service("fcd2", UID)) is None


@pytest.mark.parametrize("frame", [UID, TLM])
def test_every_truncation_tells_nothing(frame: str) -> None:
    whole = bytes.fromhex(frame)
    for end in range(len(whole)):
        if (frame, end) != (UID, len(whole) - 2):
            assert is_silent(EddystoneDecoder(), service("feaa", whole[:end]))


@given(st.binary(max_size=40))
def test_any_bytes_are_decoded_without_an_error(data: bytes) -> None:
    if isinstance(EddystoneDecoder().decode(service("feaa", data)), Told):
        told(EddystoneDecoder(), service("feaa", data))
