"""The record of commands, at its limits."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.commands import audit
from gateway.model import Result, ResultStatus
from tests.commands.setup import WRITE, CommandRig, routing

DONE = Result(ResultStatus.DONE, {"setpoint": 55.0})
LARGE = {f"{number:0>60}": 1 for number in range(900)}
"""Points of a command that is nearly as large as one may be."""


@pytest.fixture
async def commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[CommandRig]:
    """Whose audit holds its limits with each record."""
    monkeypatch.setattr(audit, "PRUNE_EVERY", 1)
    async with routing(tmp_path / "outbox.db", audit_bytes=10_000) as commands:
        yield commands


async def test_however_many_commands_are_refused_what_was_done_stays_in_the_log(commands: CommandRig) -> None:
    await commands.deliver(WRITE)
    await commands.finish(DONE)
    for number in range(50):
        await commands.deliver({"id": f"refused-{number}", "write": {"nothing": 'a "status":"done"'}})
    await commands.audit.settle()

    statuses = [record["status"] for record in await commands.records()]
    assert statuses[0] == "done"
    assert 3 < statuses.count("rejected") < 50


async def test_of_what_a_refused_command_had_asked_for_no_more_is_kept_than_a_person_needs(
    commands: CommandRig,
) -> None:
    await commands.deliver({"id": "c-2", "write": LARGE})
    await commands.audit.settle()

    (record,) = await commands.records()
    assert len(str(record)) < 2_000
    assert record["asked"].startswith('{"0000')
    assert record["asked"].endswith("...")


async def test_a_refusal_is_told_in_a_sentence_of_bounded_length(commands: CommandRig) -> None:
    await commands.deliver({"id": "c-2", "write": {"x" * 60_000: 1}})

    assert len(commands.results[-1]["detail"]) < 600
