"""What a device offers, in plain words and as points that can be written down."""

from hypothesis import given
from hypothesis import strategies as st

from adapters.ble import sig
from adapters.ble.config import BleDevice, full_uuid
from adapters.ble.search.offered import Characteristic, Said, Service, described, text_of

LEVEL = full_uuid(0x2A19)
OWN = full_uuid(0xFFF1)
LONG = "6e400002-b5a3-f393-e0a9-e50e24dcca9e"
NOTHING = Said()
WORDS = (full_uuid(0x2901), Said(b"Bolt position\0"))


def points(*services: Service) -> dict[str, dict[str, object]]:
    found: dict[str, dict[str, object]] = described(services, lambda _uuid: "")["points"]
    return found


def one(uuid: str, *properties: str, said: Said = NOTHING, descriptors: tuple[tuple[str, Said], ...] = ()) -> Service:
    return Service(full_uuid(0xFFF0), (Characteristic(uuid, properties or ("read",), said, descriptors),))


def test_a_standard_value_has_its_unit_and_needs_no_type() -> None:
    service = one(LEVEL, "read", "notify", said=Said(b"\x57"))
    (each,) = described([service], lambda _uuid: "battery")["services"][0]["characteristics"]
    assert each["values"] == {"battery_level": {"value": 87, "unit": "%"}}
    assert points(service) == {"battery_level": {"characteristic": "battery_level", "notify": True}}


def test_what_no_standard_knows_is_named_by_its_maker_or_its_uuid() -> None:
    assert points(one(OWN, said=Said(b"\x01"), descriptors=(WORDS,))) == {
        "bolt_position": {"characteristic": "fff1", "type": "uint8"}
    }
    assert points(one(LONG, said=Said(b"v1.2"))) == {"c_6e400002": {"characteristic": LONG, "type": "string"}}
    assert points(one(OWN, "indicate")) == {"c_fff1": {"characteristic": "fff1", "type": "bytes", "notify": True}}


def test_what_can_only_be_written_is_no_point_to_read() -> None:
    assert points(one(OWN, "write")) == {}


def test_what_several_services_have_says_which_is_meant() -> None:
    twice = [
        Service(full_uuid(number), (Characteristic(LEVEL, ("read",), Said(b"\x57")),)) for number in (0x180F, 0xFFF0)
    ]
    assert points(*twice) == {
        "battery_level": {"characteristic": "battery_level", "service": "180f"},
        "battery_level_2": {"characteristic": "battery_level", "service": "fff0", "from": "battery_level"},
    }


def test_what_a_device_is_made_by_is_read_seldom_and_its_housekeeping_never() -> None:
    about = Service(full_uuid(0x180A), (Characteristic(full_uuid(0x2A29), ("read",), Said(b"Maker")),))
    access = Service(full_uuid(0x1800), (Characteristic(full_uuid(0x2A00), ("read",), Said(b"Lock")),))
    assert [point["every"] for point in points(about, access).values()] == ["1d"]


def test_why_something_was_not_read_is_told() -> None:
    service = one(OWN, said=Said(trouble="it wants to be paired with first"))
    (each,) = described([service], lambda _uuid: "")["services"][0]["characteristics"]
    assert each == {"uuid": "fff1", "properties": ["read"], "trouble": "it wants to be paired with first"}


def test_bytes_are_a_text_only_where_people_can_read_them() -> None:
    assert [text_of(data) for data in (b"Lock\0\0", b"\x00", b"\xff\xfe", b"a\x01", b"")] == ["Lock", *[None] * 4]


UUIDS = st.sampled_from([full_uuid(form.uuid) for form in sig.CHARACTERISTICS.values()] + [OWN, LONG])
SAID = st.builds(Said, st.none() | st.binary(max_size=20))
CHARACTERISTICS = st.builds(
    Characteristic,
    UUIDS,
    st.lists(st.sampled_from(["read", "write", "notify", "indicate"]), max_size=4).map(tuple),
    SAID,
    st.lists(st.tuples(st.just(full_uuid(0x2901)), SAID), max_size=1).map(tuple),
)
SERVICES = st.builds(
    Service,
    st.sampled_from([0x1800, 0x180A, 0x180F, 0xFFF0]).map(full_uuid),
    st.lists(CHARACTERISTICS, max_size=4).map(tuple),
)


@given(st.lists(SERVICES, max_size=3, unique_by=lambda service: service.uuid))
def test_what_is_to_be_pasted_is_valid_whatever_a_device_offers(services: list[Service]) -> None:
    found = points(*services)
    if found:
        device = BleDevice.model_validate({"link": "l", "address": "AA:BB:CC:DD:EE:01", "points": found})
        assert list(device.points) == list(found)
