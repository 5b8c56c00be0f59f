"""A far end that says no: to one message, or to all."""

from pathlib import Path

import pytest
import structlog

from gateway.outbox.entry import Entry
from gateway.refusals import MESSAGE_TRIES
from tests.outbox.setup import until
from tests.relay.setup import REFUSED, RelayRig, relaying


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "outbox.db"


async def dead(relays: RelayRig, count: int) -> list[bytes]:
    """What was set aside."""
    await until(lambda: len(relays.rig.query("SELECT payload FROM dead")) == count)
    return [payload for (payload,) in relays.rig.query("SELECT payload FROM dead")]


async def test_a_refused_message_is_tried_three_times_alone_and_then_set_aside_with_a_gap(path: Path) -> None:
    async with relaying(path) as relays:
        end = await relays.connect()
        for payload in (b"good", b"bad", b"fine"):
            relays.reading(payload)
        bad = end.unanswered[1]
        end.ack([bad], **REFUSED)
        relays.reading(b"later")
        assert len(end.sent) == 3, "alone: not before the others are answered"
        end.ack()
        for _ in range(MESSAGE_TRIES):
            assert end.unanswered == [bad]
            end.ack(**REFUSED)
        assert end.payloads == [b"good", b"bad", b"fine", b"bad", b"bad", b"bad", b"later"]
        assert await dead(relays, 1) == [b"bad"]
        await relays.rig.settle()
        assert [(gap.reason, gap.count, gap.first_seq) for gap in relays.rig.gaps] == [("refused", 1, 2)]


async def test_what_is_set_aside_is_gone_with_its_gap_also_where_the_connection_ends_at_once(path: Path) -> None:
    """A far end that is near says no to the next ones before a disk has taken the first."""
    async with relaying(path) as relays:
        end = await relays.connect()
        relays.reading(b"bad")
        for _ in range(1 + MESSAGE_TRIES):
            end.ack(**REFUSED)
        await relays.disconnect()
        assert relays.rig.query("SELECT payload FROM dead") == [(b"bad",)]
        end = await relays.connect()
        relays.reading(b"good")
        await relays.quiet()
        assert b"good" in end.payloads
        assert b"bad" not in end.payloads
        await relays.rig.settle()
        assert [(gap.reason, gap.count, gap.first_seq) for gap in relays.rig.gaps] == [("refused", 1, 1)]


async def test_a_message_that_is_taken_when_alone_is_not_set_aside(path: Path) -> None:
    async with relaying(path) as relays:
        end = await relays.connect()
        relays.reading(b"1")
        end.ack(**REFUSED)
        end.ack(**REFUSED)
        end.ack()
        relays.reading(b"2")
        assert end.payloads == [b"1", b"1", b"1", b"2"]
        assert relays.rig.query("SELECT * FROM dead") == []
        assert relays.rig.outbox.depth()["waiting"] == 1


async def test_two_refused_messages_are_tried_one_after_the_other(path: Path) -> None:
    async with relaying(path) as relays:
        end = await relays.connect()
        for payload in (b"1", b"2"):
            relays.reading(payload)
        end.ack(**REFUSED)
        assert end.most_unanswered == 2
        for _ in range(2 * MESSAGE_TRIES):
            assert len(end.unanswered) == 1
            end.ack(**REFUSED)
        assert end.payloads == [b"1", b"2", *[b"1"] * 3, *[b"2"] * 3]
        assert await dead(relays, 2) == [b"1", b"2"]


async def test_three_different_messages_refused_in_a_row_are_the_far_ends_fault(path: Path) -> None:
    async with relaying(path) as relays:
        end = await relays.connect()
        refused = [relays.reading(payload).id for payload in (b"1", b"2", b"3")]
        end.ack(**REFUSED)
        assert "payload format invalid" in str(await relays.ended())
        assert relays.rig.query("SELECT * FROM dead") == []
        assert await relays.rig.waiting() == refused


async def test_a_message_that_is_taken_in_between_breaks_the_row(path: Path) -> None:
    async with relaying(path) as relays:
        end = await relays.connect()
        for payload in (b"1", b"2", b"3"):
            relays.reading(payload)
        first, second, third = end.unanswered
        end.ack([first], **REFUSED)
        end.ack([second])
        end.ack([third], **REFUSED)
        assert relays.relay.connected_now
        assert end.unanswered == [first]


@pytest.mark.parametrize("code", [0x80, 0x83, 0x87, 0x97, 0x91])
async def test_any_other_refusal_ends_the_connection_and_nothing_leaves(path: Path, code: int) -> None:
    async with relaying(path) as relays:
        end = await relays.connect()
        refused = relays.reading(b"1")
        end.ack(code=code, text="not authorized")
        assert str(await relays.ended()) == "publish refused: not authorized"
        assert await relays.rig.waiting() == [refused.id]
        end = await relays.connect()
        await relays.sent(1)
        assert end.payloads == [b"1"]


async def test_a_message_that_is_too_large_is_never_sent(path: Path) -> None:
    async with relaying(path) as relays:
        end = await relays.connect(max_bytes=10)
        relays.reading(bytes(11))
        relays.reading(bytes(10))
        assert end.payloads == [bytes(10)]
        assert await dead(relays, 1) == [bytes(11)]
        assert relays.rig.query("SELECT code FROM dead") == [(0x95,)]


async def test_messages_that_are_too_large_take_nothing_from_the_backlogs_share(path: Path) -> None:
    async with relaying(path) as relays:
        for _ in range(5):
            relays.reading(bytes(11))
        for _ in range(5):
            relays.reading(b"old")
        end = await relays.connect(window=20, max_bytes=10)
        await relays.sent(5)
        assert len(await dead(relays, 5)) == 5
        assert len(relays.flow.window._backlog) == 5
        end.ack()
        assert not relays.flow.window._backlog


async def test_a_refusal_in_the_backlog_holds_it_up_only_until_it_is_settled(path: Path) -> None:
    async with relaying(path) as relays:
        for payload in (b"bad", b"1", b"2"):
            relays.reading(payload)
        end = await relays.connect(window=1)
        await relays.sent(1)
        for _ in range(1 + MESSAGE_TRIES):
            end.ack(**REFUSED)
        for _ in range(2):
            await until(lambda: end.unanswered)
            end.ack()
        assert end.payloads == [*[b"bad"] * 4, b"1", b"2"]


async def test_refusals_are_forgotten_with_the_connection(path: Path) -> None:
    async with relaying(path) as relays:
        end = await relays.connect()
        relays.reading(b"1")
        end.ack(**REFUSED)
        await relays.disconnect()
        end = await relays.connect()
        await relays.sent(1)
        relays.reading(b"2")
        assert end.payloads == [b"1", b"2"], "no longer alone"


async def test_a_far_end_that_takes_all_but_readings_makes_no_progress_on_the_next_connection_either(
    path: Path,
) -> None:
    async with relaying(path, announce=lambda relays: [relays.rig.stage("status", b"online")]) as relays:
        relays.reading(b"1")
        for _ in range(3):
            end = await relays.connect()
            await relays.sent(2)
            progress = relays.progress
            status, reading, *_ = sorted(end.sent, key=lambda m: m.kind, reverse=True)
            end.ack([status.token])
            end.ack([reading.token], code=0x97)
            await relays.ended()
        assert (progress, relays.progress) == (1, 1), "only before the first refusal"
        end = await relays.connect()
        await relays.sent(2)
        end.ack()
        assert relays.progress > 1


async def test_what_was_staged_too_large_before_the_first_connection_is_set_aside_with_one_gap_and_one_word(
    path: Path,
) -> None:
    async with relaying(path) as relays:
        for _ in range(20):
            relays.reading(bytes(11))
        with structlog.testing.capture_logs() as logs:
            await relays.connect(max_bytes=10)
            await dead(relays, 20)
            await relays.quiet()
        await relays.rig.settle()
        assert sum(gap.count or 0 for gap in relays.rig.gaps) == 20
        assert len(relays.rig.gaps) <= 2, "the first at once, the rest together"
        assert len([event for event in logs if "set aside" in event["event"]]) == 1
        assert relays.rig.outbox.max_payload == 10


async def test_what_is_told_on_each_connection_and_too_large_is_set_aside_once(path: Path) -> None:
    def birth(relays: RelayRig) -> list[Entry]:
        relays.announced = relays.announced or [relays.rig.stage("birth", bytes(11))]
        return relays.announced

    async with relaying(path, announce=birth) as relays:
        for _ in range(3):
            end = await relays.connect(max_bytes=10)
            await relays.quiet()
            assert b"\0" * 11 not in end.payloads
            await relays.disconnect()
        await dead(relays, 1)
        assert relays.rig.outbox.depth()["lost"] == {"refused": 1}


@pytest.mark.parametrize("kind", ["status", "birth"])
async def test_a_refused_state_that_is_tried_again_does_not_replace_a_newer_one(path: Path, kind: str) -> None:
    async with relaying(path) as relays:
        end = await relays.connect()
        for payload, device in ((b"old", "a"), (b"new", "a"), (b"other", "b")):
            relays.rig.stage(kind, payload, device)
        old, new, other = end.unanswered
        end.ack([old], **REFUSED)
        end.ack([new])
        end.ack([other])
        assert end.unanswered == [old]
        assert [(m.payload, m.retain) for m in end.sent] == [
            (b"old", True),
            (b"new", True),
            (b"other", True),
            (b"old", False),
        ]


async def test_a_refused_state_that_is_still_the_newest_is_retained_when_it_is_tried_again(path: Path) -> None:
    async with relaying(path) as relays:
        end = await relays.connect()
        relays.rig.stage("status", b"only")
        end.ack(**REFUSED)
        assert [(m.payload, m.retain) for m in end.sent] == [(b"only", True)] * 2
