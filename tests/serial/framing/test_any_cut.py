"""The same frames, losses and rest, however a stream is cut: for every framing, on the bytes that matter to it."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.serial.framing.marked import MarkedFramer
from adapters.serial.framing.sized import SizedFramer
from tests.serial.framing.kinds import KINDS
from tests.serial.framing.streams import Kind, cut_at, each_byte, of_bytes, outcome
from tests.support.examples import examples

any_kind = st.sampled_from([parameter.values[0] for parameter in KINDS])

ALL_UP_TO = {2: 9, 3: 6, 4: 5, 5: 4, 6: 4}
"""Bytes of the longest stream of which all are tried, by how many different ones matter: some thousand streams."""


@pytest.mark.parametrize("kind", KINDS)
def test_every_short_stream_comes_out_the_same_whole_and_byte_by_byte(kind: Kind) -> None:
    for stream in map(bytes, product(set(kind.alphabet), repeat=ALL_UP_TO.get(len(set(kind.alphabet)), 3))):
        assert outcome(kind.framer(), each_byte(stream)) == outcome(kind.framer(), [stream]), stream


@settings(max_examples=examples(120))
@given(kind=any_kind, data=st.data())
def test_the_same_comes_out_whole_and_byte_by_byte_and_in_any_pieces(kind: Kind, data: st.DataObject) -> None:
    stream = data.draw(of_bytes(kind.alphabet))
    whole = outcome(kind.framer(), [stream])
    assert outcome(kind.framer(), each_byte(stream)) == whole
    places = data.draw(st.lists(st.integers(0, len(stream)), max_size=6))
    assert outcome(kind.framer(), cut_at(stream, places)) == whole


@settings(max_examples=examples(120))
@given(kind=any_kind, data=st.data())
def test_after_silence_it_is_as_new_and_each_byte_is_in_a_frame_or_lost(kind: Kind, data: st.DataObject) -> None:
    framer = kind.framer()
    stream = data.draw(of_bytes(kind.alphabet))
    begun = outcome(framer, [stream])
    assert framer.begun or not begun.held
    ended = framer.silence()
    if isinstance(framer, SizedFramer | MarkedFramer):
        found = sum(len(frame.data) for frame in [*begun.frames, *ended])
        assert found + framer.losses.junk_bytes == len(stream)
    assert framer.silence() == []
    assert not framer.begun or kind.framer().begun
    again = data.draw(of_bytes(kind.alphabet))
    fresh, after = outcome(kind.framer(), [again]), outcome(framer, [again])
    assert (after.frames, after.held) == (fresh.frames, fresh.held)
