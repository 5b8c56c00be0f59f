"""However much is refused, it costs the record of what was done nothing."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.commands import audit
from gateway.model import Result, ResultStatus
from tests.commands.setup import WRITE, CommandRig, routing

DONE = Result(ResultStatus.DONE, {"setpoint": 55.0})


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


async def test_a_refusal_is_told_in_a_sentence_of_bounded_length(commands: CommandRig) -> None:
    await commands.deliver({"id": "c-2", "write": {"x" * 60_000: 1}})

    assert len(commands.results[-1]["detail"]) < 600
