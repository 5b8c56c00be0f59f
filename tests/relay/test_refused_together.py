"""A far end that says no once to several messages that travelled together: which of them is it about?"""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from typing_extensions import override

from gateway.outbox.entry import Entry
from gateway.refusals import ENDPOINT_REFUSALS, MESSAGE_TRIES, Refusals, Verdict
from tests.outbox.setup import until
from tests.relay.setup import REFUSED, FarEnd, RelayRig, relaying

TOGETHER: dict[str, Any] = {**REFUSED, "shared": True}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "outbox.db"


def entry(number: int) -> Entry:
    return Entry(number, session=1, seq=number, kind="reading", device="a", time_ms=0, payload=b"{}")


def refuse_together(refusals: Refusals, entries: list[Entry]) -> set[Verdict]:
    return {refusals.refused(each, about_message=True, shared=True) for each in entries}


async def test_the_one_at_fault_is_set_aside_and_the_others_arrive(path: Path) -> None:
    async with relaying(path) as relays:
        end = await relays.connect()
        for number in range(10):
            relays.reading(b"bad" if number == 4 else b"%d" % number)
        end.ack(**TOGETHER)
        for _ in range(9 + MESSAGE_TRIES):
            assert end.unanswered == [end.sent[-1].token], "alone"
            end.ack(**REFUSED if end.sent[-1].payload == b"bad" else {})
        await until(lambda: relays.rig.query("SELECT payload FROM dead") == [(b"bad",)])
        again = end.payloads[10:]
        assert again == [b"0", b"1", b"2", b"3", *[b"bad"] * MESSAGE_TRIES, b"5", b"6", b"7", b"8", b"9"]
        assert relays.relay.connected_now


@pytest.mark.parametrize("poisoned", [2, 3, 4, 7])
async def test_several_at_fault_in_a_row_end_connections_but_not_for_ever(path: Path, poisoned: int) -> None:
    """The broker takes everything else; what it refuses heads the batch on each connection."""
    async with relaying(path) as relays:
        for number in range(10):
            relays.reading(b"bad" if number < poisoned else b"good")
        for _ in range(4 * poisoned):
            end = await relays.connect()
            await until(lambda: relays.end.unanswered)
            await relays.quiet()
            end.ack(**TOGETHER)
            if await answer(relays, bad=b"bad"):
                break
            await relays.ended()
        assert await relays.rig.waiting() == []
        await until(lambda: relays.rig.query("SELECT count(*) FROM dead") == [(poisoned,)])


async def answer(relays: RelayRig, bad: bytes) -> bool:
    """Take all that is sent but what begins so; False when that has ended the connection."""
    while relays.end.unanswered and relays.relay.connected_now:
        relays.end.ack(**REFUSED if relays.end.sent[-1].payload.startswith(bad) else {})
        await relays.quiet()
    return relays.relay.connected_now


async def test_a_far_end_that_refuses_each_of_them_alone_too_is_at_fault(path: Path) -> None:
    async with relaying(path) as relays:
        end = await relays.connect()
        for number in range(5):
            relays.reading(b"%d" % number)
        end.ack(**TOGETHER)
        assert not await answer(relays, bad=b"")
        assert "payload format invalid" in str(await relays.ended())
        assert len(relays.rig.query("SELECT * FROM dead")) == ENDPOINT_REFUSALS - 1


def test_what_is_refused_together_is_blamed_on_nobody_yet() -> None:
    refusals = Refusals()
    entries = [entry(number) for number in range(10)]
    assert refuse_together(refusals, entries) == {Verdict.TRY_ALONE}
    assert list(refusals.suspects) == entries
    assert refusals.suspect is entries[0]
    assert refusals.delivered(entries[0])


def test_any_other_word_about_a_batch_is_about_the_far_end() -> None:
    assert Refusals().refused(entry(1), about_message=False, shared=True) is Verdict.ENDPOINT_AT_FAULT


def test_where_the_far_end_may_be_at_fault_one_that_it_has_not_refused_yet_is_tried_first() -> None:
    refusals = Refusals()
    entries = [entry(number) for number in range(ENDPOINT_REFUSALS + 1)]
    for refused in entries[:ENDPOINT_REFUSALS]:
        refusals.refused(refused, about_message=True)
    refusals.disconnected()
    assert refuse_together(refusals, entries) == {Verdict.TRY_ALONE}
    assert refusals.suspect is entries[-1]
    refusals.delivered(entries[-1])
    assert refusals.suspect is entries[0]


class Keeping(FarEnd):
    """Keeps back what is published until it is told that nothing more comes."""

    def __init__(self, window: int = 100, max_bytes: int = 10_000) -> None:
        super().__init__(window, max_bytes)
        self.kept = 0

    @override
    def publish(self, message: Any) -> None:
        super().publish(message)
        self.kept += 1

    @override
    def flush(self) -> None:
        self.kept = 0


async def test_what_is_tried_alone_is_not_kept_back(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.relay.setup.FarEnd", Keeping)
    async with relaying(path) as relays:
        end = await relays.connect()
        assert isinstance(end, Keeping)
        for number in range(3):
            relays.reading(b"%d" % number)
        assert end.kept == 3
        first = end.unanswered[0]
        end.ack([first], **REFUSED)
        assert end.kept == 0, "nor what it waits for"
        end.ack()
        assert (end.unanswered, end.kept) == ([first], 0)


async def test_at_a_stop_nothing_is_kept_back(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.relay.setup.FarEnd", Keeping)
    async with relaying(path) as relays:
        end = await relays.connect(window=2)
        assert isinstance(end, Keeping)
        for number in range(5):
            relays.reading(b"%d" % number)
        drained = asyncio.create_task(relays.relay.drained())
        while len(end.sent) < 5:
            await until(lambda: end.kept == 0 and end.unanswered)
            end.ack()
        await until(lambda: end.kept == 0)
        end.ack()
        await drained
