"""What is told of a device that is heard, and of one that is not."""

from typing import Any

from adapters.ble.advert import Advert
from adapters.ble.config.device import STALE_AFTER_S
from adapters.ble.decoders.library import LibraryDecoder
from adapters.ble.decoders.ruuvi import RuuviDecoder
from adapters.ble.heard.kept import Kept
from adapters.ble.heard.silence import RARELY_S
from gateway.model import Bad, BadReason, Sample
from tests.ble.heard.setup import ADDRESS, START_MS, ear

STALE = Bad(BadReason.STALE)
MIBEACON = "0000fe95-0000-1000-8000-00805f9b34fb"
CLIMATE: dict[str, Any] = {"points": {"temperature": None, "humidity": None, "battery": None}}


def test_what_is_heard_first_is_told_and_the_device_is_online() -> None:
    tag = ear(**CLIMATE)
    assert tag.hear(temperature=21.5, humidity=40.0) == {"temperature": 21.5, "humidity": 40.0}
    assert tag.states == [("online", None)]


def test_a_sample_speaks_of_what_was_said_only_at_the_time_when_it_was_heard() -> None:
    tag = ear(**CLIMATE)
    tag.now_s += 2.5
    tag.hear(temperature=21.5)
    sample = next(item for item in tag.items if isinstance(item, Sample))
    assert (sample.values, sample.bad, sample.partial) == ((21.5, None, None), {}, True)
    assert sample.time_ms == START_MS + 2500


def test_what_is_said_again_is_told_again_when_its_period_is_over_and_not_before() -> None:
    tag = ear(**CLIMATE)
    tag.hear(temperature=21.5)
    tag.now_s += 9.9
    assert tag.hear(temperature=21.5) == {}
    tag.now_s += 0.1
    assert tag.hear(temperature=21.5) == {"temperature": 21.5}
    assert tag.counters.collapsed == 1


def test_a_change_is_told_at_once_and_nothing_else_with_it() -> None:
    tag = ear(**CLIMATE)
    tag.hear(temperature=21.5, humidity=40.0)
    tag.now_s += 0.1
    assert tag.hear(temperature=21.6, humidity=40.0) == {"temperature": 21.6}
    assert tag.hear(temperature=21.5, humidity=40.0) == {"temperature": 21.5}


def test_how_strong_it_is_heard_is_no_change_by_itself_and_told_with_the_rest() -> None:
    tag = ear(points={"temperature": None, "rssi": None})
    assert tag.hear(temperature=21.5, rssi=-60) == {"temperature": 21.5, "rssi": -60}
    tag.now_s += 1.0
    assert tag.hear(temperature=21.5, rssi=-70) == {}
    assert tag.hear(temperature=22.0, rssi=-71) == {"temperature": 22.0, "rssi": -71}
    tag.now_s += 10.0
    assert tag.hear(temperature=22.0, rssi=-72) == {"temperature": 22.0, "rssi": -72}


def test_a_point_may_have_another_name_than_what_it_is_made_of_and_a_scale() -> None:
    tag = ear(points={"outside": {"from": "temperature", "scale": 0.1, "unit": "K"}, "strength": {"from": "rssi"}})
    assert tag.hear(temperature=21.5, rssi=-50) == {"outside": 2.15, "strength": -50}


def test_what_stands_at_its_place_in_the_data_is_told_like_the_rest() -> None:
    points = {"level": {"at": 0, "type": "uint16"}, "rssi": None}
    tag = ear(points=points, data={"manufacturer": 0x1234}, decoder=None)
    assert tag.take(Advert(ADDRESS, START_MS, -60, manufacturer={0x1234: b"\x01\x02"})) == {"level": 258, "rssi": -60}
    assert tag.take(Advert(ADDRESS, START_MS, -60, manufacturer={0x1234: b"\x01\x03"})) == {"level": 259}
    assert tag.take(Advert(ADDRESS, START_MS, -60, manufacturer={0x1234: b"\x01"})) == {
        "level": Bad(BadReason.DECODE_ERROR)
    }
    assert tag.states == [("online", None), ("degraded", "decode-error")]


def test_a_point_that_is_not_told_while_others_are_is_stale_and_told_so_once() -> None:
    tag = ear(**CLIMATE, stale_after="30s")
    tag.hear(temperature=21.5, battery=90)
    told: dict[str, Any] = {}
    for _ in range(60):
        told |= tag.pass_(1.0) | tag.hear(temperature=21.5)
    assert told["battery"] == STALE
    assert sum(item.bad.get("battery") == STALE for item in tag.items if isinstance(item, Sample)) == 1
    assert tag.states[-1] == ("degraded", "stale")
    assert tag.details[-1] == "humidity, battery: not told for 30s or longer"


def test_a_stale_point_is_good_with_its_next_word_though_that_is_what_it_was() -> None:
    tag = ear(points={"temperature": None}, stale_after="30s", every="1h")
    tag.hear(temperature=21.5)
    assert tag.pass_(30.0) == {"temperature": STALE}
    assert tag.hear(temperature=21.5) == {"temperature": 21.5}
    assert tag.states == [("online", None), ("offline", "silent"), ("online", None)]


def test_what_is_heard_is_not_stale_though_it_need_not_be_told() -> None:
    tag = ear(points={"temperature": None}, stale_after="30s", every="1h")
    tag.hear(temperature=21.5)
    for _ in range(100):
        assert tag.pass_(1.0) | tag.hear(temperature=21.5) == {}
    assert tag.states == [("online", None)]


def test_a_device_is_present_while_it_is_heard() -> None:
    tag = ear(points={"present": None}, decoder=None, stale_after="30s")
    assert tag.hear(temperature=1.0) == {"present": True}
    assert tag.pass_(29.0) == {}
    assert tag.pass_(1.0) == {"present": False}
    assert tag.pass_(1000.0) == {}
    assert tag.hear(temperature=1.0) == {"present": True}


def test_a_device_that_was_never_heard_is_silent_and_its_points_are_stale() -> None:
    tag = ear(points={"temperature": None, "present": None})
    assert tag.pass_(299.0) == {}
    assert tag.pass_(2.0) == {"temperature": STALE, "present": False}
    assert tag.states == [("offline", "silent")]
    assert "never heard in the 5min" in str(tag.details[0])


def test_a_device_that_may_be_silent_never_is() -> None:
    tag = ear(points={"temperature": None, "present": None}, stale_after="never")
    tag.hear(temperature=21.5)
    assert tag.pass_(3600.0) == {}
    assert tag.states == [("online", None)]


def test_a_point_that_was_told_may_be_silent_for_long_while_its_device_is_heard_unless_that_says_otherwise() -> None:
    tag = ear(**CLIMATE)
    tag.hear(temperature=21.5, battery=90)
    told: dict[str, Any] = {}
    while tag.now_s < 1000.0 + RARELY_S - 10.0:
        told |= tag.pass_(10.0) | tag.hear(temperature=21.5)
    assert told == {"temperature": 21.5, "humidity": STALE}
    assert tag.pass_(10.0) == {"battery": STALE}


def test_when_the_device_is_silent_all_its_points_are_stale() -> None:
    tag = ear(**CLIMATE)
    tag.hear(temperature=21.5, battery=90)
    assert tag.pass_(STALE_AFTER_S) == dict.fromkeys(["temperature", "humidity", "battery"], STALE)


def test_packets_of_which_nothing_is_understood_keep_no_value_alive() -> None:
    tag = ear(points={"temperature": None}, key="00" * 16)
    told: dict[str, Any] = {}
    for _ in range(60):
        told |= tag.pass_(10.0) | tag.hear(b"\x41" + bytes(20))
    assert told == {"temperature": STALE}


def test_what_the_device_itself_has_no_value_of_is_bad_at_once() -> None:
    tag = ear(points={"temperature": None, "humidity": None}, by=RuuviDecoder())
    five = bytes.fromhex("0512FC5394C37C0004FFFC040CAC364200CDCBB8334C884F")
    broken = five[:3] + b"\xff\xff" + five[5:]
    tag.take(Advert(ADDRESS, START_MS, -60, manufacturer={0x0499: five}))
    told = tag.take(Advert(ADDRESS, START_MS, -60, manufacturer={0x0499: broken}))
    assert told == {"humidity": Bad(BadReason.INVALID)}
    assert tag.states[-1] == ("degraded", "invalid")


def test_a_frame_that_says_nothing_is_no_riddle_and_tells_nothing_of_what_is_known() -> None:
    tag = ear(points={"temperature": None}, by=LibraryDecoder(None, Kept({}), ("xiaomi",)))
    for number in range(20):
        frame = bytes.fromhex("30585B05") + bytes([number]) + bytes.fromhex("FFEEDDCCBBAA08")
        tag.take(Advert(ADDRESS, START_MS, -60, services={MIBEACON: frame}))
        tag.pass_(1.0)
    assert not tag.notices
    assert tag.counters.undecodable == 0
    assert tag.states == [("online", None)]


def test_what_is_of_a_newer_format_is_counted() -> None:
    tag = ear(points={"temperature": None})
    assert tag.hear(b"\x40\x02\xca\x09\xd1\x00") == {"temperature": 25.06}
    assert tag.counters.unread == 1


def test_lost_packets_are_told_by_the_counter() -> None:
    tag = ear(points={"lost": None})
    assert tag.hear(temperature=1.0, packet=250) == {"lost": 0}
    assert tag.hear(temperature=2.0, packet=251) == {}
    assert tag.hear(temperature=3.0, packet=1) == {"lost": 5}
    assert tag.counters.lost == 5


def test_a_packet_that_was_overtaken_takes_nothing_back() -> None:
    tag = ear(points={"temperature": None})
    tag.hear(temperature=1.0, packet=1)
    tag.hear(temperature=3.0, packet=3)
    assert tag.hear(temperature=2.0, packet=2) == {}


def test_a_device_that_nobody_understands_is_told_to_people_with_what_it_says() -> None:
    tag = ear(points={"temperature": None, "rssi": None})
    tag.take(Advert(ADDRESS, START_MS, -60, manufacturer={0x1234: b"\x01\x02"}))
    tag.now_s += 10.0
    for _ in range(3):
        tag.take(Advert(ADDRESS, START_MS, -60, manufacturer={0x1234: b"\x01\x03"}))
    (notice,) = tag.notices
    assert notice.text.startswith("decoder bthome does not know what it advertises: manufacturer 0x1234 0103; give its")
    assert tag.counters.undecodable == 2
    tag.hear(temperature=21.5)
    assert tag.notices[-1].mended
    assert tag.states == [("online", None)]


def test_a_device_of_which_nothing_is_wanted_but_that_it_is_there_is_no_riddle() -> None:
    tag = ear(points={"rssi": None, "present": None}, decoder=None)
    tag.take(Advert(ADDRESS, START_MS, -60, manufacturer={0x1234: b"\x01\x02"}))
    tag.now_s += 20.0
    tag.take(Advert(ADDRESS, START_MS, -60, manufacturer={0x1234: b"\x01\x03"}))
    assert not tag.notices
    assert tag.counters.undecodable == 0


def test_a_device_that_answers_over_a_connection_is_there_though_it_does_not_advertise_meanwhile() -> None:
    tag = ear(points={"present": None, "temperature": None}, stale_after="30s")
    assert tag.meet() == {"present": True}
    assert tag.states == [("online", None)]
    told: dict[str, Any] = {}
    for _ in range(60):
        told |= tag.pass_(1.0) | tag.meet()
    assert told == {"present": True, "temperature": STALE}
    assert tag.states == [("online", None), ("degraded", "stale")]
    tag.pass_(31.0)
    assert tag.states[-1] == ("offline", "silent")


def test_a_connection_between_two_packets_does_not_make_the_second_less_than_the_first() -> None:
    tag = ear(points={"temperature": None}, stale_after="30s", every="1h")
    tag.hear(temperature=21.5)
    for _ in range(60):
        tag.meet()
        assert tag.pass_(1.0) | tag.hear(temperature=21.5) == {}


def test_what_is_known_is_what_was_told_last() -> None:
    tag = ear(points={"temperature": None, "battery": None, "present": None}, stale_after="30s")
    assert tag.party.known() == {}
    tag.hear(temperature=21.5)
    assert tag.party.known() == {"temperature": 21.5, "present": True}
    tag.pass_(31.0)
    assert tag.party.known() == {"temperature": STALE, "battery": STALE, "present": False}
