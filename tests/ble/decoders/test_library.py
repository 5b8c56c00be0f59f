from __future__ import annotations

import logging
import math
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from adapters.ble.advert import Advert
from adapters.ble.config import full_uuid
from adapters.ble.config.decoder import FAMILIES
from adapters.ble.decoders.contract import Refusal, Told
from adapters.ble.decoders.library import LibraryDecoder, names
from adapters.ble.decoders.library.marks import SENSORPUSH
from adapters.ble.decoders.library.rules import COMPANIES, OTHERS, SERVICES
from adapters.ble.decoders.library.sporadic import sporadic
from adapters.ble.quantities import quantity_of
from tests.ble.decoders.captured import CAPTURED, Captured
from tests.ble.decoders.told import Notebook, is_silent, refusal, service, told, values

WHOLE = [each for each in CAPTURED if not each.key]
SEALED = [each for each in CAPTURED if each.key]
MI = full_uuid(0xFE95)
CGG1, YLKG07 = SEALED[0], next(each for each in SEALED if len(each.key) == 24)
PLAIN_MI = next(each for each in WHOLE if each.family == "xiaomi")
GOVEE = CAPTURED[0]


def of(captured: Captured, key: str | None = None) -> LibraryDecoder:
    return LibraryDecoder(bytes.fromhex(captured.key if key is None else key) or None, Notebook())


def cut(advert: Advert) -> Iterator[Advert]:
    """Each of its data, shorter by so many bytes, the rest as it was."""
    for number, data in advert.manufacturer.items():
        for length in range(len(data)):
            yield with_manufacturer(advert, {**advert.manufacturer, number: data[:length]})
    for uuid, data in advert.services.items():
        for length in range(len(data)):
            yield with_services(advert, {**advert.services, uuid: data[:length]})


def only_theirs(captured: Captured) -> Advert:
    """Without what says nothing."""
    advert = captured.advert
    for number in captured.advert.manufacturer:
        less = with_manufacturer(advert, {n: data for n, data in advert.manufacturer.items() if n != number})
        advert = less if isinstance(of(captured).decode(less), Told) else advert
    return advert


def with_manufacturer(advert: Advert, data: dict[int, bytes]) -> Advert:
    return Advert(advert.address, 0, -60, advert.name, None, data, advert.services, advert.uuids)


def with_services(advert: Advert, data: dict[str, bytes]) -> Advert:
    return Advert(advert.address, 0, -60, advert.name, None, advert.manufacturer, data, advert.uuids)


def numbered(captured: Captured) -> str:
    return f"{captured.family}-{captured.model}-{CAPTURED.index(captured)}"


@pytest.mark.parametrize("captured", CAPTURED, ids=numbered)
def test_what_devices_were_heard_to_say_is_told_by_our_names(captured: Captured) -> None:
    answer = told(of(captured), captured.advert)
    assert (answer.decoder, answer.values, answer.model) == (captured.family, captured.says, captured.model)


@pytest.mark.parametrize("captured", CAPTURED, ids=numbered)
def test_a_decoder_of_one_maker_knows_only_theirs(captured: Captured) -> None:
    key = bytes.fromhex(captured.key) or None
    assert told(LibraryDecoder(key, Notebook(), (captured.family,)), captured.advert).values == captured.says
    others = tuple(each for each in FAMILIES if each != captured.family)
    assert LibraryDecoder(key, Notebook(), others).decode(captured.advert) is None


IN_ROWS = ("qingping", "teltonika")
"""Makers whose data are values in a row, each whole by itself: behind one of them the rest may be cut."""
BEGIN_ALIKE = ("iBBQ-2", "H5051/H5071")
"""Models that are another one's with more behind it."""


@pytest.mark.parametrize("captured", CAPTURED, ids=numbered)
def test_what_is_cut_short_is_never_a_value(captured: Captured) -> None:
    decoder = of(captured)
    for advert in cut(only_theirs(captured)):
        answer = decoder.decode(advert)
        if isinstance(answer, Told):
            assert captured.family in IN_ROWS or captured.model in BEGIN_ALIKE
            assert answer.values.items() <= captured.says.items()


@pytest.mark.parametrize("captured", CAPTURED, ids=numbered)
def test_what_is_repeated_says_the_same(captured: Captured) -> None:
    decoder = of(captured)
    assert decoder.decode(captured.advert) == decoder.decode(captured.advert) == of(captured).decode(captured.advert)


@pytest.mark.parametrize("captured", SEALED, ids=numbered)
def test_what_is_encrypted_says_nothing_without_its_key_or_with_another(captured: Captured) -> None:
    assert refusal(of(captured, ""), captured.advert) is Refusal.ENCRYPTED
    assert refusal(of(captured, "00" * (len(captured.key) // 2)), captured.advert) is Refusal.WRONG_KEY
    assert refusal(of(captured, "00" * (28 - len(captured.key) // 2)), captured.advert) is Refusal.WRONG_KEY


@pytest.mark.parametrize("captured", [each for each in SEALED if len(each.key) == 32], ids=numbered)
def test_a_changed_byte_of_what_is_signed_gives_no_value(captured: Captured) -> None:
    decoder, data = of(captured), captured.advert.services[MI]
    for at in range(len(data)):
        changed = data[:at] + bytes([data[at] ^ 0x41]) + data[at + 1 :]
        assert is_silent(decoder, with_services(captured.advert, {MI: changed}))


@given(st.binary(min_size=12, max_size=12))
def test_a_wrong_key_of_what_is_not_signed_gives_no_value(key: bytes) -> None:
    if key != bytes.fromhex(YLKG07.key):
        assert refusal(LibraryDecoder(key, Notebook()), YLKG07.advert) is Refusal.WRONG_KEY


def test_what_was_sent_before_is_refused_also_after_a_restart() -> None:
    captured = next(each for each in SEALED if each.model == "MS1BB(MI)")
    key, memory = bytes.fromhex(captured.key), Notebook()
    assert told(LibraryDecoder(key, memory), captured.advert).counter == 0x9A
    assert memory.facts["xiaomi"] == 0x269A
    assert told(LibraryDecoder(key, memory), captured.advert).counter == 0x9A
    memory.keep("xiaomi", 0x269B)
    assert refusal(LibraryDecoder(key, memory), captured.advert) is Refusal.REPLAYED


def test_a_packet_whose_name_comes_a_little_later_is_not_taken_for_one_that_is_sent_again() -> None:
    captured = next(each for each in SEALED if each.model == "LYWSD03MMC")
    decoder = of(captured)
    assert values(decoder, captured.advert) == {"humidity": 46.7}
    assert values(decoder, replace(captured.advert, name="LYWSD03MMC")) == {"humidity": 46.7}


@pytest.mark.parametrize("key", ["", "e9ea895fac7cca6d30532432a516f3a8"])
def test_a_frame_without_values_says_that_the_device_is_there_and_counts(key: str) -> None:
    decoder = LibraryDecoder(bytes.fromhex(key) or None, Notebook(), ("xiaomi",))
    packet = told(decoder, service("fe95", "30585B05C16B872F38C1A408", "A4:C1:38:2F:87:6B"))
    assert (packet.values, packet.counter, packet.wraps, packet.is_sporadic) == ({}, 0xC1, 256, None)


SPEAKS = {"opening": True, "smoke": True, "temperature": False, "humidity": False, "battery": None, "unlocked": True}


@pytest.mark.parametrize(("name", "is_sporadic"), SPEAKS.items())
def test_who_tells_what_happens_is_sporadic_and_who_measures_is_not(name: str, is_sporadic: bool | None) -> None:
    assert sporadic("of no model that is known", [name]) is is_sporadic


def test_a_device_that_is_known_to_be_sporadic_is_whatever_it_tells() -> None:
    assert sporadic("RTCGQ02LM", ["illuminance"])
    captured = next(each for each in SEALED if each.model == "MS1BB(MI)")
    assert told(of(captured), captured.advert).is_sporadic


def test_plain_data_of_a_device_with_a_key_could_be_anybodys() -> None:
    assert refusal(of(PLAIN_MI, "00" * 16), PLAIN_MI.advert) is Refusal.NOT_ENCRYPTED


def test_a_frame_with_another_devices_address_is_refused() -> None:
    advert = PLAIN_MI.advert
    moved = Advert("58:2D:34:35:93:22", 0, -60, services=advert.services)
    assert refusal(of(PLAIN_MI), moved) is Refusal.MALFORMED


def test_an_encrypted_mikrotik_tag_is_not_read_as_if_it_were_plain() -> None:
    captured = next(each for each in CAPTURED if each.family == "mikrotik")
    data = bytearray(captured.advert.manufacturer[0x094F])
    data[1] |= 1
    assert refusal(of(captured), with_manufacturer(captured.advert, {0x094F: bytes(data)})) is Refusal.ENCRYPTED


def test_what_says_something_impossible_is_not_believed_at_all() -> None:
    failed = bytes.fromhex("00ba0af90fe30201")
    advert = with_manufacturer(GOVEE.advert, {0xEC88: failed[:5] + b"\xe3" + failed[6:8] + b"\x01"})
    assert refusal(of(GOVEE), advert) is Refusal.MALFORMED


def test_a_measurement_that_hides_in_the_companys_number_is_refused_when_there_are_two() -> None:
    captured = next(each for each in CAPTURED if each.family == "thermopro")
    (data,) = captured.advert.manufacturer.values()
    advert = with_manufacturer(captured.advert, {0xFFC2: data, 0x00C2: data})
    assert refusal(of(captured), advert) is Refusal.MALFORMED


def test_temperatures_below_zero_have_their_sign() -> None:
    captured = next(each for each in CAPTURED if each.family == "relsib")
    uuid, data = next(iter(captured.advert.services.items()))
    cold = data[:4] + (-512).to_bytes(2, "little", signed=True) + data[6:]
    assert told(of(captured), with_services(captured.advert, {uuid: cold})).values["temperature"] == -5.12


def test_nothing_is_logged_or_printed(caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]) -> None:
    with caplog.at_level(logging.DEBUG):
        for captured in CAPTURED:
            for advert in (captured.advert, *cut(captured.advert)):
                of(captured, "").decode(advert)
    assert not caplog.records
    assert capfd.readouterr() == ("", "")


def test_every_name_that_can_be_told_is_a_quantity() -> None:
    told_by_us = {
        *names.COMMON.values(),
        *names.PROBES.values(),
        *(n for own in names.OF_FAMILY.values() for n in own.values()),
    }
    assert [name for name in told_by_us if quantity_of(name) is None] == []


def test_every_maker_of_the_configuration_has_a_rule() -> None:
    ruled = {each.family for each in (*SERVICES.values(), *COMPANIES.values(), *OTHERS)}
    assert ruled | {"xiaomi"} == set(FAMILIES)


NUMBERS = st.sampled_from([*COMPANIES, 0x90C0, 0x0491, 0x8290, 0xFFC2, 0x9B90]) | st.integers(0, 0xFFFF)
SHORTS = st.sampled_from([*SERVICES, 0xFE95]) | st.integers(0, 0xFFFF)
DATA = st.binary(max_size=40) | st.sampled_from([0, *range(5, 24)]).flatmap(lambda n: st.binary(min_size=n, max_size=n))
NAMES = st.sampled_from([None, "", "sps", "tps", "ECo", "MyCO2", "TP357 (1)", "PUCK_TH", "P RHT 9", "iBBQ"])
UUIDS = st.sets(st.sampled_from([full_uuid(n) for n in (0xFFF0, 0xAA20, 0x8251, 0x8351, 0x8551)] + [SENSORPUSH]))
ADVERTS = st.builds(
    lambda name, manufacturer, services, uuids: Advert(
        "AA:BB:CC:DD:EE:FF", 0, -60, name, None, manufacturer,
        {full_uuid(short): data for short, data in services.items()}, tuple(uuids),
    ),
    NAMES,
    st.dictionaries(NUMBERS, DATA, max_size=3),
    st.dictionaries(SHORTS, DATA, max_size=3),
    UUIDS,
)  # fmt: skip


@given(ADVERTS, st.sampled_from([None, bytes(16), bytes(12)]))
def test_whatever_is_heard_nothing_is_raised_and_no_value_is_impossible(advert: Advert, key: bytes | None) -> None:
    answer = LibraryDecoder(key, Notebook()).decode(advert)
    if isinstance(answer, Told):
        for name, value in told(LibraryDecoder(key, Notebook()), advert).values.items():
            low, high = names.CANNOT.get(name, (-math.inf, math.inf))
            assert isinstance(value, str) or (math.isfinite(value) and low <= value <= high)


@pytest.mark.parametrize("address", ["", "hci0", "AA:BB", "zz:zz:zz:zz:zz:zz"])
def test_what_has_no_proper_address_says_nothing(address: str) -> None:
    assert of(GOVEE).decode(Advert(address, 0, -60, manufacturer=GOVEE.advert.manufacturer)) is None
