"""Bare scalars by YAML 1.2, and the traps of YAML 1.1."""

import math

import pytest

from gateway.config.scalars import Scalar, Trap, resolve, resolve_leniently


@pytest.mark.parametrize(("text", "value"), [
    ("true", True), ("FALSE", False), ("null", None), ("~", None), ("", None),
    ("0", 0), ("-12", -12), ("+7", 7), ("0o17", 15), ("0xFF", 255),
    ("1.5", 1.5), ("-.5", -0.5), ("1.", 1.0), ("1e3", 1000.0), ("1E-2", 0.01), (".inf", math.inf), ("-.INF", -math.inf),
    ("abc", "abc"), ("y", "y"), ("truth", "truth"), ("none", "none"), ("1.2.3", "1.2.3"), ("10.0.0.1", "10.0.0.1"),
    ("2026-11-23", "2026-11-23"), ("AA:BB", "AA:BB"), ("5s", "5s"),
    ("0o9", "0o9"), ("-", "-"), (".", "."), ("1_a", "1_a"),
])  # fmt: skip
def test_a_bare_scalar_is_read_as_yaml_1_2_says(text: str, value: Scalar) -> None:
    assert (resolve(text), type(resolve(text))) == (value, type(value))


def test_not_a_number_is_one() -> None:
    value = resolve(".nan")

    assert isinstance(value, float)
    assert math.isnan(value)


@pytest.mark.parametrize(("text", "code"), [
    ("yes", "E110"), ("No", "E110"), ("ON", "E110"), ("off", "E110"),
    ("010", "E111"), ("-007", "E111"), ("00", "E111"),
    ("12:30", "E112"), ("1:30:00", "E112"), ("08:15", "E112"), ("190:20:30.15", "E112"),
    ("40_001", "E113"), ("1_000.5", "E113"), ("0x_ff", "E113"), ("0b101", "E113"), ("-0x10", "E113"),
    ("1" * 41, "E113"), ("1e999", "E113"),
])  # fmt: skip
def test_what_readers_disagree_about_is_a_trap(text: str, code: str) -> None:
    found = resolve(text)

    assert isinstance(found, Trap)
    assert found.code == code


def test_a_trap_from_outside_the_file_is_text() -> None:
    assert [resolve_leniently(text) for text in ("010", "on", "12:30", "10")] == ["010", "on", "12:30", 10]
