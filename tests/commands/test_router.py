"""The way of a command, from its delivery to its result."""

import asyncio
import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import structlog

from gateway.commands import answers
from gateway.commands.router import MAX_WAITING
from gateway.crowd import CROWD, FLOOD
from gateway.endpoints.contract import Delivery
from gateway.jobs import Job
from gateway.model import Bad, BadReason, Result, ResultStatus
from tests.commands.setup import WRITE, CommandRig, routing
from tests.outbox.setup import query, until
from tests.support.schema import assert_envelope

DONE = Result(ResultStatus.DONE, {"setpoint": 55.0})


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "outbox.db"


async def test_a_write_is_claimed_queued_and_answered_with_its_result(path: Path) -> None:
    async with routing(path) as commands:
        await commands.deliver(WRITE)
        (job,) = commands.link.jobs
        assert (job.command.id, job.command.device, job.command.write) == ("c-1", "boiler", {"setpoint": 55.0})
        assert commands.journal() == [("c-1", False)]
        assert commands.results == []
        await commands.finish(DONE)
        assert commands.last == ("c-1", "done", None)
        assert commands.results[0]["values"] == {"setpoint": 55.0}
        assert commands.journal() == [("c-1", True)]
        assert len(commands.rig.ids()) == 1, "end and result are one transaction"
        commands.rig.assert_counted()
        assert commands.router.counters == {"accepted": 1, "refused": 0, "unreadable": 0, "unanswered": 0}


async def test_a_command_is_claimed_on_disk_before_it_is_acknowledged_or_queued(path: Path) -> None:
    async with routing(path) as commands:
        claimed: list[Any] = []

        def submit(job: Job) -> None:
            claimed.append(query(path, "SELECT id FROM journal"))

        commands.link.submit = submit  # type: ignore[method-assign]
        await commands.deliver(WRITE)
        assert claimed == [[("c-1",)]]


async def test_a_read_is_a_command_like_any_other(path: Path) -> None:
    async with routing(path) as commands:
        await commands.deliver({"id": "c-2", "read": ["temp"]})
        assert commands.link.jobs[0].command.read == ("temp",)
        bad = Result(ResultStatus.DONE, bad={"temp": Bad(BadReason.TIMEOUT)})
        await commands.finish(bad)
        assert commands.results[-1]["bad"] == {"temp": {"reason": "timeout"}}


async def test_deliveries_are_acknowledged_once_each_in_the_order_of_receipt(path: Path) -> None:
    async with routing(path) as commands:
        bodies = [WRITE, b"nonsense", {"id": "c-2", "read": ["temp"]}, WRITE, {"id": "c-3", "read": ["nothing"]}]
        for body in bodies:
            await commands.deliver(body)
        assert commands.accepted == [0, 1, 2, 3, 4]


async def test_the_same_id_again_is_answered_again_and_executed_no_more(path: Path) -> None:
    async with routing(path) as commands:
        await commands.deliver(WRITE)
        await commands.finish(DONE)
        await commands.deliver({"id": "c-1", "write": {"setpoint": 70.0}})
        assert commands.link.jobs == []
        first, second = commands.results
        assert second["seq"] > first["seq"]
        assert {**first, "seq": 0, "time": ""} == {**second, "seq": 0, "time": ""}


async def test_the_same_id_while_it_is_under_way_is_executed_once_and_answered_once(path: Path) -> None:
    async with routing(path) as commands:
        await commands.deliver(WRITE)
        await commands.deliver(WRITE)
        assert len(commands.link.jobs) == 1
        assert commands.accepted == [0, 1]
        await commands.finish(DONE)
        assert len(commands.results) == 1


async def test_a_command_that_was_under_way_when_the_process_ended_is_unknown_and_never_repeated(path: Path) -> None:
    async with routing(path) as commands:
        await commands.deliver(WRITE)
    async with routing(path) as commands:
        await until(lambda: commands.results)
        assert commands.last == ("c-1", "unknown", None)
        await commands.deliver(WRITE)
        assert commands.link.jobs == []
        assert [result["status"] for result in commands.results] == ["unknown", "unknown"]
    async with routing(path) as commands:
        await commands.deliver({"id": "c-2", "read": ["temp"]})
        assert commands.results == [], "told once"


async def test_a_result_outlives_the_process_that_made_it(path: Path) -> None:
    async with routing(path) as commands:
        await commands.deliver(WRITE)
        await commands.finish(DONE)
    async with routing(path) as commands:
        await commands.deliver(WRITE)
        assert commands.last == ("c-1", "done", None)
        assert commands.link.jobs == []


REFUSED: dict[str, tuple[Any, str]] = {
    "unknown-point": ({"id": "c", "write": {"nothing": 1}}, "boiler"),
    "not-writable": ({"id": "c", "write": {"temp": 1}}, "boiler"),
    "out-of-range": ({"id": "c", "write": {"setpoint": 81}}, "boiler"),
    "unknown-device": ({"id": "c", "write": {"setpoint": 55}}, "kettle"),
    "unknown-command": ({"id": "c", "invoke": "tare"}, "boiler"),
    "malformed": ({"id": "c", "writes": {"setpoint": 55}}, "boiler"),
}


@pytest.mark.parametrize("reason", REFUSED)
async def test_what_may_not_be_done_is_rejected_and_not_claimed(path: Path, reason: str) -> None:
    body, device = REFUSED[reason]
    async with routing(path) as commands:
        await commands.deliver(body, device)
        assert commands.last == ("c", "rejected", reason)
        assert commands.results[-1]["detail"]
        assert commands.link.jobs == []
        assert commands.journal() == []
        assert commands.router.counters["refused"] == 1


async def test_a_retained_command_is_refused(path: Path) -> None:
    async with routing(path) as commands:
        await commands.deliver(WRITE, retained=True)
        assert commands.last == ("c-1", "rejected", "retained")


async def test_where_commands_are_switched_off_none_is_executed(path: Path) -> None:
    async with routing(path, off="endpoints.cloud.commands") as commands:
        await commands.deliver(WRITE)
        assert commands.last == ("c-1", "rejected", "policy")
        await commands.deliver({"id": "p", "invoke": "ping"}, "")
        assert commands.pings == 0


async def test_a_far_end_that_wants_no_commands_to_be_taken_can_want_them_again(path: Path) -> None:
    async with routing(path) as commands:
        commands.router._admission.take(wanted=False)
        await commands.deliver(WRITE)
        assert commands.last == ("c-1", "rejected", "policy")
        assert "rule" not in commands.results[-1]
        commands.router._admission.take(wanted=True)
        await commands.deliver({**WRITE, "id": "c-2"})
        assert [job.command.id for job in commands.link.jobs] == ["c-2"]


async def test_devices_that_are_not_this_endpoints_can_be_neither_written_nor_read_from_there(path: Path) -> None:
    async with routing(path, devices=["meter"]) as commands:
        for body in (WRITE, {"id": "c-2", "read": ["setpoint"]}):
            await commands.deliver(body)
            assert commands.last == (body["id"], "rejected", "policy")
            assert commands.results[-1]["rule"] == "endpoints.cloud.devices"
        await commands.deliver({"id": "c-3", "read": ["setpoint"]}, "kettle")
        assert commands.last == ("c-3", "rejected", "unknown-device")
        await commands.deliver({"id": "p", "invoke": "ping"}, "")
        await until(lambda: commands.pings)
        assert not commands.link.jobs
    async with routing(path, devices=["boiler"]) as commands:
        await commands.deliver({"id": "c-4", "write": {"setpoint": 55.0}})
        assert len(commands.link.jobs) == 1


async def test_a_command_that_can_not_be_read_is_answered_where_its_device_can_be_told(path: Path) -> None:
    async with routing(path) as commands:
        await commands.deliver(b"nonsense")
        assert commands.last == (None, "rejected", "malformed")
        assert commands.results[-1]["device"] == "boiler"
        await commands.deliver(b"nonsense", "kettle")
        await commands.deliver(b"nonsense", "")
        assert len(commands.results) == 1
        assert commands.router.counters == {"accepted": 0, "refused": 3, "unreadable": 2, "unanswered": 0}


def at(commands: CommandRig, seconds: float) -> str:
    """A moment so many seconds from now."""
    return datetime.fromtimestamp(commands.rig.wall_s + seconds, UTC).isoformat()


@pytest.mark.parametrize(("expires_s", "runs"), [(-1.0, False), (0.0, False), (5.0, True)])
async def test_a_command_does_not_outlive_the_expiry_in_its_body(path: Path, expires_s: float, runs: bool) -> None:
    async with routing(path) as commands:
        await commands.deliver({**WRITE, "expires": at(commands, expires_s)})
        assert bool(commands.link.jobs) == runs
        if not runs:
            assert commands.last == ("c-1", "expired", None)
            assert commands.journal() == []


async def test_the_shortest_of_what_the_sender_says_holds_else_the_default(path: Path) -> None:
    now_s = asyncio.get_running_loop().time()
    async with routing(path, ttl_s=60.0) as commands:
        for number, (body_s, message_s, expected_s) in enumerate(
            [(None, None, 60), (10, None, 10), (None, 7, 7), (10, 7, 7), (7, 10, 7), (600, 700, 600)]
        ):
            body = {"id": str(number), "read": ["temp"]} | ({"expires": at(commands, body_s)} if body_s else {})
            await commands.deliver(body, expires_in_s=message_s)
            assert commands.link.jobs[-1].command.deadline_s - now_s == pytest.approx(expected_s, abs=2)


async def test_a_message_that_has_expired_is_not_executed(path: Path) -> None:
    async with routing(path) as commands:
        await commands.deliver(WRITE, expires_in_s=0)
        assert commands.last == ("c-1", "expired", None)


async def test_where_the_broker_keeps_commands_each_must_carry_its_expiry(path: Path) -> None:
    async with routing(path, needs_expiry=True) as commands:
        await commands.deliver(WRITE)
        assert commands.last == ("c-1", "rejected", "no-expiry")
        await commands.deliver(WRITE, expires_in_s=5)
        await commands.deliver({"id": "c-2", "read": ["temp"], "expires": at(commands, 5)})
        assert len(commands.link.jobs) == 2


async def test_too_many_commands_for_a_link_are_refused_before_they_are_claimed(path: Path) -> None:
    async with routing(path, max_queue=1) as commands:
        await commands.deliver(WRITE)
        await commands.deliver({"id": "c-2", "read": ["temp"]})
        assert commands.last == ("c-2", "rejected", "queue-full")
        assert commands.journal() == [("c-1", False)]


async def test_a_link_that_refuses_after_the_claim_ends_the_command(path: Path) -> None:
    async with routing(path) as commands:
        commands.link.lies = True
        await commands.deliver(WRITE)
        await until(lambda: commands.results)
        assert commands.last == ("c-1", "rejected", "queue-full")
        assert commands.journal() == [("c-1", True)]
        assert not any(commands.guard._done.values()), "it counts for no rate"


async def test_without_a_durable_claim_nothing_is_executed(path: Path) -> None:
    async with routing(path) as commands:
        await commands.rig.outbox.store.rows("PRAGMA busy_timeout=1")
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            await commands.deliver(WRITE)
        assert commands.last == ("c-1", "rejected", "storage")
        assert commands.link.jobs == []
        assert commands.accepted == [0]
        await commands.deliver(WRITE)
        assert len(commands.link.jobs) == 1


async def test_an_end_that_can_not_be_stored_is_answered_all_the_same(path: Path) -> None:
    async with routing(path) as commands:
        await commands.deliver(WRITE)
        await commands.rig.outbox.store.rows("PRAGMA busy_timeout=1")
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            await commands.finish(DONE)
        assert commands.last == ("c-1", "done", None)


async def test_the_sender_gets_a_copy_where_it_asked_for_one(path: Path) -> None:
    async with routing(path) as commands:
        await commands.deliver(WRITE, reply_to="fieldgate/me", correlation=b"\x07")
        await commands.finish(DONE)
        await commands.deliver({"id": "x", "invoke": "tare"}, reply_to="fieldgate/me")
        assert [(to, mark, body["status"]) for to, mark, body in commands.replies] == [
            ("fieldgate/me", b"\x07", "done"),
            ("fieldgate/me", None, "rejected"),
        ]
        assert [body for _, _, body in commands.replies] == commands.results


async def test_an_endpoint_that_fails_to_reply_or_to_acknowledge_ends_nothing(path: Path) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("endpoint's defect")

    async with routing(path) as commands:
        commands.reply = fail
        await commands.deliver({"id": "x", "invoke": "tare"}, reply_to="somewhere")
        commands.router.offer(Delivery("boiler", b"{}", fail))
        await commands.deliver(WRITE, reply_to="somewhere")
        await commands.finish(DONE)
        assert commands.last == ("c-1", "done", None)


async def test_a_command_to_the_gateway_itself_is_answered_by_it(path: Path) -> None:
    async with routing(path) as commands:
        await commands.deliver({"id": "p", "invoke": "ping"}, "")
        await until(lambda: commands.results)
        assert (commands.last, commands.pings) == (("p", "done", None), 1)
        assert "device" not in commands.results[-1]
        await commands.deliver({"id": "q", "invoke": "reboot"}, "")
        assert commands.last == ("q", "rejected", "unknown-command")


async def test_a_body_may_name_the_device_where_the_topic_does_not(path: Path) -> None:
    async with routing(path) as commands:
        await commands.deliver({**WRITE, "device": "boiler"}, "")
        assert commands.link.jobs[0].command.device == "boiler"


async def test_every_result_follows_the_schema(path: Path) -> None:
    async with routing(path) as commands:
        for body, device in [*REFUSED.values(), (b"nonsense", "boiler"), ({"id": "p", "invoke": "ping"}, "")]:
            await commands.deliver(body, device)
        await commands.deliver(WRITE)
        await commands.finish(DONE)
        for entry in commands.rig.ready:
            assert_envelope(entry.payload)


async def test_a_flood_that_nobody_bounds_is_refused_and_not_kept(path: Path) -> None:
    async with routing(path) as commands:
        accepted: list[int] = []
        for number in range(MAX_WAITING + 20):
            payload = json.dumps({"id": str(number), "read": ["temp"]}).encode()
            commands.router.offer(Delivery("boiler", payload, lambda number=number: accepted.append(number)))  # type: ignore[misc]
        assert accepted == list(range(MAX_WAITING, MAX_WAITING + 20)), "at once, and the others when it is their turn"
        refused = [result["command"] for result in commands.results if result.get("reason") == "queue-full"]
        assert refused == [str(number) for number in accepted]
        await until(lambda: len(accepted) == MAX_WAITING + 20)


@pytest.mark.parametrize("name", ["x" * 65, "no such/thing", "é", "x" * 60_000])
async def test_a_name_no_device_could_have_is_only_counted(path: Path, name: str) -> None:
    async with routing(path) as commands:
        await commands.deliver(WRITE, device=name)
        assert commands.results == []
        assert commands.router.counters == {"accepted": 0, "refused": 1, "unreadable": 1, "unanswered": 0}


async def test_strangers_names_do_not_make_more_log_lines(path: Path) -> None:
    async with routing(path) as commands:
        with structlog.testing.capture_logs() as logs:
            for number in range(50):
                await commands.deliver(WRITE | {"id": str(number)}, device=f"nobody-{number}")
        assert [line["event"] for line in logs] == ["command refused"]


async def test_a_body_that_names_another_device_than_its_topic_is_refused(path: Path) -> None:
    async with routing(path) as commands:
        await commands.deliver({**WRITE, "device": "pump"})
        assert commands.last == ("c-1", "rejected", "malformed")
        assert commands.link.jobs == []


async def test_a_command_to_the_gateway_expires_too(path: Path) -> None:
    async with routing(path, needs_expiry=True) as commands:
        await commands.deliver({"id": "p-1", "invoke": "ping"}, device="")
        assert commands.results[-1]["reason"] == "no-expiry"
        await commands.deliver({"id": "p-2", "invoke": "ping", "expires": at(commands, -1)}, device="")
        assert commands.last == ("p-2", "expired", None)
        assert commands.pings == 0


async def test_an_end_the_disk_refuses_is_told_at_once_and_stored_later(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answers, "RETRY_S", 0.05)
    async with routing(path) as commands:
        await commands.deliver(WRITE)
        await commands.rig.outbox.store.rows("PRAGMA busy_timeout=1")
        with closing(sqlite3.connect(path, isolation_level=None)) as holder:
            holder.execute("BEGIN IMMEDIATE")
            commands.link.jobs.pop().finished(DONE)
            await until(lambda: commands.results)
            assert commands.last == ("c-1", "done", None)
            assert commands.journal() == [("c-1", False)]
        await until(lambda: commands.journal() == [("c-1", True)])
        await commands.deliver(WRITE)
        assert [result["status"] for result in commands.results] == ["done", "done"]


async def test_while_results_can_not_leave_no_more_commands_are_looked_at(path: Path) -> None:
    async with routing(path) as commands:
        commands.crowd = CROWD + 1
        commands.offer(WRITE)
        await commands.deliver_nothing()
        assert (commands.link.jobs, commands.accepted) == ([], [])
        commands.disperse()
        await until(lambda: commands.link.jobs)


async def test_what_is_too_much_then_is_refused_and_in_a_flood_of_results_only_counted(path: Path) -> None:
    async with routing(path) as commands:
        commands.crowd = CROWD + 1
        for number in range(MAX_WAITING + 1):
            commands.offer({**WRITE, "id": f"c-{number}"})
        assert commands.last == (f"c-{MAX_WAITING}", "rejected", "queue-full")
        commands.crowd = FLOOD
        commands.offer({**WRITE, "id": "unheard"})
        assert commands.router.counters["unanswered"] == 1
        assert len(commands.results) == 1


async def test_time_that_passes_before_a_command_is_looked_at_counts(path: Path) -> None:
    async with routing(path) as commands:
        commands.crowd = CROWD + 1
        number = commands.offer(WRITE, expires_in_s=1e-9)
        await commands.deliver_nothing()
        commands.disperse()
        await until(lambda: number in commands.accepted)
        assert commands.last == ("c-1", "expired", None)


async def test_what_was_not_looked_at_when_the_gateway_stops_is_answered(path: Path) -> None:
    async with routing(path) as commands:
        commands.crowd = CROWD + 1
        commands.offer(WRITE)
        await commands.deliver_nothing()
        await commands.stop()
        assert commands.last == ("c-1", "rejected", "stopping")
        assert commands.accepted == [0]
        assert commands.journal() == []


async def test_a_result_that_has_no_json_leaves_its_command_unknown_and_all_others_at_work(path: Path) -> None:
    async with routing(path) as commands:
        strange: Any = {"setpoint": object()}
        await commands.deliver(WRITE)
        await commands.finish(Result(ResultStatus.DONE, strange))
        assert commands.last == ("c-1", "unknown", "defect")
        await commands.deliver({**WRITE, "id": "c-2"})
        await commands.finish(DONE)
        assert commands.journal() == [("c-1", True), ("c-2", True)]
        assert [record["status"] for record in await commands.records()] == ["unknown", "done"]


async def test_a_disk_that_refuses_from_the_start_keeps_no_command_from_its_answer(path: Path) -> None:
    async with routing(path) as commands:
        await commands.deliver(WRITE)
    async with routing(path) as commands:
        with closing(sqlite3.connect(path, isolation_level=None)) as holder:
            holder.execute("BEGIN IMMEDIATE")
            await commands.rig.outbox.store.rows("PRAGMA busy_timeout=1")
            await commands.deliver({**WRITE, "id": "c-2"})
            await until(lambda: len(commands.results) == 2)
            told = {result["command"]: (result["status"], result.get("reason")) for result in commands.results}
            assert told == {"c-1": ("unknown", None), "c-2": ("rejected", "storage")}
