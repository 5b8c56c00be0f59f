"""Rates, hours and tokens: whatever comes, and whenever."""

import itertools
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.adapter import Rejected
from gateway.commands.decode import Request
from gateway.commands.guard import CONFIRM_S, MAX_TOKENS, Guard, Unconfirmed
from gateway.commands.policy import Guarded, Permit
from gateway.model import Guards
from gateway.units import TimesIn, parse_hours

RULE = "devices.boiler.points.setpoint.writable"
NOON = 12 * 60


class Door:
    """A guard, its clocks, and the tokens it gave."""

    def __init__(self) -> None:
        self.now_s = 1000.0
        self.minute: int | None = NOON
        self._numbers = itertools.count(1)
        self.guard = Guard(lambda: self.now_s, lambda: self.minute, lambda: f"token-{next(self._numbers)}")

    def admit(
        self, permit: Permit, request: Request | None = None, *, device: str = "boiler", sender: str = "cloud/"
    ) -> Any:
        return self.guard.admit(request or write(), permit, device, sender)

    def refusal(self, permit: Permit, request: Request | None = None, **more: Any) -> Rejected | None:
        try:
            self.admit(permit, request, **more)
        except Rejected as error:
            return error
        return None

    def token(self, permit: Permit, request: Request | None = None, **more: Any) -> str:
        """What a second command must carry."""
        refusal = self.refusal(permit, request, **more)
        assert isinstance(refusal, Unconfirmed)
        return refusal.token


def write(confirm: str | None = None, **more: Any) -> Request:
    return Request(**{"id": "c", "write": {"setpoint": 55}, "confirm": confirm, **more})


def guarded(*, rate: TimesIn | None = None, **guards: Any) -> Permit:
    return Permit(moves=True, guarded=(Guarded(RULE, "setpoint", Guards(max_rate=rate, **guards)),))


CONFIRMED = guarded(confirm=True)

attempts = st.lists(
    st.tuples(st.floats(0, 30), st.sampled_from(["stay", "stay", "take back", "take back later"])), max_size=60
)


@given(st.integers(1, 6), st.floats(0.5, 60), attempts)
def test_no_window_of_the_period_ever_holds_more_than_so_many(times: int, period_s: float, tries: Any) -> None:
    door, permit = Door(), guarded(rate=TimesIn(times, period_s))
    done: list[float] = []
    later: list[tuple[Any, float]] = []
    for pause_s, fate in tries:
        door.now_s += pause_s
        take_back = None
        with suppress(Rejected):
            take_back = door.admit(permit)
        if take_back is None:
            in_window = [at for at in done if at > door.now_s - period_s]
            assert len(in_window) >= times, "refused without need"
            continue
        done.append(door.now_s)
        if fate == "take back":
            take_back()
            done.remove(door.now_s)
        elif fate == "take back later":
            later.append((take_back, door.now_s))
        if len(later) > 2:
            undo, at = later.pop(0)
            undo()
            done.remove(at)
    for index, first in enumerate(done):
        window = [at for at in done[index:] if at < first + period_s * (1 - 1e-9)]
        assert len(window) <= times


def test_the_next_is_admitted_a_period_after_the_first() -> None:
    door, permit = Door(), guarded(rate=TimesIn(2, 10.0))
    door.admit(permit)
    door.now_s += 4
    door.admit(permit)
    door.now_s += 5.5
    refusal = door.refusal(permit)
    assert refusal is not None
    assert "2/10s" in refusal.detail
    door.now_s += 0.5
    assert door.refusal(permit) is None
    assert door.refusal(permit) is not None


def test_what_was_not_carried_out_after_all_gives_its_place_back() -> None:
    door, permit = Door(), guarded(rate=TimesIn(1, 60.0))
    take_back = door.admit(permit)
    assert door.refusal(permit) is not None
    take_back()
    assert door.refusal(permit) is None


def test_taking_back_twice_gives_only_one_place() -> None:
    door, permit = Door(), guarded(rate=TimesIn(2, 60.0))
    take_back = door.admit(permit)
    door.now_s += 1
    door.admit(permit)
    take_back()
    take_back()
    assert door.refusal(permit) is None
    assert door.refusal(permit) is not None


def test_one_rate_holds_for_all_senders() -> None:
    door, permit = Door(), guarded(rate=TimesIn(1, 60.0))
    door.admit(permit, sender="cloud/")
    assert door.refusal(permit, sender="local/ann") is not None


def test_a_refusal_by_one_rate_counts_for_no_other() -> None:
    door = Door()
    both = guarded(rate=TimesIn(3, 60.0))._replace(device_rate=("devices.boiler.max_write_rate", TimesIn(1, 60.0)))
    door.admit(both)
    for _ in range(5):
        refusal = door.refusal(both)
        assert refusal is not None
        assert refusal.rule == "devices.boiler.max_write_rate"
    point_alone = guarded(rate=TimesIn(3, 60.0))
    assert door.refusal(point_alone) is None
    assert door.refusal(point_alone) is None
    assert door.refusal(point_alone) is not None


def test_a_refusal_for_want_of_a_token_counts_for_no_rate() -> None:
    door, permit = Door(), guarded(rate=TimesIn(1, 60.0), confirm=True)
    for _ in range(5):
        token = door.token(permit)
    assert door.refusal(permit, write(token)) is None
    refusal = door.refusal(permit, write("no matter"))
    assert refusal is not None
    assert refusal.rule == f"{RULE}.max_rate"


@given(st.integers(0, 1439), st.integers(0, 1439), st.integers(0, 1439))
def test_hours_are_what_the_clock_on_the_wall_says(start: int, end: int, minute: int) -> None:
    if start == end:
        return
    door = Door()
    door.minute = minute
    passed, at = set[int](), start
    while at != end:
        passed.add(at)
        at = (at + 1) % 1440
    refusal = door.refusal(guarded(hours=((start, end),)))
    assert (refusal is None) == (minute in passed)
    assert refusal is None or refusal.rule == f"{RULE}.hours"


@pytest.mark.parametrize(
    ("hours", "allowed", "forbidden"),
    [
        ("06:00-22:00", ["06:00", "21:59"], ["05:59", "22:00", "00:00"]),
        ("22:00-06:00", ["22:00", "23:59", "00:00", "05:59"], ["06:00", "21:59"]),
        ("00:00-24:00", ["00:00", "23:59"], []),
        ("23:59-24:00", ["23:59"], ["00:00", "23:58"]),
        (["06:00-08:00", "20:00-22:00"], ["07:00", "21:00"], ["08:00", "19:59", "22:00"]),
    ],
)
def test_hours_hold_to_the_minute(hours: Any, allowed: list[str], forbidden: list[str]) -> None:
    door, permit = Door(), guarded(hours=parse_hours(hours))
    for time in [*allowed, *forbidden]:
        hour, minute = time.split(":")
        door.minute = int(hour) * 60 + int(minute)
        assert (door.refusal(permit) is None) == (time in allowed), time


def test_where_there_are_hours_a_clock_that_is_not_set_forbids() -> None:
    door = Door()
    door.minute = None
    refusal = door.refusal(guarded(hours=((0, 1440),)))
    assert refusal is not None
    assert (refusal.reason, refusal.rule) == ("policy", f"{RULE}.hours")
    assert door.refusal(guarded()) is None


def test_a_token_is_good_once() -> None:
    door = Door()
    token = door.token(CONFIRMED)
    assert door.refusal(CONFIRMED, write(token)) is None
    again = door.refusal(CONFIRMED, write(token))
    assert isinstance(again, Unconfirmed)
    assert again.rule == f"{RULE}.confirm"
    assert "no more, good" in again.detail


OTHERS: dict[str, tuple[Request, dict[str, str]]] = {
    "another value": (write(write={"setpoint": 56}), {}),
    "another point": (write(write={"pump": 55}), {}),
    "one more point": (write(write={"setpoint": 55, "pump": True}), {}),
    "another kind of value": (write(write={"setpoint": True}), {}),
    "another device": (write(), {"device": "pump"}),
    "another endpoint": (write(), {"sender": "hub/"}),
    "another person": (write(), {"sender": "local/bob"}),
    "a command in its stead": (write(write=None, invoke="start"), {}),
}


@pytest.mark.parametrize("case", OTHERS)
def test_a_token_is_good_for_nothing_but_what_it_was_given_for(case: str) -> None:
    request, told = OTHERS[case]
    door = Door()
    token = door.token(CONFIRMED)
    stolen = Request(**{**{name: getattr(request, name) for name in request.__struct_fields__}, "confirm": token})
    assert isinstance(door.refusal(CONFIRMED, stolen, **told), Unconfirmed)
    assert door.refusal(CONFIRMED, write(token)) is None, "and still good for that"


def test_a_token_is_bound_to_the_args_of_a_command() -> None:
    door = Door()
    slow, fast = (CONFIRMED._replace(args={"speed": speed}) for speed in (1, 9))
    token = door.token(slow, write(write=None, invoke="start"))
    again = write(token, write=None, invoke="start")
    assert isinstance(door.refusal(fast, again), Unconfirmed)
    assert door.refusal(slow, again) is None


@pytest.mark.parametrize(("after_s", "good"), [(CONFIRM_S - 0.001, True), (CONFIRM_S, False)])
def test_a_token_is_good_for_a_minute(after_s: float, good: bool) -> None:
    door = Door()
    token = door.token(CONFIRMED)
    door.now_s += after_s
    assert (door.refusal(CONFIRMED, write(token)) is None) == good


def test_tokens_are_bounded_and_the_oldest_goes_first() -> None:
    door = Door()
    tokens = [door.token(CONFIRMED, write(write={"setpoint": number})) for number in range(MAX_TOKENS + 1)]
    assert len(door.guard._pending) == MAX_TOKENS
    assert isinstance(door.refusal(CONFIRMED, write(tokens[0], write={"setpoint": 0})), Unconfirmed)
    assert door.refusal(CONFIRMED, write(tokens[-1], write={"setpoint": MAX_TOKENS})) is None


def test_tokens_that_nobody_used_are_forgotten() -> None:
    door = Door()
    for number in range(100):
        door.token(CONFIRMED, write(write={"setpoint": number}))
    door.now_s += CONFIRM_S
    door.token(CONFIRMED)
    assert len(door.guard._pending) == 1


@pytest.mark.parametrize("token", ["token-1", "", "nonsense"])
def test_a_token_where_none_is_needed_harms_nothing(token: str) -> None:
    door = Door()
    assert door.token(CONFIRMED) == "token-1"
    assert door.refusal(guarded(), write(token)) is None
    assert door.refusal(CONFIRMED, write("token-1")) is None


def test_hours_and_rates_hold_for_what_is_confirmed_too() -> None:
    door, permit = Door(), guarded(confirm=True, hours=((NOON, NOON + 1),))
    token = door.token(permit)
    door.minute = NOON + 1
    refusal = door.refusal(permit, write(token))
    assert refusal is not None
    assert refusal.rule == f"{RULE}.hours"
    door.minute = NOON
    assert door.refusal(permit, write(token)) is None, "it was not used up"
