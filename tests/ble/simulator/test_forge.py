"""Advertisements that are made of values: as manuals print them, and as a parser reads them that is not ours."""

from collections.abc import Mapping
from typing import Any

import pytest
from bleparser import BleParser
from hypothesis import given
from hypothesis import strategies as st

from adapters.ble.simulator.forge.format import ADVERT_BYTES, FLAGS_BYTES, Format, Packet, Teller
from adapters.ble.simulator.forge.make import FORMATS, SEALED, Unknown, format_of
from gateway.model import Value
from gateway.values import Unwritable

ADDRESS = bytes.fromhex("A4C138112233")
KEY = bytes.fromhex("231d39c1d7cc1ab1aee224cd096db932")
TELLER = Teller(ADDRESS)
RSSI = -60
ROUNDED = 0.0051
"""The parser rounds to two decimals."""

TEMPERATURES, HUMIDITIES = st.floats(-40, 100), st.floats(0, 99.9)
BATTERIES, COUNTS = st.integers(0, 100), st.integers(0, 2**34)


def told(name: str, values: Mapping[str, Value], teller: Teller = TELLER, count: int = 0) -> list[str]:
    packets = FORMATS[name].write(teller, values, count)
    return [data.hex() for packet in packets for data in (*packet.manufacturer.values(), *packet.services.values())]


def parts(packet: Packet) -> tuple[list[bytes], list[bytes]]:
    """Of services and of manufacturers, as they are sent."""
    services = [_part(0x16, int(uuid[:8], 16), data) for uuid, data in packet.services.items()]
    return services, [_part(0xFF, company, data) for company, data in packet.manufacturer.items()]


def _part(kind: int, number: int, data: bytes) -> bytes:
    return bytes([len(data) + 3, kind]) + number.to_bytes(2, "little") + data


def parsed(packets: tuple[Packet, ...], key: bytes | None = None) -> dict[str, Any]:
    """What the parser makes of them all."""
    parser = BleParser(discovery=True, filter_duplicates=False, aeskeys={ADDRESS: key} if key else {})
    found: dict[str, Any] = {}
    for packet in packets:
        sensor, _ = parser.parse_advertisement(ADDRESS, RSSI, 0, 0, packet.name or "", *parts(packet))
        found |= sensor or {}
    return found


def test_bthome_as_its_site_encrypts_it() -> None:
    teller = Teller(bytes.fromhex("5448E68F80A5"), KEY)
    count = int.from_bytes(bytes.fromhex("00112233"), "little")
    assert told("bthome", {"temperature": 25.06, "humidity": 50.55}, teller, count) == [
        "41a47266c95f730011223378237214"
    ]


def test_bthome_plain_has_the_number_of_its_packet() -> None:
    assert told("bthome", {"humidity": 50.55, "temperature": 25.0}, count=258) == ["40000202c40903bf13"]


def test_ruuvi_as_its_manual_prints_it() -> None:
    values: dict[str, Value] = {
        "temperature": 24.3, "humidity": 53.49, "pressure": 1000.44, "acceleration_x": 0.0392,
        "acceleration_y": -0.0392, "acceleration_z": 10.1597, "voltage": 2.977, "movements": 66,
    }  # fmt: skip
    assert told("ruuvi", values, Teller(bytes.fromhex("CBB8334C884F")), 205) == [
        "0512fc5394c37c0004fffc040cac364200cdcbb8334c884f"
    ]


def test_ibeacon_has_its_numbers_behind_its_uuid() -> None:
    uuid = "fda50693-a4e2-4fb1-afcf-c6eb07647825"
    assert told("ibeacon", {"uuid": uuid, "major": 10, "minor": 0x0102, "measured_power": -59}) == [
        f"0215{uuid.replace('-', '')}000a0102c5"
    ]


def test_eddystone_tells_each_kind_in_a_frame_of_its_own() -> None:
    values: dict[str, Value] = {
        "namespace": "00112233445566778899", "instance": "aabbccddeeff", "url": "https://www.example.com/a",
        "voltage": 3.1, "temperature": -1.5, "advertisements": 7, "uptime": 1.2,
    }  # fmt: skip
    assert told("eddystone", values) == [
        "00ec00112233445566778899aabbccddeeff0000",
        "10ec016578616d706c650061",
        "20000c1cfe80000000070000000c",
    ]


@pytest.mark.parametrize("name", ["bthome", "ruuvi", "atc", "govee", "xiaomi"])
@given(
    temperature=st.floats(-40, 100),
    humidity=st.floats(0, 99.9),
    battery=st.integers(0, 100),
    count=st.integers(0, 2**34),
)
def test_another_parser_reads_what_was_told(
    name: str, temperature: float, humidity: float, battery: int, count: int
) -> None:
    values: dict[str, Value] = {"temperature": temperature, "humidity": humidity, "battery": battery}
    assert_read(FORMATS[name], values, count, None)


@pytest.mark.parametrize("name", SEALED)
@given(
    temperature=st.floats(-40, 100),
    humidity=st.floats(0, 99.9),
    battery=st.integers(0, 100),
    count=st.integers(0, 2**34),
)
def test_another_parser_opens_with_the_key_what_was_encrypted(
    name: str, temperature: float, humidity: float, battery: int, count: int
) -> None:
    values: dict[str, Value] = {"temperature": temperature, "humidity": humidity, "battery": battery}
    assert_read(SEALED[name], values, count, KEY)


def assert_read(made: Format, values: Mapping[str, Value], count: int, key: bytes | None) -> None:
    held = {name: field.held(value) for name, value in values.items() if (field := made.field(name))}
    found = parsed(made.write(Teller(ADDRESS, key), held, count), key)
    assert {name: found[name] for name in held} == pytest.approx(held, abs=ROUNDED)


@pytest.mark.parametrize("key", [None, KEY], ids=["plain", "encrypted"])
@pytest.mark.parametrize("name", FORMATS)
def test_no_advertisement_is_longer_than_a_radio_sends(name: str, key: bytes | None) -> None:
    if key is not None and name not in SEALED:
        return
    made = (SEALED if key else FORMATS)[name]
    values = {each: begun(made, each) for each in made.fields}
    for packet in made.write(Teller(ADDRESS, key), values, 5):
        sent = [len(part) for each in parts(packet) for part in each]
        assert sum(sent) + FLAGS_BYTES <= ADVERT_BYTES, packet


def begun(made: Format, name: str) -> Value:
    """Something that it can tell."""
    for value in (1, 2, 600, False, "press", "00" * 6, "00" * 10, "http://a", "00" * 16):
        field = made.field(name)
        assert field is not None
        try:
            return field.held(value)
        except Unwritable:
            continue
    raise AssertionError(name)


def test_bthome_takes_turns_with_what_one_packet_can_not_hold_and_keeps_those_of_a_kind_together() -> None:
    values: dict[str, Value] = {"battery": 90, "pressure": 1013.25, "energy": 12.5, "power": 3.25}
    values |= {f"temperature_{place}": float(place) for place in range(2, 6)} | {"temperature": 1.0}
    packets = FORMATS["bthome"].write(TELLER, values, 7)
    datas = [data for packet in packets for data in packet.services.values()]
    assert [data[:3] for data in datas] == [bytes([0x40, 0, 7 + place]) for place in range(len(datas))]
    assert [data.hex()[6:] for data in datas] == [
        "015a02640002c800022c0102900102f40104cd8b01",
        "4dd43000005c45010000",
    ]  # fmt: skip


def test_what_a_format_can_not_tell_is_named_with_what_it_can() -> None:
    with pytest.raises(Unknown, match="govee tells no co2, but temperature, humidity, battery"):
        format_of("govee", ["co2"], encrypted=False)


def test_a_key_is_for_formats_that_encrypt() -> None:
    with pytest.raises(Unknown, match="leave its key out"):
        format_of("ruuvi", [], encrypted=True)


def test_a_decoder_whose_devices_nobody_can_imitate_is_named() -> None:
    with pytest.raises(Unknown, match="how inkbird devices say it, only how bthome, ruuvi"):
        format_of("inkbird", [], encrypted=False)


@pytest.mark.parametrize(("names", "made"), [
    ([], "bthome"),
    (["temperature", "co2"], "bthome"),
    (["movements"], "ruuvi"),
    (["major"], "ibeacon"),
])  # fmt: skip
def test_for_auto_it_is_the_first_that_tells_all_that_is_wanted(names: list[str], made: str) -> None:
    assert format_of("auto", names, encrypted=False) is FORMATS[made]


@pytest.mark.parametrize(("name", "field", "value"), [
    ("bthome", "temperature", 400.0),
    ("bthome", "pressure", -1.0),
    ("bthome", "button", "kick"),
    ("govee", "humidity", 100.0),
    ("ruuvi", "voltage", 5.0),
    ("eddystone", "url", "https://a.much.too.long.address.example"),
    ("eddystone", "instance", "aabb"),
    ("ibeacon", "uuid", "somewhere"),
])  # fmt: skip
def test_what_does_not_fit_is_refused(name: str, field: str, value: Value) -> None:
    made = FORMATS[name].field(field)
    assert made is not None
    with pytest.raises(Unwritable):
        made.held(value)
