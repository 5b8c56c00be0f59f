import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.bench.signals import FLOAT_BITS, TABLES, Frame, Type, frame_of, shortest_float32

FRAMES: dict[Type, Frame] = {"uint16": frame_of("uint16"), "float32": frame_of("float32")}
CODES: dict[Type, str] = {"uint16": "H", "float32": "f"}


@pytest.mark.parametrize("kind", FRAMES)
@given(device=st.integers(0, 100), poll=st.integers(0, 10_000_000))
def test_every_value_changes_with_every_poll(kind: Type, device: int, poll: int) -> None:
    frame = FRAMES[kind]

    now, then = ([frame.expected[frame.start(device, p) + n] for n in range(frame.values)] for p in (poll, poll + 1))

    assert all(before != after for before, after in zip(now, then, strict=True))


@pytest.mark.parametrize("kind", FRAMES)
@given(poll=st.integers(1, 2**FLOAT_BITS - 1), time_us=st.integers(0, 2**44 - 1))
def test_poll_and_time_come_back_from_the_values_of_a_frame(kind: Type, poll: int, time_us: int) -> None:
    frame = FRAMES[kind]

    marks = struct.unpack(f">{frame.marks}{CODES[kind]}", frame.pack(poll, time_us))

    assert frame.unpack(marks) == (poll, time_us)


@pytest.mark.parametrize("kind", FRAMES)
def test_the_table_holds_what_is_expected_of_it(kind: Type) -> None:
    frame = FRAMES[kind]

    held = struct.unpack(f">{len(frame.expected)}{CODES[kind]}", frame.table)

    assert len(set(held[: TABLES[kind]])) == TABLES[kind]
    assert held == struct.unpack(
        f">{len(held)}{CODES[kind]}", struct.pack(f">{len(held)}{CODES[kind]}", *frame.expected)
    )


def test_the_float_table_needs_few_and_many_digits() -> None:
    digits = {len(repr(value).replace(".", "").strip("0")) for value in FRAMES["float32"].expected}

    assert {3, 5, 7, 8, 9} <= digits


@pytest.mark.parametrize(
    ("value", "text"), [(71.4, "71.4"), (0.1, "0.1"), (16777215.0, "16777215"), (1 / 3, "0.33333334")]
)
def test_the_shortest_decimal_is_found(value: float, text: str) -> None:
    assert shortest_float32(struct.pack(">f", value)) == text
