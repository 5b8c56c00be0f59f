"""What a named command takes: written by an installer, given by whoever sends it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from gateway.adapter import AdapterCommand, Argument, Rejected
from gateway.adapter.arguments import LARGEST_WHOLE, SHOWN_CHARS
from gateway.commands.arguments import checked
from gateway.model import ArgumentInfo

KG = ArgumentInfo("float", min=0, max=500, unit="kg", description="the new limit")
COUNT = ArgumentInfo("int", min=1)
MODE = ArgumentInfo("text", choices=("fast", "slow"), default="fast")
LINE = ArgumentInfo("text", max_length=8)
OPEN = ArgumentInfo("bool")

RULE = "devices.d.commands.c.args"

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(), inner, max_size=2),
    max_leaves=4,
)


def accepted(info: ArgumentInfo, value: Any) -> Any:
    return checked("c", {"a": value}, {"a": info}, RULE)["a"]


def refused(given: dict[str, Any], wanted: dict[str, ArgumentInfo]) -> Rejected:
    with pytest.raises(Rejected) as caught:
        checked("c", given, wanted, RULE)
    return caught.value


@pytest.mark.parametrize(
    ("info", "value", "becomes"),
    [
        (KG, 12.5, 12.5),
        (KG, 0, 0.0),
        (KG, 500, 500.0),
        (COUNT, 1, 1),
        (COUNT, 7.0, 7),
        (COUNT, LARGEST_WHOLE, LARGEST_WHOLE),
        (MODE, "slow", "slow"),
        (LINE, "007", "007"),
        (LINE, "12345678", "12345678"),
        (LINE, "", ""),
        (OPEN, False, False),
        (ArgumentInfo("float", choices=(1, 2.5)), 1, 1.0),
        (ArgumentInfo("text", choices=("\x02",)), "\x02", "\x02"),
    ],
)
def test_what_fits_is_given_on_in_its_kind(info: ArgumentInfo, value: Any, becomes: Any) -> None:
    found = accepted(info, value)
    assert (type(found), found) == (type(becomes), becomes)


@pytest.mark.parametrize(
    ("info", "value", "said"),
    [
        (KG, "12", 'a must be a number from 0 to 500 kg, not "12"'),
        (KG, True, "a must be a number from 0 to 500 kg, not true"),
        (KG, None, "a must be a number from 0 to 500 kg, not null"),
        (KG, [1], "a must be a number from 0 to 500 kg, not [1]"),
        (KG, 10**400, "a must be a number from 0 to 500 kg, not 1000"),
        (COUNT, 1.5, "a must be a whole number from 1 upwards, not 1.5"),
        (COUNT, 2.0**65, "a must be a whole number from 1 upwards, not 3.6"),
        (OPEN, 1, "a must be true or false, not 1"),
        (LINE, 7, "a must be text of at most 8 characters, not 7"),
        (MODE, 1, 'a must be "fast" or "slow", not 1'),
        (ArgumentInfo("float", unit="kg"), "x", 'a must be a number in kg, not "x"'),
    ],
)
def test_what_is_of_another_kind_is_malformed(info: ArgumentInfo, value: Any, said: str) -> None:
    error = refused({"a": value}, {"a": info})
    assert (error.reason, error.rule) == ("malformed", None)
    assert error.detail.startswith(said)


@pytest.mark.parametrize(
    ("info", "value", "said"),
    [
        (KG, -0.001, "a must be a number from 0 to 500 kg, not -0.001"),
        (KG, 500.001, "a must be a number from 0 to 500 kg, not 500.001"),
        (COUNT, 0, "a must be a whole number from 1 upwards, not 0"),
        (ArgumentInfo("int", max=3, unit="mm"), 4, "a must be a whole number up to 3 mm, not 4"),
        (MODE, "Fast", 'a must be "fast" or "slow", not "Fast"'),
        (LINE, "123456789", "a must be text of at most 8 characters, not of 9"),
    ],
)
def test_what_is_beyond_the_limits_is_refused_by_the_rule(info: ArgumentInfo, value: Any, said: str) -> None:
    error = refused({"a": value}, {"a": info})
    assert (error.reason, error.rule, error.detail) == ("out-of-range", f"{RULE}.a", said)


@pytest.mark.parametrize("character", ["\r", "\n", "\0", "\x1b", "\x7f", "\x85"])
def test_text_can_not_smuggle_in_another_command(character: str) -> None:
    error = refused({"a": f"5{character}RST"}, {"a": LINE})
    assert (error.reason, "control characters" in error.detail) == ("out-of-range", True)
    assert refused({"a": f"5{character}"}, {"a": ArgumentInfo("text", pattern="(?s).*")}).reason == "out-of-range"


def test_what_is_not_given_is_its_default_and_all_is_in_the_order_of_the_configuration() -> None:
    wanted = {"mode": MODE, "kg": KG, "open": ArgumentInfo("bool", default=False)}
    assert list(checked("c", {"kg": 1}, wanted, RULE).items()) == [("mode", "fast"), ("kg", 1.0), ("open", False)]


def test_what_is_missing_is_told_with_what_it_may_be() -> None:
    error = refused({"mode": "slow"}, {"kg": KG, "mode": MODE, "count": COUNT})
    assert error.reason == "malformed"
    assert error.detail == (
        "'c' needs kg, a number from 0 to 500 kg (the new limit) and count, a whole number from 1 upwards"
    )


def test_what_nobody_asked_for_is_told_with_what_was_meant() -> None:
    assert refused({"kgs": 1}, {"kg": KG}).detail == "'c' has no argument 'kgs' - did you mean 'kg'?"
    assert refused({"weight": 1}, {"kg": KG}).detail == "'c' has no argument 'weight' (it takes: kg)"
    assert refused({"kg": 1}, {}).detail == "'c' has no argument 'kg': it takes no args"


def test_what_a_stranger_wrote_is_not_told_at_length() -> None:
    assert len(refused({"x" * 10_000: 1}, {}).detail) < SHOWN_CHARS + 60
    assert len(refused({"a": "x" * 10_000}, {"a": KG}).detail) < SHOWN_CHARS + 60


@given(json_values, st.sampled_from([KG, COUNT, MODE, LINE, OPEN]))
def test_whatever_comes_is_of_its_kind_and_within_its_limits_or_refused(value: Any, info: ArgumentInfo) -> None:
    try:
        found = accepted(info, value)
    except Rejected:
        return
    assert type(found) is {"float": float, "int": int, "bool": bool, "text": str}[info.kind]
    assert found == value
    assert not info.choices or found in info.choices
    if isinstance(found, int | float):
        assert info.min is None or found >= info.min
        assert info.max is None or found <= info.max


def test_the_core_is_told_all_that_an_installer_wrote() -> None:
    command = AdapterCommand.model_validate(
        {
            "description": "until the next start",
            "confirm": True,
            "args": {
                "kg": {"min": 0, "max": 500, "unit": "kg", "description": "the new limit"},
                "mode": {"type": "string", "choices": ["fast", "slow"], "default": "fast"},
                "name": {"type": "string", "max_length": 8},
            },
        }
    ).describe()
    assert dict(command.args) == {"kg": KG, "mode": MODE, "name": LINE}
    assert (command.description, command.guards.confirm, command.steps) == ("until the next start", True, ())


@pytest.mark.parametrize(
    ("argument", "said"),
    [
        ({"min": 2, "max": 1}, "min is above max"),
        ({"type": "bool", "max": 1}, "min and max are for numbers, and this is true or false: leave them out"),
        ({"type": "string", "min": 1}, "min and max are for numbers, and this is text: leave them out"),
        ({"max": float("inf")}, "min and max must be finite: leave out what is no limit"),
        ({"max_length": 3}, "max_length is for text, and this is a number: leave it out"),
        ({"choices": [1, "a"]}, 'choices: each must be a number, not "a"'),
        ({"max": 1, "choices": [1, 2]}, "choices: each must be a number up to 1, not 2"),
        ({"choices": [1, 2], "default": 3}, "default: it must be 1 or 2, not 3"),
        ({"max": 5, "default": 6}, "default: it must be a number up to 5, not 6"),
        ({"type": "string", "max_length": 2, "default": "abc"}, "default: it must be text of at most 2 characters"),
        ({"type": "string", "default": "a\r"}, "default: it must not have control characters"),
    ],
)
def test_an_argument_that_nobody_could_give_is_refused_in_the_configuration(
    argument: dict[str, Any], said: str
) -> None:
    with pytest.raises(ValidationError) as caught:
        Argument.model_validate(argument)
    assert said in str(caught.value)
