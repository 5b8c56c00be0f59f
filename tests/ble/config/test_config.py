"""What may be written about radios and their devices."""

from typing import Any

import pytest
from pydantic import ValidationError

from adapters.ble.config import BleDevice, BleLink
from adapters.ble.config.names import full_uuid, key_bytes

ADDRESS = "AA:BB:CC:DD:EE:01"
KEY = "231d39c1d7cc1ab1aee224cd096db932"


def device(**settings: Any) -> BleDevice:
    return BleDevice.model_validate({"link": "l", "address": ADDRESS, **settings})


def refusal(**settings: Any) -> str:
    with pytest.raises(ValidationError) as caught:
        device(**settings)
    return str(caught.value)


@pytest.mark.parametrize("written", ["aa:bb:cc:dd:ee:01", "AA-BB-CC-DD-EE-01", " AA:BB:CC:DD:EE:01 "])
def test_an_address_may_be_written_as_labels_have_it(written: str) -> None:
    assert device(address=written, decoder="auto").address == ADDRESS
    assert BleLink(adapter="ble", radio=written.strip()).radio == ADDRESS


@pytest.mark.parametrize("written", ["2a19", "0x2A19", "00002a19", "battery_level", full_uuid(0x2A19).upper()])
def test_a_uuid_may_be_short_long_or_a_name(written: str) -> None:
    point = device(points={"b": {"characteristic": written}}).points["b"]
    assert point.characteristic == full_uuid(0x2A19)
    assert (point.type, point.unit) == ("int", "%")


@pytest.mark.parametrize("written", [KEY, KEY.upper(), "23 1d 39 c1 d7 cc 1a b1 ae e2 24 cd 09 6d b9 32"])
def test_a_key_may_have_blanks_between_its_bytes(written: str) -> None:
    key = device(decoder="bthome", key=written).key
    assert key is not None
    assert key_bytes(key) == bytes.fromhex(KEY)


@pytest.mark.parametrize("key", [KEY[:-2], KEY[:-1], KEY + "00", KEY[:-1] + "x"])
def test_a_key_that_is_none_is_refused_and_never_shown(key: str) -> None:
    with pytest.raises(ValidationError) as caught:
        device(decoder="bthome", key=key)
    (fault,) = caught.value.errors()
    assert "hex digits" in fault["msg"]
    assert key not in fault["msg"]


@pytest.mark.parametrize("passkey", ["12345", "1234567", "12345a", "١٢٣٤٥٦"])
def test_a_passkey_has_six_digits(passkey: str) -> None:
    assert "six digits" in refusal(decoder="auto", gatt={"passkey": passkey})


def test_a_decoded_point_needs_neither_type_nor_unit_also_for_editors() -> None:
    point = device(points={"temperature": {}}).points["temperature"]
    assert (point.type, point.unit) == ("float", "°C")
    assert "required" not in BleDevice.model_json_schema()["$defs"]["BlePoint"]


def test_a_scaled_point_has_only_the_unit_that_is_given() -> None:
    assert device(points={"temperature": {"scale": 1.8, "offset": 32}}).points["temperature"].unit is None


@pytest.mark.parametrize(
    ("point", "sentence"),
    [
        ({"characteristic": "fff1"}, "no standard says what this characteristic holds"),
        ({"characteristic": "pnp_id"}, "say which in `from`"),
        ({"characteristic": "battery_level", "at": 0}, "its type must be said"),
        ({"characteristic": "battery_level", "descriptor": "2901"}, "its type must be said"),
        ({"characteristic": "fff1", "type": "float"}, "float is for what is decoded"),
        ({"at": 0, "type": "uint8"}, "which byte of what"),
        ({"type": "uint8"}, "needs `at`"),
        ({"type": "float", "data": {"manufacturer": 1}}, "say also `at`"),
        ({"characteristic": 2902, "type": "uint8"}, "a UUID is text"),
        ({"characteristic": 2e05, "type": "uint8"}, "a UUID is text"),
        ({"characteristic": True, "type": "uint8"}, "must be a UUID"),
        ({"writable": True}, "can't be written"),
        ({"notify": True}, "belongs to a characteristic"),
        ({"every": "5s"}, "every is for what is read"),
        ({"at": 0, "type": "uint8", "data": {"manufacturer": "0499"}}, "without quotes"),
        ({"at": 0, "type": "uint8", "data": {"manufacturer": 0x10000}}, "less than or equal to 65535"),
    ],
)
def test_a_point_that_makes_no_sense_is_refused_with_what_to_do(point: dict[str, Any], sentence: str) -> None:
    assert sentence in refusal(points={"battery": point})


def test_points_come_in_groups_by_how_they_come() -> None:
    parts = device(
        points={
            "temperature": {},
            "button": {},
            "present": {},
            "battery": {"characteristic": "2a19", "every": "1h"},
            "bolt": {"characteristic": "fff1", "type": "uint8", "notify": True},
        }
    ).parts("d")
    assert [group.points for group in parts.groups()] == [
        ("temperature",), ("button",), ("present",), ("battery",), ("bolt",),
    ]  # fmt: skip
    assert [group.every_s for group in parts.groups()] == [0.0, 0.0, 0.0, 3600.0, 0.0]


@pytest.mark.parametrize(
    ("bus", "sentence"),
    [
        ("/run/dbus/system_bus_socket", 'as in "unix:path=/run/dbus/system_bus_socket"'),
        ("hci0", 'no D-Bus address, like "unix:path='),
    ],
)
def test_a_bus_is_a_d_bus_address(bus: str, sentence: str) -> None:
    with pytest.raises(ValidationError, match=sentence):
        BleLink(adapter="ble", bus=bus)
    for good in ("unix:path=/tmp/b", "unix:abstract=/tmp/x,guid=1", "tcp:host=localhost,port=5"):
        assert BleLink(adapter="ble", bus=good).bus == good


@pytest.mark.parametrize(
    ("name", "meant"), [("Shelly BLU", "bthome"), ("pvvx", "atc"), ("MiBeacon", "xiaomi"), ("ruvi", "ruuvi")]
)
def test_a_decoder_that_others_call_otherwise_is_named(name: str, meant: str) -> None:
    assert f'did you mean "{meant}"?' in refusal(decoder=name)


@pytest.mark.parametrize(
    ("point", "sentence"),
    [
        ({"at": 4, "type": "uint8"}, "which have 4 bytes"),
        ({"at": 3, "type": "uint16"}, "beyond"),
        ({"at": -5, "type": "uint8"}, "beyond"),
        ({"at": 1, "type": "bytes", "length": 4}, "beyond"),
    ],
)
def test_a_point_beyond_the_length_of_its_data_is_refused(point: dict[str, Any], sentence: str) -> None:
    assert sentence in refusal(data={"manufacturer": 1, "length": 4}, points={"a": point})


def test_a_point_that_ends_with_its_data_is_there() -> None:
    points = {"a": {"at": 3, "type": "uint8"}, "b": {"at": -4, "type": "uint32"}, "c": {"at": 0, "type": "bool"}}
    assert len(device(data={"manufacturer": 1, "length": 4}, points=points).points) == 3


def test_an_editor_is_told_limits_in_words_that_it_knows() -> None:
    company = BleDevice.model_json_schema()["$defs"]["AdvertData"]["properties"]["manufacturer"]
    assert company["anyOf"][0] == {"type": "integer", "minimum": 0, "maximum": 0xFFFF}
