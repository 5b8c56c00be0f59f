"""What a command may do."""

import json
from typing import Any

import pytest

from gateway.adapter import Rejected
from gateway.commands.decode import decode
from gateway.commands.policy import check
from tests.commands.setup import BOILER


def judge(**body: Any) -> str | None:
    """The reason for a refusal, or None."""
    try:
        check(decode(json.dumps({"id": "c", **body}).encode()), BOILER)
    except Rejected as error:
        return error.reason if error.detail else "without a word"
    return None


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (20, None),
        (80, None),
        (55.5, None),
        (19.999, "out-of-range"),
        (80.001, "out-of-range"),
        (10**30, "out-of-range"),
        (-(10**30), "out-of-range"),
    ],
)
def test_a_write_is_held_to_its_limits(value: float, reason: str | None) -> None:
    assert judge(write={"setpoint": value}) == reason


@pytest.mark.parametrize(("value", "reason"), [(5, None), (4.9, "out-of-range"), (10**12, None)])
def test_a_limit_may_be_open_at_one_end(value: float, reason: str | None) -> None:
    assert judge(write={"open": value}) == reason


def test_nothing_is_writable_unless_its_point_says_so() -> None:
    assert judge(write={"temp": 1}) == "not-writable"
    assert judge(write={"mode": "auto"}) is None


def test_one_point_that_may_not_spoils_the_whole_write() -> None:
    assert judge(write={"setpoint": 55, "temp": 1}) == "not-writable"
    assert judge(write={"setpoint": 55, "nothing": 1}) == "unknown-point"


def test_every_point_may_be_read_that_exists() -> None:
    assert judge(read=["temp", "setpoint"]) is None
    assert judge(read=["temp", "nothing"]) == "unknown-point"


def test_a_command_the_device_does_not_have_is_refused() -> None:
    assert judge(invoke="tare") == "unknown-command"


def test_a_refusal_names_the_limits_and_the_unit() -> None:
    with pytest.raises(Rejected, match="setpoint may be written from 20 to 80 °C"):
        check(decode(b'{"id":"c","write":{"setpoint":90}}'), BOILER)
    with pytest.raises(Rejected, match=r"open may be written from 5 to any$"):
        check(decode(b'{"id":"c","write":{"open":1}}'), BOILER)
