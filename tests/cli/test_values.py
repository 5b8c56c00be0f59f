"""Values as people read and type them."""

import pytest

from gateway.cli.control.results import exit_of, sentence
from gateway.cli.control.values import BadValue, assigned, limits, measured, parsed, shown
from tests.cli.api import FLOW, MODE, PUMP, SETPOINT, result

TEXT = {"type": "string", "kind": "text"}
COUNT = {"type": "uint64", "kind": "int"}


@pytest.mark.parametrize(("point", "typed", "value"), [
    (SETPOINT, "55", 55), (SETPOINT, "55.5", 55.5), (SETPOINT, "-1e3", -1000.0), (PUMP, "true", True),
    (PUMP, "false", False), (MODE, "auto", "auto"), (MODE, "on", "on"), (TEXT, "55", "55"), (TEXT, "", ""),
    (COUNT, "18446744073709551615", 18446744073709551615),
    ({**COUNT, "enum": {"0": 10, "1": True}}, "10", 10), ({**COUNT, "enum": {"0": 10, "1": True}}, "true", True),
])  # fmt: skip
def test_what_is_typed_becomes_a_value_of_the_points_kind(point: dict[str, object], typed: str, value: object) -> None:
    found = parsed("x", typed, point)

    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(("point", "typed", "said"), [
    (PUMP, "on", "x is true or false, not 'on'"), (SETPOINT, "warm", "x takes a number, not 'warm'"),
    (SETPOINT, "nan", "x takes a number, not 'nan'"), (SETPOINT, "inf", "x takes a number, not 'inf'"),
    (SETPOINT, "", "x takes a number, not ''"), (MODE, "aut", "x: no value 'aut' - did you mean 'auto'?"),
    (MODE, "1", "x: no value '1' - there are off, on, auto"),
])  # fmt: skip
def test_what_can_be_no_value_is_told_with_what_could(point: dict[str, object], typed: str, said: str) -> None:
    with pytest.raises(BadValue) as refused:
        parsed("x", typed, point)

    assert str(refused.value) == said


def test_only_the_first_equals_sign_parts_a_name_from_its_value() -> None:
    assert assigned("text=a=b") == ("text", "a=b")


@pytest.mark.parametrize("text", ["setpoint", "=5", ""])
def test_what_has_no_name_or_no_value_is_no_assignment(text: str) -> None:
    with pytest.raises(BadValue):
        assigned(text)


def test_what_a_device_says_can_not_command_a_terminal() -> None:
    assert shown("\x1b[2J\n°C") == "\\x1b[2J\\n°C"


@pytest.mark.parametrize(("low", "high", "said"), [
    (20.0, 80.0, "20 to 80 °C"), (None, 80.0, "at most 80 °C"), (20.0, None, "at least 20 °C"), (None, None, ""),
    (-0.5, 0.5, "-0.5 to 0.5 °C"),
])  # fmt: skip
def test_limits_are_told_with_the_unit(low: float | None, high: float | None, said: str) -> None:
    assert limits({**FLOW, "min": low, "max": high}) == said


def test_nothing_has_no_unit() -> None:
    assert measured(None, FLOW) == ""


@pytest.mark.parametrize(("ended", "code"), [
    (result(), 0), (result(bad={"flow": {"reason": "invalid"}}), 5), (result("unreachable"), 4), (result("expired"), 4),
    (result("failed"), 5), (result("unknown"), 5), (result("rejected", reason="policy"), 8),
    (result("rejected", reason="not-writable"), 8), (result("rejected", reason="unknown-point"), 2),
    (result("rejected", reason="storage"), 1), (result("rejected", reason="queue-full"), 4), (result("new"), 1),
])  # fmt: skip
def test_a_result_has_its_exit_code(ended: dict[str, object], code: int) -> None:
    assert exit_of(ended) == code


def test_a_refusal_names_its_rule() -> None:
    told = sentence(result("rejected", reason="policy", detail="too often", rule="devices.boiler.max_write_rate"))

    assert told == "rejected, policy: too often (rule: devices.boiler.max_write_rate)"


def test_what_is_the_status_is_not_told_again_as_the_reason() -> None:
    assert sentence(result("unreachable", reason="unreachable", detail="too far")) == "unreachable: too far"


def test_nobody_is_let_believe_that_an_unknown_end_was_none() -> None:
    assert "may have been carried out or not" in sentence(result("unknown", detail="cut short"))
