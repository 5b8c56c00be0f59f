"""Faults as people write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.modbus.simulator.faults import KINDS, NOISE, WELL, Fault, fault_of

FRAME = b"\x01\x03\x02\x00\x07\xf9\x86"


@pytest.mark.parametrize(("text", "said"), [
    ("well", [(0.0, FRAME)]), ("dead", []), ("hang-up", []), ("slow", [(0.2, FRAME)]), ("late", [(0.6, FRAME)]),
    ("late:1500ms", [(1.5, FRAME)]), (" slow: 20ms ", [(0.02, FRAME)]), ("noise", [(0.0, NOISE + FRAME + NOISE)]),
    ("half", [(0.0, FRAME[:3])]), ("twice", [(0.0, FRAME), (0.05, FRAME)]),
    ("exception:2", [(0.0, FRAME)]), ("wrong-unit", [(0.0, FRAME)]),
])  # fmt: skip
def test_each_fault_says_what_goes_on_the_wire_and_when(text: str, said: list[tuple[float, bytes]]) -> None:
    assert [(round(at_s, 9), data) for at_s, data in fault_of(text, timeout_s=0.4).said(FRAME)] == said


def test_an_exception_has_a_code() -> None:
    assert [fault_of(text, 1.0).exception for text in ("exception", "exception:2", "exception:255")] == [4, 2, 255]


@given(st.text(max_size=20), st.sampled_from([*KINDS, ""]))
def test_whatever_is_written_is_a_fault_or_refused_with_a_word(text: str, kind: str) -> None:
    try:
        fault = fault_of(kind + text, 1.0)
    except ValueError as error:
        said = str(error)
    else:
        said = fault.text
    assert said


def test_a_device_that_is_well_is_the_default() -> None:
    assert fault_of("well", 1.0) == WELL == Fault()
