"""What is said on a line is told from what is heard of it: right at the right speed, nothing at the others."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.serial.config import SerialDevice, SerialLink
from adapters.serial.search.guess import CERTAIN, PLAUSIBLE, guess
from adapters.serial.search.heard import Heard
from adapters.serial.search.report import told
from adapters.serial.search.scope import BAUDRATES
from adapters.serial.search.setting import Setting
from tests.serial.search.samples import BARCODES, MODBUS, SAMPLES, Sample
from tests.serial.search.uart import heard_at
from tests.support.examples import examples

SENT = Setting(9600)
named = pytest.mark.parametrize("sample", SAMPLES.values(), ids=SAMPLES)


@named
def test_frames_are_understood_at_the_right_speed(sample: Sample) -> None:
    found = guess(heard_at(SENT, sample.said, SENT))

    assert found.framing == sample.framing
    assert (found.checksum, found.decode) == (sample.checksum, sample.decode)
    assert found.score >= CERTAIN
    assert found.number == len(sample.said)


@named
def test_no_other_speed_makes_sense_where_the_driver_tells_of_damage(sample: Sample) -> None:
    others = [Setting(rate).formatted(each) for rate in BAUDRATES if rate != 9600 for each in ("8N1", "8E1")]

    assert max(guess(heard_at(setting, sample.said, SENT)).score for setting in others) < PLAUSIBLE


@named
def test_no_other_speed_is_taken_for_certain_where_no_driver_tells(sample: Sample) -> None:
    others = [heard_at(Setting(rate), sample.said, SENT)._replace(faults=None) for rate in BAUDRATES if rate != 9600]

    assert max(guess(heard).score for heard in others) < CERTAIN


@named
def test_what_was_heard_from_the_midst_on_is_understood(sample: Sample) -> None:
    whole = heard_at(SENT, sample.said * 2, SENT)
    first = (whole.pieces[0][0], whole.pieces[0][1][3:])

    found = guess(whole._replace(pieces=(first, *whole.pieces[1:])))

    assert (found.framing["type"], found.checksum) == (sample.framing["type"], sample.checksum)
    assert found.score >= PLAUSIBLE


@pytest.mark.parametrize("parity", ["7E1", "7O1"])
def test_seven_bits_with_parity_show_at_eight_without(parity: str) -> None:
    sent = SENT.formatted(parity)

    found = guess(heard_at(SENT, SAMPLES["scale"].said, sent))

    assert found.setting == sent
    assert found.framing == SAMPLES["scale"].framing
    assert found.score >= CERTAIN


def test_eight_bits_with_parity_make_sense_at_nothing_else() -> None:
    sent = SENT.formatted("8E1")
    said = SAMPLES["scale"].said

    assert guess(heard_at(sent, said, sent)).score >= CERTAIN
    assert guess(heard_at(SENT, said, sent)).score < PLAUSIBLE


def test_modbus_is_named_as_what_it_is() -> None:
    found = guess(heard_at(SENT, MODBUS, SENT))

    assert (found.adapter, found.framing, found.number) == ("modbus", {}, 5)
    assert found.score >= CERTAIN


def test_text_that_nothing_ends_is_cut_at_its_pauses() -> None:
    found = guess(heard_at(SENT, BARCODES, SENT))

    assert (found.framing["type"], found.frames) == ("gap", tuple(BARCODES))
    assert PLAUSIBLE <= found.score < CERTAIN


def test_noise_is_nothing() -> None:
    noise = random.Random(7).randbytes(2000)

    assert guess(Heard(SENT, ((0.0, noise),))).score < PLAUSIBLE
    assert guess(Heard(SENT, ())).what == "nothing"


@named
def test_what_is_told_of_it_is_a_configuration_under_which_these_frames_come(sample: Sample) -> None:
    found = told(guess(heard_at(SENT, sample.said, SENT)))

    link = SerialLink.model_validate({"adapter": "serial", "port": "/dev/ttyS0", **found["link"]})
    device = SerialDevice.model_validate({"link": "line", **found["device"]})
    assert (link.baudrate, link.framing.type) == (9600, sample.framing["type"])
    assert device.points
    assert [bytes.fromhex(frame["hex"]) for frame in found["frames"]]


@settings(max_examples=examples(30))
@given(st.lists(st.binary(min_size=1, max_size=60), max_size=12), st.one_of(st.none(), st.integers(0, 50)))
def test_anything_can_be_heard(said: list[bytes], faults: int | None) -> None:
    pieces = tuple((number / 10, data) for number, data in enumerate(said))

    found = guess(Heard(SENT, pieces, faults))

    assert 0 <= found.score <= 1
    assert told(found)["bytes"] == sum(map(len, said))
