"""Texts of a fixed size: characters with padding, bytes as digits."""

from typing import Literal, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.model import Bad, BadReason, Value
from gateway.values import Quantity, Spoiled, Unwritable, decode_one, encode

Encoding = Literal["ascii", "latin-1", "utf-8"]
SIZE = 16
TEXT = Quantity("string", size=SIZE)
HEX = Quantity("bytes", size=SIZE)


def why_refused(quantity: Quantity, value: Value) -> str:
    with pytest.raises(Unwritable) as caught:
        encode(quantity, value)
    return f"{caught.value.reason}: {caught.value}"


@pytest.mark.parametrize("encoding", get_args(Encoding))
@given(text=st.text(max_size=SIZE + 2))
def test_a_text_that_is_written_is_read_as_it_was_but_for_blanks_behind_it(encoding: Encoding, text: str) -> None:
    quantity = TEXT._replace(encoding=encoding)
    try:
        wire = encode(quantity, text)
    except Unwritable:
        return
    assert len(wire) == SIZE
    assert decode_one(quantity, wire) == text.rstrip(" ")


@given(st.text("abcXYZ 019-_/", max_size=SIZE))
def test_every_text_that_fits_is_written(text: str) -> None:
    assert encode(TEXT, text).startswith(text.rstrip(" ").encode())


@pytest.mark.parametrize("wire", [b"SN 7", b"SN 7\0\0\0\0", b"SN 7    ", b"SN 7  \0\0", b"SN 7\0 \0 ", b"SN 7\0old\0"])
def test_what_fills_the_rest_is_none_of_the_text(wire: bytes) -> None:
    assert decode_one(TEXT._replace(size=len(wire)), wire) == "SN 7"


@pytest.mark.parametrize(
    ("encoding", "wire"), [("ascii", b"caf\xe9"), ("utf-8", b"caf\xe9"), ("utf-8", b"\xc3"), ("ascii", b"\xff" * 4)]
)
def test_what_is_no_text_in_its_encoding_is_bad(encoding: Encoding, wire: bytes) -> None:
    with pytest.raises(Spoiled) as caught:
        decode_one(Quantity("string", size=len(wire), encoding=encoding), wire)
    assert caught.value.bad == Bad(BadReason.DECODE_ERROR)


def test_encodings_are_those_that_are_configured() -> None:
    assert decode_one(Quantity("string", size=4, encoding="latin-1"), b"caf\xe9") == "café"
    assert decode_one(Quantity("string", size=6, encoding="utf-8"), b"caf\xc3\xa9\0") == "café"


@given(st.binary(min_size=SIZE, max_size=SIZE))
def test_bytes_are_hexadecimal_digits_both_ways(wire: bytes) -> None:
    value = decode_one(HEX, wire)
    assert value == wire.hex()
    assert encode(HEX, value) == encode(HEX, wire.hex().upper()) == wire


@pytest.mark.parametrize("value", ["", "0" * 31, "0" * 33, "g" * 32, "0x" + "0" * 30, " " * 32, "0 " * 16, 7, True])
def test_what_are_not_so_many_digits_is_no_bytes(value: Value) -> None:
    assert why_refused(HEX, value).startswith("malformed: ")


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ("x" * 17, "it takes 17 bytes, but there is room for 16"),
        ("x\0y", "it has a NUL in it"),
        ("café", "it has characters that ascii does not have"),
        (7, "7 is not text"),
        (True, "True is not text"),
    ],
)
def test_a_text_that_cannot_be_written_is_refused_in_a_sentence(value: Value, sentence: str) -> None:
    assert sentence in why_refused(TEXT, value)


def test_texts_are_of_the_kind_text_and_have_no_step() -> None:
    assert (TEXT.kind, HEX.kind, TEXT.step) == ("text", "text", 0.0)
