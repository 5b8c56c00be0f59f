"""Whose an advertisement is."""

from collections.abc import Callable

from adapters.ble.config import BleDevice
from adapters.ble.heard.crowd import MAX_KNOWN, Crowd
from tests.ble.heard.setup import ADDRESS

KEY = "00112233445566778899aabbccddeeff"
PRIVATE = "4A:00:00:00:00:01"


def a_device(**settings: object) -> BleDevice:
    return BleDevice.model_validate({"link": "radio", "decoder": "auto", **settings})


class Tries:
    """Resolves what the test says, and counts."""

    def __init__(self, own: Callable[[str], bool] = lambda address: address == PRIVATE) -> None:
        self.own = own
        self.count = 0

    def __call__(self, key: bytes, address: str) -> bool:
        assert key == bytes.fromhex(KEY)
        self.count += 1
        return self.own(address)


def test_a_device_is_known_by_its_address() -> None:
    crowd = Crowd({"tag": a_device(address=ADDRESS)}, Tries())
    assert crowd.of(ADDRESS) == ("tag",)
    assert crowd.of("AA:BB:CC:DD:EE:00") == ()


def test_several_may_look_at_one_device() -> None:
    crowd = Crowd({"tag": a_device(address=ADDRESS), "same": a_device(address=ADDRESS)}, Tries())
    assert crowd.of(ADDRESS) == ("tag", "same")


def test_a_device_that_changes_its_address_is_known_by_its_key_tried_once_for_each() -> None:
    tries = Tries()
    crowd = Crowd({"phone": a_device(identity_key=KEY)}, tries)
    for _ in range(10):
        assert crowd.of(PRIVATE) == ("phone",)
        assert crowd.of("4A:00:00:00:00:02") == ()
    assert tries.count == 2


def test_a_device_may_have_both() -> None:
    crowd = Crowd({"phone": a_device(identity_key=KEY, address=ADDRESS)}, Tries())
    assert crowd.of(PRIVATE) == crowd.of(ADDRESS) == ("phone",)


def test_a_key_is_not_tried_on_what_no_key_makes() -> None:
    tries = Tries(lambda _: True)
    crowd = Crowd({"phone": a_device(identity_key=KEY)}, tries)
    for first in "012389ABCDEF":
        assert crowd.of(f"{first}A:00:00:00:00:01") == ()
    assert tries.count == 0


def test_strangers_take_no_more_room_than_there_is_and_who_is_here_stays() -> None:
    tries = Tries()
    crowd = Crowd({"phone": a_device(identity_key=KEY)}, tries)
    for number in range(2 * MAX_KNOWN):
        assert crowd.of(f"4B:00:00:00:{number // 256:02X}:{number % 256:02X}") == ()
        assert crowd.of(PRIVATE) == ("phone",)
    assert tries.count == 2 * MAX_KNOWN + 1
    crowd.of("4B:00:00:00:00:00")
    assert tries.count == 2 * MAX_KNOWN + 2
