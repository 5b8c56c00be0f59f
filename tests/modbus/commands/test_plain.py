"""Why a device can't be read, in words."""

import pytest

from adapters.modbus.bus.awaited import NotSent
from adapters.modbus.commands.plain import Around, plainly, plainly_written
from adapters.modbus.commands.verdict import not_sent
from gateway.model import Bad, BadReason, Result, ResultStatus
from tests.modbus.setup import device

WHERE = "/dev/ttyUSB0, 9600 8N1"
ALONE = Around("meter1", 5, WHERE, is_serial=True, others=0, alive=0)
SILENT = Result(ResultStatus.UNREACHABLE, reason="timeout", detail="the device does not answer in time")
POINTS = device({
    "power": {"address": 501},
    "flow": {"address": 7, "table": "input"},
    "scaled": {"address": 7, "type": "int16", "scale_from": 9},
}).points  # fmt: skip


def said(result: Result, around: Around = ALONE, base: int = 0) -> str:
    return plainly(result, around, POINTS, base).detail or ""


def refused(code: int, *points: str) -> Result:
    return Result(ResultStatus.FAILED, bad={name: Bad(BadReason.DEVICE_ERROR, code=code) for name in points})


def test_who_is_silent_alone_is_off_or_has_another_id() -> None:
    assert said(SILENT, ALONE._replace(others=3, alive=2)) == (
        "meter1 (id 5 on /dev/ttyUSB0, 9600 8N1) does not answer."
        " Other ids on this bus do: wrong id, or the device is off."
    )


def test_where_nobody_answers_the_bus_is_at_fault() -> None:
    assert "Nobody else on this bus does: A and B swapped, wrong baud rate" in said(SILENT, ALONE._replace(others=3))
    assert "Nobody else is configured on this bus: A and B swapped" in said(SILENT)


def test_through_a_network_there_is_no_baud_rate() -> None:
    around = ALONE._replace(where="10.0.0.5:502", is_serial=False)
    assert "baud" not in said(SILENT, around)
    assert "The connection itself stands" in said(SILENT, around)


def test_what_may_have_happened_is_said_first() -> None:
    result = Result(ResultStatus.UNKNOWN, reason="timeout", detail="power: it may have been written")
    assert said(result).startswith("power: it may have been written. meter1 (id 5 on")


def test_what_a_write_says_of_itself_is_kept() -> None:
    result = Result(
        ResultStatus.UNREACHABLE, reason="timeout", detail="power: no answer, as before; nothing was written"
    )
    told = plainly_written(result, ALONE).detail or ""
    assert told.startswith("meter1 (id 5 on")
    assert told.endswith("as before; nothing was written")


def test_a_write_that_is_refused_is_told_in_its_own_words() -> None:
    result = Result(ResultStatus.FAILED, reason="device-error", detail="power: the device is busy (exception 6)")
    assert plainly_written(result, ALONE) == result


@pytest.mark.parametrize(("answers", "damaged", "is_told"), [
    (97, 3, True), (98, 2, False), (1, 2, False), (1000, 20, False), (1000, 21, True), (0, 3, True),
])  # fmt: skip
def test_too_many_damaged_answers_have_a_cause(answers: int, damaged: int, is_told: bool) -> None:
    around = ALONE._replace(answers=answers, damaged=damaged)
    assert ("termination or bias, the cable, or two devices with id 5" in said(SILENT, around)) == is_told


def test_damage_is_not_told_of_what_went_well() -> None:
    assert said(Result(ResultStatus.DONE, values={"power": 1}), ALONE._replace(damaged=99)) == ""


def test_an_unknown_function_names_the_other_table() -> None:
    assert said(refused(1, "flow")) == (
        "The device does not know function 4 (input table): try `table: holding` for the point flow."
    )


def test_an_address_that_does_not_exist_names_its_neighbour() -> None:
    assert said(refused(2, "power")) == (
        "Address 501 of the holding table (point power) does not exist; manuals often count from 1: try 500."
    )
    assert said(refused(2, "power"), base=1).endswith("manuals often count from 0: try 502.")


def test_where_two_addresses_may_be_the_one_that_does_not_exist_both_are_named() -> None:
    assert said(refused(2, "scaled")).startswith(
        "Address 7 of the holding table (point scaled), or that of its scale_from, 9, does not exist; "
    )


@pytest.mark.parametrize(("code", "words"), [
    (3, "Point power: the device refuses the value or the length (exception 3)."),
    (6, "Point power: the device is busy (exception 6)."),
    (77, "Point power: the device refuses it (exception 77)."),
])  # fmt: skip
def test_other_refusals_are_told_as_they_are(code: int, words: str) -> None:
    assert said(refused(code, "power")) == words


@pytest.mark.parametrize("code", [0x0A, 0x0B])
def test_a_gateway_that_does_not_reach_the_device_is_told(code: int) -> None:
    around = ALONE._replace(where="10.0.0.5:502", is_serial=False)
    assert said(refused(code, "power"), around) == (
        "The Modbus gateway 10.0.0.5:502 was reached, but the device with id 5 behind it not."
    )


@pytest.mark.parametrize(
    ("table", "address", "base", "hint"),
    [
        ("holding", 40011, 0, "in manuals 40011 often is number 11 of the holding table: try 10"),
        ("holding", 40011, 1, "in manuals 40011 often is number 11 of the holding table: try 11"),
        ("input", 30001, 0, "in manuals 30001 often is number 1 of the input table: try 0"),
        ("input", 40011, 0, "manuals often count from 1: try 40010"),
        ("holding", 50000, 0, "manuals often count from 1: try 49999"),
    ],
)
def test_an_address_with_the_number_of_its_table_is_told_to_be_one(
    table: str, address: int, base: int, hint: str
) -> None:
    points = device({"p": {"address": address, "table": table}}, address_base=base).points
    assert (plainly(refused(2, "p"), ALONE, points, base).detail or "").endswith(f"does not exist; {hint}.")


def test_who_was_not_even_asked_is_silent_in_one_sentence() -> None:
    assert said(not_sent(NotSent.SILENT)) == said(SILENT)
