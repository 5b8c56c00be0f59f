"""The twin of a connection: what is asked, heard and reported, and when."""

import asyncio
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from gateway.model import Wishes
from tests.azure.twin.setup import FACTS, Bench
from tests.support.clockwork import Clockwork
from tests.support.examples import examples


@pytest.fixture
def bench() -> Bench:
    return Bench()


def devices(**states: str) -> dict[str, Any]:
    return {**FACTS, "devices": {name: {"state": state} for name, state in states.items()}}


def test_nothing_is_asked_before_the_subscriptions_are_acknowledged(bench: Bench) -> None:
    assert bench.step() is None
    assert not bench.asked
    bench.twin.begin()
    bench.step()
    assert [asked.patch for asked in bench.asked] == [None]


def test_what_is_no_topic_of_the_twin_is_not_for_it(bench: Bench) -> None:
    assert not bench.twin.arrived("$iothub/methods/POST/x/?$rid=1", b"")


def test_what_was_desired_in_absence_is_wished_and_answered_on_connecting(bench: Bench) -> None:
    bench.desire({"log": {"level": "debug"}}, is_told=False)
    bench.begin()
    assert bench.house.wishes == [Wishes(level="debug")]
    assert bench.hub.reported["log"] == {"value": {"level": "debug"}, "ac": 200, "av": 2}
    assert bench.hub.reported["devices"]["boiler"]["state"] == "online"


def test_the_first_report_takes_away_what_another_version_has_left(bench: Bench) -> None:
    bench.hub.report(b'{"devices": {"gone": {"state": "online"}}, "fancy": 1, "gateway": {"id": "gw"}}')
    bench.begin()
    assert list(bench.hub.reported["devices"]) == ["boiler"]
    assert "fancy" not in bench.hub.reported


def test_a_second_connection_reports_nothing_that_the_hub_knows(bench: Bench) -> None:
    bench.begin()
    again = Bench()
    again.hub = bench.hub
    again.twin.begin()
    assert [asked.patch for asked in again.settle()] == [None]


def test_a_change_of_what_is_desired_holds_at_once_and_is_answered(bench: Bench) -> None:
    bench.begin()
    bench.desire({"report": {"interval": "1min"}})
    bench.desire({"report": {"devices": {"boiler": "5s"}}})
    bench.desire({"commands": False})
    assert bench.house.wishes[-1] == Wishes({"": 60.0, "boiler": 5.0}, commands=False)
    (asked,) = bench.settle()
    assert asked.patch is not None
    assert set(asked.patch) == {"report", "commands"}
    bench.desire({"report": None, "commands": None})
    assert bench.house.wishes[-1] == Wishes()
    bench.settle()
    assert not bench.hub.reported.keys() & {"report", "commands"}


def test_what_the_core_does_not_grant_is_answered_so(bench: Bench) -> None:
    bench.house.refused = {"commands": "the configuration forbids it"}
    bench.desire({"commands": True}, is_told=False)
    bench.begin()
    assert bench.hub.reported["commands"] == {"ac": 403, "av": 2, "ad": "the configuration forbids it"}


def test_a_notification_that_is_not_newer_than_what_was_read_is_ignored(bench: Bench) -> None:
    bench.desire({"commands": False}, is_told=False)
    bench.begin()
    known = list(bench.house.wishes)
    bench.tell(2, b'{"commands": true, "$version": 2}')
    bench.tell(1, b'{"commands": true, "$version": 1}')
    assert bench.house.wishes == known
    assert not bench.settle()


def test_after_a_notification_was_missed_all_is_read_again(bench: Bench) -> None:
    bench.begin()
    bench.desire({"log": {"level": "debug"}}, is_told=False)
    bench.desire({"commands": False})
    assert bench.house.wishes == [Wishes()]
    assert bench.settle()[0].patch is None
    assert bench.house.wishes[-1] == Wishes(level="debug", commands=False)


def test_a_notification_newer_than_the_answer_it_came_before_is_not_lost(bench: Bench) -> None:
    bench.twin.begin()
    bench.step()
    old = bench.hub.document()
    bench.desire({"commands": False})
    bench.answer(200, old)
    bench.step()
    bench.until(lambda: bench.asked)
    bench.settle()
    assert bench.house.wishes[-1] == Wishes(commands=False)


@pytest.mark.parametrize(
    ("topic", "payload"),
    [("?$version=2", b"{"), ("?$version=2", b"[]"), ("", b"{}"), ("?$version=x", b'{"$version": "y"}')],
)
def test_after_a_notification_that_cant_be_read_all_is_read_again(bench: Bench, topic: str, payload: bytes) -> None:
    bench.begin()
    bench.desire({"commands": False}, is_told=False)
    bench.twin.arrived(f"$iothub/twin/PATCH/properties/desired/{topic}", payload)
    assert bench.settle()[0].patch is None
    assert bench.house.wishes[-1] == Wishes(commands=False)


def test_a_version_that_stands_in_the_body_alone_counts_too(bench: Bench) -> None:
    bench.begin()
    told = bench.hub.desire({"commands": False})
    bench.twin.arrived("$iothub/twin/PATCH/properties/desired/", told)
    assert bench.house.wishes[-1] == Wishes(commands=False)


def test_only_what_has_changed_is_reported_and_a_device_that_left_disappears(bench: Bench) -> None:
    bench.house.told = devices(boiler="online", pump="online")
    bench.begin()
    bench.house.told = devices(boiler="offline")
    bench.pass_s(5.0)
    (asked,) = bench.settle()
    changed = {"boiler": {"state": "offline"}, "pump": None}
    assert asked.patch == {"devices": changed, "counts": {"devices": {"online": None, "offline": 1}}}


def test_a_state_that_comes_and_goes_is_reported_each_few_seconds_at_most(bench: Bench) -> None:
    bench.begin()
    patches = 0
    for number in range(600):
        bench.house.told = devices(boiler="online" if number % 2 else "offline")
        bench.now_s += 0.1
        patches += len(bench.settle())
    assert 5 <= patches <= 12


def test_what_need_not_be_up_to_date_is_no_patch_more_than_once_a_minute(bench: Bench) -> None:
    bench.begin()
    patches = 0
    for number in range(1, 301):
        bench.house.told = {**FACTS, "outbox": {"waiting": 100 * (1 + number % 7)}}
        bench.now_s += 1.0
        patches += len(bench.settle())
    assert 4 <= patches <= 5


def test_two_patches_are_never_under_way_at_once(bench: Bench) -> None:
    bench.twin.begin()
    bench.step()
    bench.answer()
    bench.step()
    bench.house.told = devices(boiler="offline")
    bench.desire({"commands": False})
    bench.pass_s(20.0)
    assert len(bench.asked) == 1
    bench.settle()
    assert bench.hub.reported["devices"] == {"boiler": {"state": "offline"}}
    assert bench.hub.reported["commands"]["value"] is False


@pytest.mark.parametrize("status", [429, 500, 503, 404, 0])
def test_a_hub_that_does_not_answer_well_is_asked_more_and_more_seldom(bench: Bench, status: int) -> None:
    bench.twin.begin()
    pauses = []
    with capture_logs() as logs:
        for _ in range(9):
            pauses.append(bench.until(lambda: bench.asked))
            bench.answer(status, b"")
    assert pauses == [0, 2, 4, 8, 16, 32, 64, 128, 256]
    assert len([each for each in logs if each["log_level"] == "warning"]) == 1
    bench.until(lambda: bench.asked)
    bench.settle()
    assert "boiler" in bench.hub.reported["devices"]


def test_a_patch_that_is_throttled_is_made_anew_from_what_holds_then(bench: Bench) -> None:
    bench.begin()
    bench.house.told = devices(boiler="offline")
    bench.pass_s(5.0)
    bench.answer(429, b"")
    bench.house.told = devices(boiler="degraded")
    bench.until(lambda: bench.asked)
    bench.settle()
    assert bench.hub.reported["devices"]["boiler"]["state"] == "degraded"


def test_a_question_without_an_answer_is_asked_again(bench: Bench) -> None:
    bench.twin.begin()
    bench.step()
    late = bench.asked.pop()
    assert bench.until(lambda: bench.asked) == pytest.approx(32, abs=1)
    bench.twin.arrived(f"$iothub/twin/res/200/?$rid={late.rid}", b'{"desired": {"$version": 9}, "reported": {}}')
    assert not bench.house.wishes, "the late one is not taken for the answer to the next"
    bench.settle()
    assert bench.house.wishes == [Wishes()]


def test_after_a_patch_without_an_answer_the_hub_is_asked_what_it_has(bench: Bench) -> None:
    bench.begin()
    bench.house.told = devices(boiler="offline")
    bench.pass_s(5.0)
    lost = bench.asked.pop()
    bench.hub.report(json.dumps(lost.patch).encode())
    bench.until(lambda: bench.asked)
    assert [asked.patch for asked in bench.settle()] == [None], "it was put on, so that nothing is left to report"


@pytest.mark.parametrize(
    "answer", [b"", b"[]", b"{}", b'{"desired": {}, "reported": {}}', b'{"desired": {"$version": "1"}, "reported": {}}']
)
def test_an_answer_that_is_no_twin_is_asked_for_again(bench: Bench, answer: bytes) -> None:
    bench.twin.begin()
    bench.step()
    bench.answer(200, answer)
    bench.until(lambda: bench.asked)
    bench.settle()
    assert bench.house.wishes == [Wishes()]


def test_a_hub_whose_answers_are_no_twin_or_that_answers_no_patch_is_asked_more_and_more_seldom(bench: Bench) -> None:
    bench.twin.begin()
    with capture_logs() as logs:
        pauses = [bench.until(lambda: bench.asked)]
        for _ in range(3):
            bench.answer(200, b"{}")
            pauses.append(bench.until(lambda: bench.asked))
        assert pauses == [0, 2, 4, 8]
        bench.answer()
        pauses = []
        for _ in range(3):
            bench.until(lambda: bench.asked and bench.asked[-1].patch)
            bench.asked.clear()
            pauses.append(bench.until(lambda: bench.asked))
            bench.answer()
    assert pauses == pytest.approx([32, 34, 38], abs=1)
    warnings = [each["reason"] for each in logs if each["log_level"] == "warning"]
    assert warnings == ["what it has answered is no twin", "no answer within 30 s"]


def test_of_what_the_hub_refuses_only_the_offending_part_is_left_out(bench: Bench) -> None:
    bench.twin.begin()
    bench.step()
    bench.answer()
    refused: list[Any] = []
    with capture_logs() as logs:
        bench.step()
        while bench.asked:
            if "devices" in (bench.asked[0].patch or {}):
                refused.append(bench.answer(400, b"no").patch)
            else:
                bench.answer()
            bench.step()
    assert [len(patch) for patch in refused] == [4, 1]
    assert set(bench.hub.reported) == {"gateway", "counts", "outbox"}
    assert [(each["property"], each["answer"]) for each in logs if each["log_level"] == "error"] == [("devices", "no")]
    bench.house.told = {**devices(boiler="offline"), "version": "1.1"}
    bench.pass_s(5.0)
    (asked,) = bench.settle()
    assert asked.patch is not None
    assert set(asked.patch) == {"gateway", "counts"}


def test_what_cant_be_sent_now_is_tried_again(bench: Bench) -> None:
    bench.can_publish = False
    bench.twin.begin()
    assert bench.step() == pytest.approx(2.0)
    bench.can_publish = True
    bench.until(lambda: bench.asked)


def test_a_wake_up_comes_when_something_is_due_and_not_before(bench: Bench) -> None:
    bench.begin()
    assert bench.step() == pytest.approx(5.0)
    bench.pass_s(4.0)
    assert bench.step() == pytest.approx(1.0)


def test_it_runs_by_itself_on_a_loop() -> None:
    loop = Clockwork(1000.0)
    asyncio.set_event_loop(loop)
    bench = Bench()
    bench.twin._now_s = loop.time
    task = loop.create_task(bench.twin.run())
    loop.advance(100.0)
    assert not bench.asked
    bench.twin.begin()
    loop.quiet()
    bench.answer()
    loop.quiet()
    bench.answer()
    bench.house.told = devices(boiler="offline")
    loop.advance(4.9)
    assert not bench.asked
    loop.advance(0.1)
    assert [asked.patch is not None for asked in bench.asked] == [True]
    assert not task.done()
    loop.end()


DESIRED = st.sampled_from(
    [{"commands": False}, {"commands": None}, {"log": {"level": "debug"}}, {"report": {"interval": "5s"}}]
)
DEEDS = st.one_of(
    st.tuples(st.just("desire"), DESIRED, st.booleans()),
    st.tuples(st.just("answer"), st.sampled_from([None, None, None, 429, 500])),
    st.tuples(st.just("lose"), st.booleans()),
    st.tuples(st.just("state"), st.sampled_from(["online", "offline", "degraded"])),
    st.tuples(st.just("pass"), st.sampled_from([0.5, 5.0, 40.0])),
)


@given(st.lists(DEEDS, max_size=30))
@settings(max_examples=examples(40))
def test_whatever_is_lost_late_or_refused_both_ends_agree_in_the_end(deeds: list[Any]) -> None:
    bench = Bench()
    bench.twin.begin()
    with capture_logs():
        for deed in deeds:
            do(bench, *deed)
            bench.step()
            assert len(bench.asked) <= 1
        bench.desire({"report": {"devices": {"last": "1s"}}})
        for _ in range(6):
            bench.settle()
            bench.pass_s(700.0)
    assert bench.house.wishes[-1].interval_s["last"] == 1.0
    assert (bench.house.wishes[-1].commands is False) == (bench.hub.desired.get("commands") is False)
    assert bench.hub.reported["devices"]["boiler"]["state"] == bench.house.told["devices"]["boiler"]["state"]
    assert bench.hub.reported["report"]["av"] == bench.hub.desired_version


def do(bench: Bench, deed: str, *how: Any) -> None:
    if deed == "desire":
        bench.desire(how[0], is_told=how[1])
    elif deed == "state":
        bench.house.told = devices(boiler=how[0])
    elif deed == "pass":
        bench.pass_s(how[0])
    elif bench.asked and deed == "answer":
        bench.answer(how[0])
    elif bench.asked:
        lost = bench.asked.pop(0)
        if how[0] and lost.patch is not None:
            bench.hub.report(json.dumps(lost.patch).encode())
