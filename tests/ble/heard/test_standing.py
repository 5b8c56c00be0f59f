"""The state of a device, why, and when that is over."""

from typing import Any

from adapters.ble.advert import Advert
from adapters.ble.decoders.contract import Refusal, Refused, Told
from tests.ble.heard.setup import ADDRESS, START_MS, bthome, ear

POINTS: dict[str, Any] = {"points": {"temperature": {"range": [-40, 60]}, "rssi": None}}


class Scripted:
    """Says of each advertisement what its first byte means: 0 is a value, others are refusals."""

    def decode(self, advert: Advert, /) -> Told | Refused | None:
        said = next(iter(advert.manufacturer.values()))[1:].decode()
        if not said:
            return Told("own", {"temperature": 21.5}, model="Tag")
        return Refused("own", Refusal(said), f"sentence of {said}")


def said(why: str = "", number: int = 0) -> Advert:
    return Advert(ADDRESS, START_MS, -60, manufacturer={1: bytes([number]) + why.encode()})


def test_a_packet_that_can_not_be_opened_degrades_it_with_a_reason_and_a_sentence() -> None:
    tag = ear(by=Scripted(), **POINTS)
    tag.take(said("encrypted"))
    assert tag.states == [("degraded", "encrypted")]
    assert tag.details == ["sentence of encrypted"]
    assert tag.counters.encrypted == 1


def test_each_reason_is_counted() -> None:
    tag = ear(by=Scripted(), **POINTS)
    for why in Refusal:
        tag.take(said(why))
    assert [tag.counters.shown()[why.replace("-", "_")] for why in Refusal] == [1] * len(Refusal)


def test_how_strong_it_is_heard_is_told_all_the_same_but_not_of_what_somebody_sends_again() -> None:
    tag = ear(by=Scripted(), **POINTS)
    assert tag.take(said("encrypted")) == {"rssi": -60}
    tag.now_s += 60.0
    assert tag.take(said("replayed")) == {}
    assert tag.take(said("not-encrypted")) == {}


def test_it_is_well_again_some_time_after_the_last_bad_packet_with_a_good_one() -> None:
    tag = ear(by=Scripted(), **POINTS)
    tag.take(said("wrong-key"))
    tag.pass_(60.0)
    assert tag.states == [("degraded", "wrong-key")]
    assert tag.take(said()) == {"temperature": 21.5, "rssi": -60}
    assert tag.states[-1] == ("online", None)


def test_it_does_not_dance_between_good_packets_and_bad_ones() -> None:
    tag = ear(by=Scripted(), **POINTS)
    for number in range(100):
        tag.take(said("encrypted" if number % 2 else "", number))
        tag.pass_(1.0)
    assert tag.states == [("online", None), ("degraded", "encrypted")]
    tag.take(said("", 200))
    tag.pass_(10.0)
    assert tag.states[-1] == ("online", None)


def test_it_has_one_reason_at_a_time_until_that_is_over() -> None:
    tag = ear(by=Scripted(), **POINTS)
    for number in range(40):
        tag.take(said("wrong-key" if number % 2 else "encrypted", number))
        tag.pass_(1.0)
    assert tag.states == [("degraded", "encrypted")]
    for number in range(40, 60):
        tag.take(said("wrong-key", number))
        tag.pass_(1.0)
    assert tag.states == [("degraded", "encrypted"), ("degraded", "wrong-key")]


def test_a_value_out_of_its_range_degrades_it() -> None:
    tag = ear(**POINTS)
    tag.hear(temperature=70.0)
    assert tag.states == [("degraded", "out-of-range")]
    tag.hear(temperature=50.0)
    tag.pass_(10.0)
    assert tag.states[-1] == ("online", None)


def test_after_a_silence_it_begins_anew() -> None:
    tag = ear(by=Scripted(), **POINTS, stale_after="30s")
    tag.take(said("encrypted"))
    tag.pass_(31.0)
    tag.take(said())
    assert [state for state, _ in tag.states] == ["degraded", "offline", "online"]
    assert tag.details[1] == "not heard for 30s: is it near enough, is its battery good, and is its address right?"


def test_where_the_radio_hears_nobody_it_is_that_and_not_the_device() -> None:
    tag = ear(**POINTS, stale_after="60s")
    tag.hear(temperature=21.0)
    tag.pass_(20.0)
    tag.pass_(20.0, deaf_s=15.0)
    assert tag.states == [("online", None), ("degraded", "silent")]
    assert "the radio hears nobody at all any more" in (tag.details[-1] or "")
    tag.pass_(30.0, deaf_s=35.0)
    assert tag.states[2:] == [("offline", "silent")]
    assert "the radio hears nobody at all any more" in (tag.details[-1] or "")
    tag.hear(temperature=21.0)
    tag.pass_(1.0)
    assert tag.states[3:] == [("online", None)]


def test_a_device_that_answers_over_a_connection_is_there_though_the_radio_hears_nobody() -> None:
    tag = ear(**POINTS, stale_after="60s")
    tag.hear(temperature=21.0)
    tag.pass_(20.0)
    tag.meet()
    tag.pass_(5.0, deaf_s=20.0)
    assert tag.states == [("online", None)]


def test_what_was_found_by_trying_is_named() -> None:
    tag = ear(by=Scripted(), points={"temperature": None}, decoder="auto")
    tag.take(said())
    assert tag.details == ["known as Tag (own)"]


def test_a_real_packet_without_its_key_is_encrypted() -> None:
    tag = ear(**POINTS)
    tag.hear(b"\x41" + bthome(temperature=21.5)[1:] + bytes(8))
    assert tag.states == [("degraded", "encrypted")]
