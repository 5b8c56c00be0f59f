from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from adapters.ble.advert import Advert
from adapters.ble.config.decoder import AUTO
from adapters.ble.decoders.auto import AutoDecoder
from adapters.ble.decoders.contract import Decoder, Refusal, Refused, Told
from adapters.ble.decoders.make import decoder_called
from tests.ble.decoders.captured import CAPTURED
from tests.ble.decoders.test_library import ADVERTS
from tests.ble.decoders.told import Notebook, manufacturer, service, told

REFUSED = Refused("them", Refusal.MALFORMED, "it is too short")
IBEACON = bytes.fromhex("0215fda50693a4e24fb1afcfc6eb0764782527114cb9c5")
BTHOME = bytes.fromhex("40000502ca09")


def auto(key: bytes | None = None) -> Decoder:
    return decoder_called(AUTO, None, key, Notebook())


class Says:
    def __init__(self, answer: Told | Refused | None) -> None:
        self.answer = answer

    def decode(self, advert: Advert, /) -> Told | Refused | None:
        return self.answer


def asked(*answers: Told | Refused | None) -> Told | Refused | None:
    return AutoDecoder([Says(answer) for answer in answers]).decode(manufacturer(1, "00"))


def test_what_several_tell_is_put_together_and_the_first_wins_a_name() -> None:
    first, second = Told("one", {"a": 1}, model="X"), Told("two", {"a": 2, "b": 3}, 7, 16, "Y")
    assert asked(None, first, second) == Told("one+two", {"a": 1, "b": 3}, 7, 16, "X")


def test_what_is_told_goes_before_what_is_refused() -> None:
    assert asked(REFUSED, Told("one", {"a": 1})) == Told("one", {"a": 1})
    assert asked(None, REFUSED, None) is REFUSED
    assert asked(None, None) is None


def test_it_names_who_knows_the_advertisement() -> None:
    for captured in CAPTURED:
        if not captured.key and captured.family not in ("tilt", "jaalee"):
            assert told(auto(), captured.advert).decoder == captured.family, captured


def test_two_formats_in_one_advertisement_are_both_read() -> None:
    advert = Advert("AA:BB:CC:DD:EE:FF", 0, -60, None, None, {0x004C: IBEACON}, service("fcd2", BTHOME).services)
    answer = told(auto(), advert)
    assert answer.decoder == "bthome+ibeacon"
    assert answer.values["temperature"] == 25.06
    assert answer.values["major"] == 0x2711


def test_with_a_key_only_those_are_asked_whose_data_can_be_encrypted() -> None:
    govee = next(each for each in CAPTURED if each.family == "govee")
    assert auto(bytes(16)).decode(govee.advert) is None
    xiaomi = next(each for each in CAPTURED if each.model == "CGDK2")
    assert told(auto(bytes.fromhex(xiaomi.key)), xiaomi.advert).values == xiaomi.says


def test_an_encrypted_device_without_a_key_is_named() -> None:
    xiaomi = next(each for each in CAPTURED if each.key)
    answer = auto().decode(xiaomi.advert)
    assert isinstance(answer, Refused)
    assert (answer.decoder, answer.why) == ("xiaomi", Refusal.ENCRYPTED)


@given(ADVERTS, st.sampled_from([None, bytes(16)]))
def test_whatever_is_heard_nothing_is_raised(advert: Advert, key: bytes | None) -> None:
    auto(key).decode(advert)
