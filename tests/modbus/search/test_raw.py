"""What a raw read names."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.modbus.search.raw import told, wanted
from gateway.adapter import Rejected
from tests.modbus.setup import registers

DEVICE = registers(1)
FROM_ONE = registers(1, address_base=1, max_registers=10)

GOOD: list[tuple[str, tuple[Any, ...]]] = [
    ("100", ("holding", 100, 100, 2, None)),
    ("holding:100/2", ("holding", 100, 100, 2, None)),
    ("input:0/125:float32", ("input", 0, 0, 125, "float32")),
    ("65534", ("holding", 65534, 65534, 2, None)),
    ("0x64", ("holding", 100, 100, 2, None)),
    ("input:0x00fF/1:uint16", ("input", 255, 255, 1, "uint16")),
    ("0100", ("holding", 100, 100, 2, None)),
    ("coil:7", ("coil", 7, 7, 1, None)),
    ("discrete:7/16", ("discrete", 7, 7, 16, None)),
]


@pytest.mark.parametrize(("what", "parts"), GOOD)
def test_what_is_left_out_is_usual(what: str, parts: tuple[Any, ...]) -> None:
    assert tuple(wanted(what, DEVICE)) == parts


def test_where_only_one_register_can_be_read_that_is_usual() -> None:
    assert wanted("100", registers(1, max_registers=1)).size == 1


def test_addresses_count_as_the_device_does() -> None:
    asked = wanted("101/1", FROM_ONE)
    assert (asked.address, asked.start, asked.block.start, asked.block.size) == (101, 100, 100, 1)


@pytest.mark.parametrize("what", [
    "", "holding", "holding:", "x:1", "-1", "1/0", "1/126", "65535/2", "99999", "1/2/3", "1:text", "coil:1:uint16",
    "1/99999", "holding:1e3", "\u0661", "1" * 400, "0x", "0x12345", "0xg1",
])  # fmt: skip
def test_what_makes_no_sense_is_refused_in_a_sentence(what: str) -> None:
    with pytest.raises(Rejected) as caught:
        wanted(what, DEVICE)
    assert caught.value.reason == "malformed"
    assert len(caught.value.detail) > 20


@pytest.mark.parametrize("what", ["0", "1/11"])
def test_the_device_says_what_it_has(what: str) -> None:
    with pytest.raises(Rejected):
        wanted(what, FROM_ONE)


@given(st.text(max_size=30))
def test_any_text_is_an_address_or_refused(what: str) -> None:
    try:
        asked = wanted(what, DEVICE)
    except Rejected:
        return
    assert 0 <= asked.start < asked.start + asked.size <= 65536


def test_bits_are_shown_one_by_one() -> None:
    assert told(wanted("coil:20/10", DEVICE), b"\x05\x02")["bits"] == [1, 0, 1, 0, 0, 0, 0, 0, 0, 1]


def test_words_are_shown_in_hex_and_decimal_and_only_as_the_type_that_is_named() -> None:
    shown = told(wanted("101/2:float32", FROM_ONE), bytes.fromhex("43663333"))
    assert (shown["table"], shown["address"], shown["wire_address"]) == ("holding", 101, 100)
    assert (shown["hex"], shown["words"]) == (["4366", "3333"], [17254, 13107])
    assert shown["readings"][0] == {"type": "float32", "order": "ABCD", "value": 230.2, "plausible": True}
    assert {each["type"] for each in shown["readings"]} == {"float32"}
