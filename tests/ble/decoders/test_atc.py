"""Advertisements are those that people have recorded for ble_monitor (its test_atc_parser.py), with what they say."""

from __future__ import annotations

import struct

import pytest
from Cryptodome.Cipher import AES
from hypothesis import given
from hypothesis import strategies as st

from adapters.ble.advert import Advert
from adapters.ble.decoders.atc import AtcDecoder
from adapters.ble.decoders.contract import Refusal, Told
from gateway.model import Value
from tests.ble.decoders.told import is_silent, refusal, service, told, values

KEY = bytes.fromhex("b9ea895fac7eea6d30532432a516f3a3")
SEALED_FROM = "A4:C1:38:8D:18:B2"
SEALED = "11d603fbfa7b6dfb1e26fd"

PLAIN: list[tuple[str, str, int, dict[str, Value]]] = [
    (
        "A4:C1:38:02:83:F4",
        "a4c1380283f400a22f5f0bf819",
        25,
        {"temperature": 16.2, "humidity": 47.0, "battery": 95, "voltage": 3.064},
    ),
    (
        "A4:C1:38:BC:7C:4E",
        "A4C138BC7C4E0102284F0B6720",
        32,
        {"temperature": 25.8, "humidity": 40.0, "battery": 79, "voltage": 2.919},
    ),
    (
        "A4:C1:38:02:83:F4",
        "f4830238c1a4a9066911b60b58f70d",
        247,
        {"temperature": 17.05, "humidity": 44.57, "battery": 88, "voltage": 2.998, "input": True, "output": False},
    ),
    (
        "A4:C1:38:8D:18:B2",
        "B2188D38C1A42B089011F70A43200F",
        32,
        {"temperature": 20.91, "humidity": 44.96, "battery": 67, "voltage": 2.807, "input": True, "output": True},
    ),
]


def sealed(clear: bytes, counter: int, key: bytes = KEY) -> bytes:
    length = 4 + len(clear) + 4
    nonce = bytes.fromhex(SEALED_FROM.replace(":", ""))[::-1] + bytes([length, 0x16, 0x1A, 0x18, counter])
    cipher = AES.new(key, AES.MODE_CCM, nonce=nonce, mac_len=4)
    cipher.update(b"\x11")
    body, tag = cipher.encrypt_and_digest(clear)
    return bytes([counter]) + body + tag


def from_sealed(data: str | bytes) -> Advert:
    return service("181a", data, SEALED_FROM)


@pytest.mark.parametrize(("address", "data", "counter", "expected"), PLAIN)
def test_what_is_in_the_clear(address: str, data: str, counter: int, expected: dict[str, Value]) -> None:
    packet = told(AtcDecoder(None), service("181a", data, address))
    assert (packet.values, packet.counter, packet.wraps) == (expected, counter, 256)


def test_the_custom_format_with_its_key() -> None:
    packet = told(AtcDecoder(KEY), from_sealed(SEALED))
    assert (packet.values, packet.counter) == (
        {"temperature": 23.45, "humidity": 41.73, "battery": 61, "input": False, "output": False},
        17,
    )


def test_atc1441s_format_with_its_key() -> None:
    packet = told(AtcDecoder(KEY), from_sealed(sealed(bytes([127, 85, 0x80 | 61]), 9)))
    assert (packet.values, packet.counter) == (
        {"temperature": 23.5, "humidity": 42.5, "battery": 61, "output": True},
        9,
    )


def test_without_a_key_it_says_that_it_needs_one() -> None:
    assert refusal(AtcDecoder(None), from_sealed(SEALED)) is Refusal.ENCRYPTED


@pytest.mark.parametrize("key", [bytes(16), bytes(12)])
def test_another_key_does_not_open_it(key: bytes) -> None:
    assert refusal(AtcDecoder(key), from_sealed(SEALED)) is Refusal.WRONG_KEY


@pytest.mark.parametrize(("address", "data"), [(address, data) for address, data, _, _ in PLAIN])
def test_a_plain_advertisement_of_a_device_with_a_key_is_not_believed(address: str, data: str) -> None:
    assert refusal(AtcDecoder(KEY), service("181a", data, address)) is Refusal.NOT_ENCRYPTED


@pytest.mark.parametrize(("address", "data"), [(address, data) for address, data, _, _ in PLAIN])
def test_what_has_another_devices_address_in_it_is_not_for_it(address: str, data: str) -> None:
    assert AtcDecoder(None).decode(service("181a", data, "A4:C1:38:00:00:00")) is None


def test_percents_that_can_not_be_are_none() -> None:
    clear = struct.pack("<hHBB", 2000, 10001, 101, 0)
    packet = told(AtcDecoder(KEY), from_sealed(sealed(clear, 1)))
    assert packet.values == {"temperature": 20.0, "input": False, "output": False}
    assert packet.absent == ("humidity", "battery")


@pytest.mark.parametrize(("address", "data"), [(address, data) for address, data, _, _ in PLAIN])
def test_every_truncation_tells_nothing(address: str, data: str) -> None:
    whole = bytes.fromhex(data)
    for end in range(len(whole)):
        assert is_silent(AtcDecoder(None), service("181a", whole[:end], address))


def test_every_truncation_of_what_is_encrypted_tells_nothing() -> None:
    for data in (bytes.fromhex(SEALED), sealed(bytes([127, 85, 61]), 9)):
        for end in range(len(data)):
            assert is_silent(AtcDecoder(KEY), from_sealed(data[:end]))


@pytest.mark.parametrize("bit", range(8 * len(bytes.fromhex(SEALED))))
def test_with_any_bit_flipped_it_tells_nothing(bit: int) -> None:
    data = bytearray.fromhex(SEALED)
    data[bit // 8] ^= 1 << bit % 8
    assert is_silent(AtcDecoder(KEY), from_sealed(bytes(data)))


@given(st.integers(-4000, 8500), st.integers(0, 10000), st.integers(0, 100), st.integers(0, 3), st.integers(0, 255))
def test_what_a_device_encrypts_is_told(hundredths: int, humidity: int, battery: int, flags: int, counter: int) -> None:
    packet = values(
        AtcDecoder(KEY), from_sealed(sealed(struct.pack("<hHBB", hundredths, humidity, battery, flags), counter))
    )
    assert packet == {
        "temperature": hundredths / 100,
        "humidity": humidity / 100,
        "battery": battery,
        "input": bool(flags & 1),
        "output": bool(flags & 2),
    }


@given(st.binary(max_size=24), st.sampled_from([None, KEY]))
def test_any_bytes_are_decoded_without_an_error(data: bytes, key: bytes | None) -> None:
    if isinstance(AtcDecoder(key).decode(from_sealed(data)), Told):
        told(AtcDecoder(key), from_sealed(data))


@given(st.binary(max_size=12), st.sampled_from(["A4C1388D18B2", "B2188D38C1A4"]))
def test_any_bytes_behind_its_address_are_decoded_without_an_error(data: bytes, address: str) -> None:
    advert = from_sealed(bytes.fromhex(address) + data)
    if isinstance(AtcDecoder(None).decode(advert), Told):
        told(AtcDecoder(None), advert)
