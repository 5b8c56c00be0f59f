import math
import struct
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gateway.values.float32 import _search, shortest

WORDS = st.integers(0, 2**32 - 1).filter(lambda word: word & 0x7F800000 != 0x7F800000)


def digits_of(value: float) -> int:
    return len(Decimal(repr(value)).normalize().as_tuple().digits)


def word_of(value: float) -> int:
    try:
        word: int = struct.unpack(">I", struct.pack(">f", value))[0]
    except OverflowError:
        return -1
    return word


def has_a_decimal_of(digits: int, word: int) -> bool:
    """Whether any decimal of so many digits gives this float32: the nearest, or one of its neighbours."""
    exact: float = struct.unpack(">f", struct.pack(">I", word))[0]
    nearest = Decimal(f"{exact:.{digits - 1}e}")
    step = Decimal(1).scaleb(nearest.adjusted() - digits + 1)
    return any(word_of(float(nearest + n * step)) == word for n in (-1, 0, 1))


@given(WORDS)
@example(0x00000001)
@example(0x0F800000)  # 2**-96: the nearest decimal of eight digits misses it, its neighbour does not
@example(0x7F7FFFFF)
@example(0x80000000)
def test_the_decimal_gives_the_same_float32_and_no_shorter_one_does(word: int) -> None:
    value = shortest(word)
    assert word_of(value) == word
    digits = digits_of(value)
    assert digits == 1 or not has_a_decimal_of(digits - 1, word)


@given(st.integers(100, 160), st.integers(1, 2**23 - 1), st.booleans())
def test_the_quick_way_finds_what_trying_finds(exponent: int, fraction: int, negative: bool) -> None:
    word = negative << 31 | exponent << 23 | fraction
    assert repr(shortest(word)) == repr(_search(word))


@given(st.floats(-1e6, 1e6), st.integers(0, 6))
def test_a_decimal_that_was_rounded_comes_back(number: float, decimals: int) -> None:
    word = word_of(round(number, decimals))
    assert repr(shortest(word)) == repr(_search(word))


@pytest.mark.parametrize("exponent", range(1, 255))
def test_powers_of_two_have_no_shorter_decimal_either(exponent: int) -> None:
    word = exponent << 23
    value = shortest(word)
    assert word_of(value) == word
    assert digits_of(value) == 1 or not has_a_decimal_of(digits_of(value) - 1, word)


@pytest.mark.parametrize(("word", "value"), [(0x41AD999A, 21.7), (0x3DCCCCCD, 0.1), (0x42C80000, 100.0), (0, 0.0)])
def test_a_reading_looks_as_people_wrote_it(word: int, value: float) -> None:
    assert repr(shortest(word)) == repr(value)


def test_the_sign_of_zero_stays() -> None:
    assert math.copysign(1, shortest(0x80000000)) == -1


@pytest.mark.parametrize("word", [0x7F800000, 0xFF800000, 0x7FC00000, 0x7F800001])
def test_what_is_not_finite_is_no_number(word: int) -> None:
    with pytest.raises(OverflowError):
        shortest(word)
