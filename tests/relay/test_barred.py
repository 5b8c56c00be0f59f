"""An access list that allows some topics only: the others' messages wait, nothing waits behind them."""

from pathlib import Path
from typing import Any

import pytest
import structlog

from gateway.barred import AT_ONCE_S, CUT_PROBE_S, IN_A_ROW, MAX_NOTES, PROBE_S, Barred
from gateway.endpoints.contract import Renewed
from gateway.outbox.entry import Entry
from tests.outbox.setup import until
from tests.relay.setup import RelayRig, relaying

DENIED: dict[str, Any] = {"code": 0x87, "text": "0x87 Not authorized"}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "outbox.db"


def entry(number: int, kind: str = "reading", device: str = "a") -> Entry:
    return Entry(number, session=1, seq=number, kind=kind, device=device, time_ms=0, payload=b"{}")


def stage(relays: RelayRig, *sorts: tuple[str, str]) -> None:
    for kind, device in sorts:
        relays.rig.stage(kind, f"{kind}-{device}".encode(), device)


async def answer(relays: RelayRig, *denied: tuple[str, str]) -> None:
    """Take everything that comes, but for what goes there."""
    await relays.quiet()
    while relays.relay.connected_now and relays.end.unanswered:
        token = relays.end.unanswered[0]
        message = next(each for each in relays.end.sent if each.token == token)
        relays.end.ack([token], **DENIED if (message.kind, message.device) in denied else {})
        await relays.quiet()


@pytest.mark.parametrize("denied", [("birth", "a"), ("reading", "a"), ("result", "b"), ("status", "")])
async def test_what_is_denied_waits_and_all_else_goes(path: Path, denied: tuple[str, str]) -> None:
    async with relaying(path) as relays:
        await relays.connect(window=3)
        sorts = [("status", ""), ("birth", "a"), ("result", "b"), ("reading", "a"), ("reading", "b")]
        with structlog.testing.capture_logs() as logs:
            for _ in range(3):
                stage(relays, *sorts)
                await answer(relays, denied)
        kind, device = denied
        of = device or "the gateway"
        assert relays.relay.notes == [f"those of kind {kind} of {of} wait: 0x87 Not authorized"]
        assert [each["kind"] for each in logs if each["log_level"] == "error"] == [kind]
        told = [(message.kind, message.device) for message in relays.end.sent]
        assert told.count(denied) == 1
        assert [told.count(sort) for sort in sorts if sort != denied] == [3] * 4
        assert relays.rig.query("SELECT count(*) FROM dead") == [(0,)]
        await relays.rig.commit()
        waits = relays.rig.query("SELECT kind, device FROM envelope")
        assert waits == [denied] * 3


async def test_all_that_waited_goes_once_the_access_list_is_mended(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with relaying(path) as relays:
        await relays.connect()
        for _ in range(5):
            stage(relays, ("status", ""), ("reading", "a"), ("reading", "b"))
            await answer(relays, ("reading", "a"))
        relays.end.sent.clear()
        monkeypatch.setattr("gateway.judge.Barred.due", _now)
        stage(relays, ("status", ""))
        await relays.quiet()
        assert [message.kind for message in relays.end.sent] == ["status", "reading"], "one is tried"
        relays.end.ack()
        with pytest.raises(Renewed):
            await relays.outcome()
        end = await relays.connect()
        await relays.sent(4)
        assert [message.kind for message in end.sent] == ["reading"] * 4
        assert relays.relay.notes == []


def _now(self: Barred, _now_s: float) -> list[Entry]:
    """Whatever the time is."""
    samples = [bar.sample for bar in self._bars.values() if bar.sample.id not in self._tried]
    self._tried.update(sample.id for sample in samples)
    return samples


async def test_backlog_that_is_denied_is_passed_over(path: Path) -> None:
    async with relaying(path) as relays:
        for number in range(30):
            stage(relays, ("reading", "b" if number % 10 == 9 else "a"))
        await relays.connect(window=2)
        await answer(relays, ("reading", "a"))
        told = [message.device for message in relays.end.sent]
        assert told.count("b") == 3
        assert told.count("a") <= 2, "as many as were on their way when the first was refused"
        assert len(await relays.rig.waiting()) == 27


async def test_a_far_end_that_denies_everything_is_at_fault(path: Path) -> None:
    async with relaying(path) as relays:
        await relays.connect(window=1)
        stage(relays, ("status", ""), ("birth", "a"), ("reading", "a"), ("reading", "b"))
        await answer(relays, ("status", ""), ("birth", "a"), ("reading", "a"), ("reading", "b"))
        assert "0x87 Not authorized" in str(await relays.ended())
        assert len(await relays.rig.waiting()) == 2
        assert relays.relay.notes == []
        assert len(relays.end.sent) == IN_A_ROW + 1, "one was on its way"


async def test_a_message_that_was_tried_alone_and_is_denied_then_does_not_stop_the_others(path: Path) -> None:
    async with relaying(path) as relays:
        end = await relays.connect(window=1)
        stage(relays, ("status", ""), ("reading", "a"), ("reading", "b"))
        end.ack()
        end.ack(code=0x99, about_message=True)
        await answer(relays, ("reading", "a"))
        await until(lambda: end.payloads[-1] == b"reading-b")


@pytest.mark.parametrize(("taken", "others", "is_fine"), [
    ([], [], False),
    ([], [entry(2, device="a")], False),
    ([], [entry(2, device="b")], True),
    (["status"], [entry(2, "status")], False),
    (["status"], [entry(2, device="b")], True),
    (["status", "reading"], [], True),
])  # fmt: skip
def test_where_no_reading_is_taken_nor_may_be_the_far_end_is_at_fault(
    taken: list[str], others: list[Entry], is_fine: bool
) -> None:
    barred = Barred()
    for kind in taken:
        barred.taken(entry(10, kind, "z"))
    assert barred.refused(entry(1), "no", 0.0, others) is is_fine


def test_one_of_each_is_tried_after_a_while_and_again_after_another() -> None:
    barred = Barred()
    barred.taken(entry(1, device="b"))
    for number in (2, 3):
        assert barred.refused(entry(number, device=str(number)), "no", 100.0, [])
    assert barred.keeps(entry(2, device="2"))
    assert barred.due(100.0 + PROBE_S - 0.1) == []
    assert [each.id for each in barred.due(100.0 + PROBE_S)] == [2, 3]
    assert barred.due(100.0 + PROBE_S) == []
    assert not barred.keeps(entry(2, device="2"))
    assert barred.keeps(entry(4, device="2"))
    assert barred.notes() == ["those of kind reading of 2, 3 wait: no"]
    assert barred.taken(entry(2, device="2"))
    assert not barred


def test_where_the_one_to_be_tried_is_dropped_the_next_one_is_tried() -> None:
    barred = Barred()
    barred.taken(entry(1, device="b"))
    gone = entry(2)
    assert barred.refused(gone, "no", 0.0, [])
    gone.done = True
    assert barred.keeps(entry(3))
    assert barred.keeps(entry(4))
    assert [each.id for each in barred.due(PROBE_S)] == [3]
    assert not barred.keeps(entry(3))


def test_a_sort_whose_messages_are_condemned_one_after_the_other_waits_over_connections() -> None:
    barred = Barred()
    told = [barred.condemned(entry(number), "cut", 0.0) for number in range(IN_A_ROW)]
    assert told == [True] * (IN_A_ROW - 1) + [False]
    barred.begin()
    assert barred.keeps(entry(9, device="z")), "of whatever device: none of its kind was taken"
    assert not barred.keeps(entry(9, "status"))


def test_one_that_is_taken_in_between_shows_that_it_was_the_messages() -> None:
    barred = Barred()
    for number in range(3 * IN_A_ROW):
        assert barred.condemned(entry(number), "cut", 0.0)
        assert not barred.taken(entry(100 + number))


def test_where_only_one_device_s_messages_are_condemned_the_others_go() -> None:
    barred = Barred()
    for number in range(IN_A_ROW - 1):
        assert barred.condemned(entry(number), "cut", 0.0)
        barred.taken(entry(100 + number, device="b"))
    assert not barred.condemned(entry(9), "cut", 0.0)
    assert barred.keeps(entry(10))
    assert not barred.keeps(entry(10, device="b"))


def test_a_refusal_that_the_connection_does_not_outlive_counts_on_the_next_ones_too() -> None:
    barred = Barred()
    barred.refused(entry(1, "birth"), "no", 100.0, [entry(99, "result")])
    assert barred.cut(100.0 + AT_ONCE_S - 0.1)
    barred.begin()
    assert barred.keeps(entry(1, "birth"))
    assert barred.due(101.0 + CUT_PROBE_S) == []
    assert [each.id for each in barred.due(102.0 + CUT_PROBE_S)] == [1]
    assert not barred.cut(102.0 + CUT_PROBE_S), "for what else?"


def test_a_refusal_long_before_the_end_of_its_connection_has_nothing_to_do_with_it() -> None:
    barred = Barred()
    barred.refused(entry(1, "birth"), "no", 100.0, [entry(99, "result")])
    assert not barred.cut(100.0 + AT_ONCE_S)
    barred.begin()
    assert not barred.keeps(entry(1, "birth"))


@pytest.mark.parametrize("is_known", [False, True])
def test_refusals_that_cost_a_connection_each_are_taken_to_be_about_the_kind_unless_some_of_it_is_taken(
    is_known: bool,
) -> None:
    barred = Barred()
    barred.taken(entry(1, "status", ""))
    if is_known:
        barred.taken(entry(2, "status", "z"))
    for number in range(IN_A_ROW):
        barred.refused(entry(number, "status", str(number)), "no", 100.0, [entry(99, "result")])
        barred.cut(100.1)
        barred.begin()
    assert barred.keeps(entry(9, "status", "other")) != is_known
    assert barred.keeps(entry(9, "status", "0"))
    assert not barred.keeps(entry(9, "status", ""))


def test_however_many_reasons_a_far_end_says_few_are_repeated() -> None:
    barred = Barred()
    for number in range(100):
        barred.refused(entry(number, device=str(number)), f"not allowed: fieldgate/gw/{number}/reading", 0.0, ())
    notes = barred.notes()
    assert len(notes) == MAX_NOTES + 1
    assert notes[-1] == f"and {100 - MAX_NOTES} more sorts wait"
