"""The order of what is published, and what happens to what is not acknowledged."""

import asyncio
from pathlib import Path

import pytest

from gateway import lanes as module
from gateway.endpoints.contract import Delivery, Message
from gateway.outbox.disk.rows import insert_statements
from gateway.outbox.entry import Entry
from tests.outbox.setup import until
from tests.relay.setup import RelayRig, relaying


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "outbox.db"


async def test_what_is_staged_on_a_connection_is_published_at_once(path: Path) -> None:
    async with relaying(path) as relays:
        end = await relays.connect()
        relays.reading(b"1")
        relays.reading(b"2")
        assert end.payloads == [b"1", b"2"]


async def test_what_is_acknowledged_is_forgotten(path: Path) -> None:
    async with relaying(path) as relays:
        end = await relays.connect()
        relays.reading(b"1")
        end.ack()
        assert relays.relay.delivered == 1
        assert relays.progress == 1
        assert relays.rig.outbox.depth()["waiting"] == 0


async def test_what_does_not_work_on_a_connection_is_told_as_long_as_it_lasts(path: Path) -> None:
    async with relaying(path) as relays:
        end = await relays.connect()
        end.ails = "no commands come"
        assert relays.relay.notes == ["no commands come"]
        await relays.disconnect()
        assert relays.relay.notes == []


async def test_nothing_is_forgotten_before_it_is_acknowledged(path: Path) -> None:
    async with relaying(path) as relays:
        await relays.connect()
        relays.reading(b"1")
        await relays.rig.commit()
        assert len(relays.rig.ids()) == 1


async def test_the_backlog_goes_oldest_first_after_what_is_live(path: Path) -> None:
    async with relaying(path) as relays:
        for number in range(3):
            relays.reading(b"old %d" % number)
        await relays.rig.commit()
        relays.reading(b"old 3")
        end = await relays.connect()
        relays.reading(b"new")
        assert await relays.sent(5) == [b"new", b"old 0", b"old 1", b"old 2", b"old 3"]
        end.ack()
        await relays.quiet()
        assert len(end.sent) == 5


async def test_the_backlog_of_an_earlier_session_goes_out_under_its_own_identity(path: Path) -> None:
    async with relaying(path) as relays:
        old = relays.reading(b"old")
    async with relaying(path) as relays:
        end = await relays.connect()
        await relays.sent(1)
        assert (end.sent[0].token, end.sent[0].payload) == (old.id, b"old")


async def test_a_backlog_of_many_batches_arrives_whole_and_in_order(path: Path) -> None:
    async with relaying(path) as relays:
        expected = [b"%d" % number for number in range(350)]
        for payload in expected[:250]:
            relays.reading(payload)
        await relays.rig.commit()
        for payload in expected[250:]:
            relays.reading(payload)
        end = await relays.connect(window=7)
        while len(end.sent) < len(expected):
            await until(lambda: end.unanswered)
            end.ack()
        assert end.payloads == expected
        assert end.most_unanswered == 7


async def test_the_window_is_never_exceeded(path: Path) -> None:
    async with relaying(path) as relays:
        for number in range(30):
            relays.reading(b"old %d" % number)
        end = await relays.connect(window=10)
        for number in range(30):
            relays.reading(b"new %d" % number)
            relays.rig.stage("result", b"result %d" % number)
        while len(end.sent) < 90:
            await until(lambda: end.unanswered)
            end.ack(end.unanswered[:1])
        assert end.most_unanswered == 10
        assert sorted(end.payloads) == sorted(set(end.payloads))


async def test_a_saturated_uplink_keeps_a_tenth_of_the_window_for_the_backlog(path: Path) -> None:
    async with relaying(path) as relays:
        for number in range(50):
            relays.reading(b"old %d" % number)
        end = await relays.connect(window=20)
        await relays.sent(20)
        for number in range(200):
            relays.reading(b"new %d" % number)
        for _ in range(100):
            end.ack(end.unanswered[:1])
            await relays.quiet()
        unanswered = [message.payload for message in end.sent if message.token in end.unanswered]
        assert sum(payload.startswith(b"old") for payload in unanswered) == 2
        assert sum(payload.startswith(b"new") for payload in unanswered) == 18


async def test_with_a_window_of_one_the_live_lane_is_not_starved(path: Path) -> None:
    async with relaying(path) as relays:
        for number in range(5):
            relays.reading(b"old %d" % number)
        end = await relays.connect(window=1)
        await relays.sent(1)
        relays.reading(b"new")
        for _ in range(6):
            await until(lambda: end.unanswered)
            end.ack()
            await relays.quiet()
        assert end.payloads[:2] == [b"old 0", b"new"]
        assert len(end.sent) == 6


async def test_results_never_wait_behind_readings(path: Path) -> None:
    async with relaying(path) as relays:
        for number in range(20):
            relays.reading(b"old %d" % number)
        relays.rig.stage("result", b"old result")
        end = await relays.connect(window=10)
        await relays.quiet()
        for number in range(50):
            relays.reading(b"new %d" % number)
        relays.rig.stage("result", b"result")
        assert b"old result" in end.payloads[:2], "at most one reading was quicker"
        end.ack(end.unanswered[:1])
        assert end.payloads[-1] == b"result"


async def test_a_result_that_reaches_the_disk_after_the_connection_began_is_not_left_behind(path: Path) -> None:
    async with relaying(path) as relays:
        entry = relays.rig.outbox.numbered("result", "d", lambda _: b"result")
        end = await relays.connect()
        await relays.quiet()
        await relays.rig.outbox.store.write(insert_statements([entry]))
        relays.rig.outbox.adopt(entry)
        assert end.payloads == [b"result"]
        relays.rig.outbox.on_ready(entry)
        assert end.payloads == [b"result"]


async def test_results_keep_their_order_also_where_the_last_ones_are_not_on_disk_yet(path: Path) -> None:
    async with relaying(path, commit_interval="0s") as relays:
        relays.rig.stage("result", b"1")
    async with relaying(path, commit_interval="0s") as relays:
        relays.rig.stage("result", b"2")
        await relays.connect()
        assert await relays.sent(2) == [b"1", b"2"]


async def test_a_result_that_reaches_the_disk_while_older_ones_are_read_is_not_left_behind(path: Path) -> None:
    async with relaying(path) as relays:
        late = relays.rig.outbox.numbered("result", "d", lambda _: b"late")
        relays.rig.stage("result", b"staged")
        end = await relays.connect()
        await relays.rig.outbox.store.write(insert_statements([late]))
        relays.rig.outbox.adopt(late)
        assert sorted(await relays.sent(2)) == [b"late", b"staged"]
        await relays.quiet()
        assert len(end.sent) == 2


async def test_after_a_lost_connection_what_was_not_acknowledged_is_sent_again_under_the_same_identity(
    path: Path,
) -> None:
    async with relaying(path) as relays:
        first = await relays.connect()
        for number in range(4):
            relays.reading(b"%d" % number)
        first.ack(first.unanswered[:2])
        await relays.disconnect()
        second = await relays.connect()
        await relays.sent(2)
        assert [(m.token, m.payload) for m in second.sent] == [(m.token, m.payload) for m in first.sent[2:]]


async def test_an_acknowledgement_that_comes_on_a_dead_connection_counts_for_nothing(path: Path) -> None:
    async with relaying(path) as relays:
        end = await relays.connect()
        relays.reading(b"1")
        await relays.disconnect()
        end.ack()
        assert relays.rig.outbox.depth()["waiting"] == 1


async def test_what_ends_a_connection_is_what_serve_raises(path: Path) -> None:
    async with relaying(path) as relays:
        end = await relays.connect()
        end.lose("somebody pulled the plug")
        assert str(await relays.ended()) == "somebody pulled the plug"
        assert not relays.relay.connected_now


async def test_an_endpoint_that_just_returns_has_ended_its_connection(path: Path) -> None:
    async with relaying(path) as relays:
        end = await relays.connect()
        end._lost.set_result(None)
        assert str(await relays.ended()) == "the connection ended"


async def test_a_cancellation_ends_it_and_is_not_swallowed(path: Path) -> None:
    async with relaying(path) as relays:
        await relays.connect()
        assert relays._serving is not None
        relays._serving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await relays._serving
        assert not relays.relay.connected_now


def statuses(relays: RelayRig) -> list[Entry]:
    """One birth for ever, and a new status each time."""
    if not relays.announced:
        relays.announced = [relays.rig.stage("birth", b"birth")]
    return [relays.rig.stage("status", b"online"), *relays.announced]


async def test_what_is_announced_goes_first_and_is_retained(path: Path) -> None:
    async with relaying(path, announce=statuses) as relays:
        relays.rig.stage("status", b"old status")
        relays.reading(b"old")
        end = await relays.connect()
        relays.reading(b"new")
        await relays.sent(5)
        assert end.payloads == [b"online", b"birth", b"new", b"old status", b"old"]
        assert [m.payload for m in end.sent if m.retain] == [b"online", b"birth"]


async def test_a_status_of_this_connection_is_retained(path: Path) -> None:
    async with relaying(path) as relays:
        end = await relays.connect()
        relays.rig.stage("status", b"changed")
        relays.rig.stage("result", b"result")
        assert [(m.payload, m.retain) for m in end.sent] == [(b"changed", True), (b"result", False)]


async def test_what_is_announced_is_told_on_every_connection_and_forgotten_only_once(path: Path) -> None:
    async with relaying(path, announce=statuses) as relays:
        for _ in range(3):
            end = await relays.connect()
            await relays.quiet()
            assert end.payloads == [b"online", b"birth"]
            assert all(m.retain for m in end.sent)
            end.ack()
            await relays.disconnect()
        await relays.rig.settle()
        relays.rig.assert_counted()


async def test_what_was_announced_but_not_acknowledged_is_not_told_twice_on_the_next_connection(path: Path) -> None:
    async with relaying(path, announce=statuses) as relays:
        await relays.connect()
        await relays.rig.commit()
        await relays.disconnect()
        end = await relays.connect()
        await relays.quiet()
        assert end.payloads == [b"online", b"birth", b"online"]
        assert [m.retain for m in end.sent] == [True, True, False]
        end.ack()
        await relays.rig.commit(1.0)
        relays.rig.assert_counted()


async def test_asked_to_it_tells_everything_again_once(path: Path) -> None:
    async with relaying(path, announce=statuses) as relays:
        end = await relays.connect()
        end.ack()
        relays.relay.republish()
        assert end.payloads[2:] == [b"online", b"birth"]


async def test_the_topics_of_devices_that_left_are_cleared_until_that_is_acknowledged(path: Path) -> None:
    async with relaying(path, devices=["a", "b"]) as relays:
        assert (await relays.connect()).sent == []
    async with relaying(path, devices=["b"]) as relays:
        for _ in range(2):
            end = await relays.connect()
            cleared = [(m.kind, m.device, m.payload, m.retain) for m in end.sent]
            assert cleared == [("birth", "a", b"", True), ("status", "a", b"", True)]
            await relays.disconnect()
        end = await relays.connect()
        end.ack()
        await relays.quiet()
        await relays.disconnect()
        assert (await relays.connect()).sent == []
        relays.rig.assert_counted()


async def test_when_live_readings_pile_up_the_oldest_on_disk_wait_there_and_are_sent_once(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LIVE_LIMIT", 10)
    async with relaying(path) as relays:
        end = await relays.connect(window=3)
        await relays.quiet()
        expected = [b"%d" % number for number in range(40)]
        for payload in expected[:20]:
            relays.reading(payload)
        await relays.rig.commit()
        for payload in expected[20:]:
            relays.reading(payload)
        assert len(relays.flow.lanes.live) < 30
        for _ in range(40):
            await until(lambda: end.unanswered)
            end.ack(end.unanswered[:1])
            await relays.quiet()
        assert sorted(end.payloads) == sorted(expected), "each exactly once"
        await relays.rig.commit(1.0)
        relays.rig.assert_counted()


async def test_with_no_interval_nothing_is_published_before_it_is_on_disk(path: Path) -> None:
    async with relaying(path, announce=statuses, commit_interval="0s") as relays:
        relays.reading(b"old")
        end = await relays.connect()
        on_disk: list[bool] = []
        publish = end.publish

        def look(message: object) -> None:
            on_disk.append(message.token in relays.rig.ids())  # type: ignore[attr-defined]
            publish(message)  # type: ignore[arg-type]

        end.publish = look  # type: ignore[method-assign]
        relays.reading(b"new")
        relays.rig.stage("result", b"result")
        await relays.sent(5)
        assert on_disk == [True] * 5
        assert set(end.payloads[:2]) == {b"online", b"birth"}
        end.ack()
        await relays.quiet()
        relays.rig.stage("status", b"offline")
        drained = asyncio.create_task(relays.relay.drained())
        await relays.sent(6)
        assert not drained.done()
        end.ack()
        await drained


async def test_drained_returns_once_all_that_is_live_is_acknowledged(path: Path) -> None:
    async with relaying(path) as relays:
        await asyncio.wait_for(relays.relay.drained(), 5)
        end = await relays.connect()
        relays.rig.stage("status", b"offline")
        task = asyncio.create_task(relays.relay.drained())
        await relays.quiet()
        assert not task.done()
        end.ack()
        await task


async def test_drained_does_not_wait_for_the_backlog_or_a_lost_connection(path: Path) -> None:
    async with relaying(path) as relays:
        relays.reading(b"old")
        await relays.connect()
        await relays.sent(1)
        await asyncio.wait_for(relays.relay.drained(), 5)
        relays.reading(b"new")
        task = asyncio.create_task(relays.relay.drained())
        await relays.disconnect()
        await asyncio.wait_for(task, 5)


async def test_deliveries_and_replies_pass_through(path: Path) -> None:
    async with relaying(path) as relays:
        relays.relay.reply("nowhere", None, b"lost")
        end = await relays.connect()
        delivery = Delivery("d", b"{}", accept=lambda: None)
        end.session.deliver(delivery)
        assert relays.deliveries == [delivery]
        relays.relay.reply("to", b"mark", b"{}")
        assert end.replies == [("to", b"mark", b"{}")]


async def test_an_endpoint_whose_publish_fails_loses_its_connection_and_nobody_else_hears_of_it(path: Path) -> None:
    async with relaying(path) as relays:
        end = await relays.connect()
        await relays.quiet()

        def fail(_: Message) -> None:
            raise RuntimeError("endpoint's defect")

        end.publish = fail  # type: ignore[assignment, method-assign]
        relays.reading(b"1")
        assert "endpoint's defect" in str(await relays.ended())
        end = await relays.connect()
        assert await relays.sent(1) == [b"1"]
