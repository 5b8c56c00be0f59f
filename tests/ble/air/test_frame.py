from hypothesis import given
from hypothesis import strategies as st

from adapters.ble.advert import Advert
from adapters.ble.air.att import Op, att, att_error
from adapters.ble.air.frame import frame, is_advertisement

LONG = "12345678-9abc-def0-1234-56789abcdef0"


def test_a_frame_is_address_and_strength_and_then_each_part_with_its_length_and_type() -> None:
    heard = Advert(
        "AA:BB:CC:DD:EE:FF", 0, -60, "Oven", 4, {0x0499: b"\x05\x12"}, {"0000fcd2-0000-1000-8000-00805f9b34fb": b"\x40"}
    )
    assert frame(heard) == bytes.fromhex("AABBCCDDEEFF C4 05FF99040512 0416D2FC40 05094F76656E 020A04")


def test_services_that_the_standard_does_not_know_are_written_in_full() -> None:
    heard = Advert("AA:BB:CC:DD:EE:FF", 0, -60, services={LONG: b"\x01"}, uuids=(LONG,))
    wanted = bytes.fromhex(LONG.replace("-", ""))[::-1]
    assert frame(heard)[7:] == b"\x12\x21" + wanted + b"\x01" + b"\x11\x07" + wanted


@given(
    st.binary(min_size=6, max_size=6),
    st.integers(-127, 20),
    st.dictionaries(st.integers(0, 0xFFFF), st.binary(max_size=300), max_size=4),
    st.text(max_size=300),
)
def test_every_part_of_a_frame_is_as_long_as_it_says(
    address: bytes, rssi: int, manufacturer: dict[int, bytes], name: str
) -> None:
    data = frame(Advert(address.hex(":").upper(), 0, rssi, name, None, manufacturer))
    assert is_advertisement(data)
    at = 7
    while at < len(data):
        at += data[at] + 1
    assert at == len(data)


@given(st.sampled_from(Op), st.integers(1, 0xFFFF), st.binary(max_size=512))
def test_what_goes_over_a_connection_is_told_apart_from_what_is_advertised(op: Op, handle: int, data: bytes) -> None:
    shown = att("AA:BB:CC:DD:EE:FF", op, handle, data)
    assert shown == bytes.fromhex("AABBCCDDEEFF") + bytes([op]) + handle.to_bytes(2, "little") + data
    assert not is_advertisement(shown)


def test_a_refusal_names_what_was_asked() -> None:
    assert att_error("AA:BB:CC:DD:EE:FF", Op.WRITE, 0x0102, 0x13) == bytes.fromhex("AABBCCDDEEFF 01 12 0201 13")
