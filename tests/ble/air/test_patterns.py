from typing import Any

from bleak.assigned_numbers import AdvertisementDataType as Kind

from adapters.ble.air.patterns import FLAGS, MOST, patterns_for
from adapters.ble.config import BleDevice

POINT = {"at": 0, "type": "uint8"}


def device(**settings: Any) -> BleDevice:
    return BleDevice.model_validate({"link": "radio", "address": "AA:BB:CC:DD:EE:FF", **settings})


def test_devices_that_begin_with_flags_are_heard_whatever_they_say() -> None:
    assert patterns_for([]) == [(0, Kind.FLAGS, bytes([flags])) for flags in FLAGS]


def test_the_manufacturer_of_a_device_is_listened_for() -> None:
    found = patterns_for([device(data={"manufacturer": 0x0499}, points={"a": POINT})])
    assert found[0] == (0, Kind.MANUFACTURER_SPECIFIC_DATA, b"\x99\x04")


def test_the_service_of_a_device_is_listened_for() -> None:
    found = patterns_for([device(points={"a": {**POINT, "data": {"service": "181a"}}})])
    assert found[0] == (0, Kind.SERVICE_DATA_UUID16, b"\x1a\x18")


def test_a_service_with_a_long_uuid_is_listened_for_in_full() -> None:
    uuid = "12345678-9abc-def0-1234-56789abcdef0"
    found = patterns_for([device(data={"service": uuid}, points={"a": POINT})])
    assert found[0] == (0, Kind.SERVICE_DATA_UUID128, bytes.fromhex(uuid.replace("-", ""))[::-1])


def test_a_decoder_is_listened_for_by_what_its_devices_send() -> None:
    assert (0, Kind.SERVICE_DATA_UUID16, b"\xd2\xfc") in patterns_for([device(decoder="bthome")])


def test_no_more_than_bluez_takes_are_wanted() -> None:
    many = [device(data={"manufacturer": number}, points={"a": POINT}) for number in range(40)]
    assert len(patterns_for(many)) == MOST
