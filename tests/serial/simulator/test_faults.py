"""What a fault makes of a frame."""

import pytest

from adapters.serial.simulator.faults import AGAIN_S, KINDS, NOISE, WELL, Said, fault_of

FRAME = b"ST,GS,12.3kg\r\n"
TIMEOUT_S = 2.0


def said(text: str, number: int = 0) -> tuple[Said, ...]:
    return fault_of(text, TIMEOUT_S).said(FRAME, number)


@pytest.mark.parametrize(("text", "expected"), [
    ("well", (Said(0.0, (FRAME,)),)),
    ("dead", ()),
    ("silence", ()),
    ("hang-up", ()),
    ("slow:250ms", (Said(0.25, (FRAME,)),)),
    ("slow", (Said(1.0, (FRAME,)),)),
    ("late", (Said(3.0, (FRAME,)),)),
    ("noise", (Said(0.0, (NOISE + FRAME + NOISE,)),)),
    ("half", (Said(0.0, (FRAME[:7],)),)),
    ("twice", (Said(0.0, (FRAME,)), Said(AGAIN_S, (FRAME,)))),
    ("loss:100%", (Said(0.0, (FRAME[1:],)),)),
    ("checksum", (Said(0.0, (FRAME,)),)),
    ("refuse:2", (Said(0.0, (FRAME,)),)),
])  # fmt: skip
def test_a_frame_goes_on_the_wire_as(text: str, expected: tuple[Said, ...]) -> None:
    assert said(text) == expected


def test_a_split_frame_is_whole_in_pieces_of_a_byte() -> None:
    (only,) = said("split")
    assert b"".join(only.pieces) == FRAME
    assert {len(piece) for piece in only.pieces} == {1}


def test_loss_takes_another_byte_each_time() -> None:
    assert len({said("loss:100%", number)[0].pieces for number in range(8)}) == 8


@pytest.mark.parametrize(("share", "met"), [("5%", 50), ("33.33%", 333), ("100%", 1000), ("0.1%", 1)])
def test_a_share_of_the_frames_is_spoilt_and_no_more(share: str, met: int) -> None:
    spoilt = [number for number in range(1000) if said(f"noise:{share}", number)[0].pieces != (FRAME,)]
    assert len(spoilt) == met


def test_what_is_spoilt_is_spread_evenly() -> None:
    fault = fault_of("noise:25%", TIMEOUT_S)
    assert [number for number in range(12) if fault.meets(number)] == [3, 7, 11]


def test_the_dead_neither_hear_nor_speak_and_the_silent_hear() -> None:
    assert fault_of("dead", TIMEOUT_S).deaf
    assert not fault_of("silence", TIMEOUT_S).deaf


@pytest.mark.parametrize("text", [
    "", "ded", "dead:1s", "well:5%", "noise:0%", "noise:101%", "noise:five", "late:soon", "slow:5", "loss:%",
    "half:-1%",
])  # fmt: skip
def test_a_fault_that_there_is_not_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        fault_of(text, TIMEOUT_S)


def test_every_fault_tells_its_name() -> None:
    assert [fault_of(kind, TIMEOUT_S).text for kind in KINDS] == [*KINDS]
    assert fault_of("well", TIMEOUT_S) == WELL
