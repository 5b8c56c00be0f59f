"""Encryption: the example is that of bthome.io/encryption."""

from __future__ import annotations

import pytest
from Cryptodome.Cipher import AES
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from adapters.ble.decoders.bthome import BtHomeDecoder
from adapters.ble.decoders.contract import Refusal, Refused
from tests.ble.decoders.told import ADDRESS, Notebook, is_silent, refusal, service, told, values

KEY = bytes.fromhex("231d39c1d7cc1ab1aee224cd096db932")
EXAMPLE = "41e445f3c9962b332211006c7c4519"
COUNTER = 1122867


def sealed(clear: str, counter: int, key: bytes = KEY, about: str = "41") -> bytes:
    count = counter.to_bytes(4, "little")
    nonce = bytes.fromhex(ADDRESS.replace(":", "")) + b"\xd2\xfc" + bytes.fromhex(about) + count
    body, tag = AES.new(key, AES.MODE_CCM, nonce=nonce, mac_len=4).encrypt_and_digest(bytes.fromhex(clear))
    return bytes.fromhex(about) + body + count + tag


def sealed_v1(clear: str, counter: int, key: bytes = KEY) -> bytes:
    count = counter.to_bytes(4, "little")
    nonce = bytes.fromhex(ADDRESS.replace(":", "")) + b"\x1e\x18" + count
    cipher = AES.new(key, AES.MODE_CCM, nonce=nonce, mac_len=4)
    cipher.update(b"\x11")
    body, tag = cipher.encrypt_and_digest(bytes.fromhex(clear))
    return body + count + tag


def keyed(notebook: Notebook | None = None, key: bytes = KEY) -> BtHomeDecoder:
    return BtHomeDecoder(key, notebook or Notebook())


def test_the_published_example_opens() -> None:
    packet = told(keyed(), service("fcd2", EXAMPLE))
    assert packet.values == {"temperature": 25.06, "humidity": 50.55}
    assert (packet.counter, packet.wraps) == (COUNTER, 2**32)


def test_the_first_version_opens_too() -> None:
    packet = told(keyed(), service("181e", sealed_v1("2302CA090303BF13", 0x33221100)))
    assert packet.values == {"temperature": 25.06, "humidity": 50.55}


def test_without_a_key_it_says_that_it_needs_one() -> None:
    said = BtHomeDecoder(None, Notebook()).decode(service("fcd2", EXAMPLE))
    assert isinstance(said, Refused)
    assert said.why is Refusal.ENCRYPTED
    assert "key: ${secret:NAME}" in said.text


def test_another_key_does_not_open_it() -> None:
    assert refusal(keyed(key=bytes(16)), service("fcd2", EXAMPLE)) is Refusal.WRONG_KEY


def test_a_key_of_another_length_is_named() -> None:
    said = keyed(key=bytes(12)).decode(service("fcd2", EXAMPLE))
    assert isinstance(said, Refused)
    assert (said.why, "24 hex digits" in said.text) == (Refusal.WRONG_KEY, True)


def test_it_opens_only_from_the_address_that_sealed_it() -> None:
    assert refusal(keyed(), service("fcd2", EXAMPLE, "54:48:E6:8F:80:A6")) is Refusal.WRONG_KEY


@pytest.mark.parametrize("uuid", ["fcd2", "181c"])
def test_a_plain_advertisement_of_a_device_with_a_key_is_not_believed(uuid: str) -> None:
    plain = service(uuid, "4002CA09" if uuid == "fcd2" else "2302CA09")
    assert refusal(keyed(), plain) is Refusal.NOT_ENCRYPTED


def test_a_packet_that_is_repeated_says_the_same_again() -> None:
    decoder = keyed()
    assert decoder.decode(service("fcd2", EXAMPLE)) == decoder.decode(service("fcd2", EXAMPLE))


def test_a_counter_that_goes_back_is_not_believed() -> None:
    decoder = keyed()
    values(decoder, service("fcd2", sealed("02CA09", 1000)))
    values(decoder, service("fcd2", sealed("02CB09", 1001)))
    said = decoder.decode(service("fcd2", sealed("02CA09", 1000)))
    assert isinstance(said, Refused)
    assert said.why is Refusal.REPLAYED
    assert said.text == (
        "its counter went back from 1001 to 1000: somebody sends what was sent before; or the device was restarted, "
        "and is believed again when that has gone on for 3min and 5 packets"
    )


def test_two_packets_with_one_counter_are_both_believed_as_pvvxs_firmware_sends_them() -> None:
    decoder = keyed()
    for _ in range(3):
        assert values(decoder, service("fcd2", sealed("02CA09", 1000))) == {"temperature": 25.06}
        assert values(decoder, service("fcd2", sealed("0CCE0B", 1000))) == {"voltage": 3.022}


def test_the_newest_counter_is_known_after_a_restart_of_the_gateway() -> None:
    notebook = Notebook()
    values(keyed(notebook), service("fcd2", sealed("02CA09", 1001)))
    assert refusal(keyed(notebook), service("fcd2", sealed("02CA09", 1000))) is Refusal.REPLAYED


def test_the_newest_packet_may_be_heard_again_after_a_restart_of_the_gateway() -> None:
    notebook = Notebook()
    values(keyed(notebook), service("fcd2", sealed("02CA09", 1001)))
    assert values(keyed(notebook), service("fcd2", sealed("02CA09", 1001))) == {"temperature": 25.06}


def test_after_a_change_of_its_battery_it_is_believed_again_a_while_later() -> None:
    decoder = keyed()
    values(decoder, service("fcd2", sealed("02CA09", 1_000_000)))
    heard = [
        not is_silent(decoder, replace(service("fcd2", sealed("02CB09", minute)), time_ms=60_000 * minute))
        for minute in range(8)
    ]
    assert heard == [False] * 4 + [True] * 4


def test_the_newest_packet_between_shows_that_it_was_not_restarted() -> None:
    decoder = keyed()
    newest = service("fcd2", sealed("02CA09", 1_000_000))
    values(decoder, newest)
    for minute in range(20):
        old = replace(service("fcd2", sealed("02CB09", minute)), time_ms=60_000 * minute)
        assert refusal(decoder, old) is Refusal.REPLAYED
        assert values(decoder, newest) == {"temperature": 25.06}


def test_what_a_stranger_sends_moves_no_counter() -> None:
    notebook = Notebook()
    decoder = keyed(notebook)
    values(decoder, service("fcd2", sealed("02CA09", 1000)))
    refusal(decoder, service("fcd2", sealed("02CA09", 2**32 - 1, key=bytes(16))))
    assert notebook.facts["bthome"] == 1000
    assert values(decoder, service("fcd2", sealed("02CB09", 1001))) == {"temperature": 25.07}


def test_the_packets_own_number_is_its_counter_where_it_has_one() -> None:
    packet = told(keyed(), service("fcd2", sealed("0009" + "02CA09", 1000)))
    assert (packet.counter, packet.wraps) == (9, 256)


def test_an_encrypted_device_that_sends_only_when_something_happens_says_so() -> None:
    assert told(keyed(), service("fcd2", sealed("3A01", 1000, about="45"))).is_sporadic


def test_what_is_damaged_before_it_was_encrypted_tells_nothing() -> None:
    assert refusal(keyed(), service("fcd2", sealed("02CA", 1000))) is Refusal.MALFORMED


@pytest.mark.parametrize("uuid", ["fcd2", "181e"])
def test_every_truncation_tells_nothing(uuid: str) -> None:
    whole = bytes.fromhex(EXAMPLE) if uuid == "fcd2" else sealed_v1("2302CA090303BF13", 1000)
    for end in range(len(whole)):
        assert is_silent(keyed(), service(uuid, whole[:end]))


@pytest.mark.parametrize("bit", range(8 * len(bytes.fromhex(EXAMPLE))))
def test_with_any_bit_flipped_it_tells_nothing(bit: int) -> None:
    data = bytearray.fromhex(EXAMPLE)
    data[bit // 8] ^= 1 << bit % 8
    assert is_silent(keyed(), service("fcd2", bytes(data)))


@pytest.mark.parametrize("bit", range(8 * 16))
def test_with_any_bit_flipped_the_first_version_tells_nothing(bit: int) -> None:
    data = bytearray(sealed_v1("2302CA090303BF13", 1000))
    data[bit // 8] ^= 1 << bit % 8
    assert is_silent(keyed(), service("181e", bytes(data)))


@given(st.binary(min_size=16, max_size=16).filter(lambda key: key != KEY))
def test_no_other_key_opens_it(key: bytes) -> None:
    assert refusal(keyed(key=key), service("fcd2", EXAMPLE)) is Refusal.WRONG_KEY


@given(st.binary(max_size=40), st.sampled_from(["fcd2", "181c", "181e"]))
def test_no_bytes_from_elsewhere_tell_anything_where_there_is_a_key(data: bytes, uuid: str) -> None:
    assert is_silent(keyed(), service(uuid, data))


@given(st.lists(st.integers(100, 130), min_size=1, max_size=20))
def test_counters_are_believed_only_upwards(counters: list[int]) -> None:
    decoder, believed = keyed(), []
    for at, counter in enumerate(counters):
        if not is_silent(decoder, service("fcd2", sealed(f"02{at:02x}00", counter))):
            believed.append(counter)
    assert believed == sorted(believed)
