"""A claim that nobody waits for any more, and the same id sent again."""

from pathlib import Path

import pytest

from gateway.commands import answers
from gateway.model import Result, ResultStatus
from tests.commands.setup import WRITE, routing
from tests.outbox.setup import until

REFUSED = Result(ResultStatus.REJECTED, reason="storage")


@pytest.mark.parametrize("is_done", [False, True])
async def test_what_was_claimed_anew_is_not_ended_as_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_done: bool
) -> None:
    monkeypatch.setattr(answers, "RETRY_S", 0.01)
    async with routing(tmp_path / "outbox.db") as commands:
        await commands.deliver(WRITE)
        if is_done:
            await commands.finish(Result(ResultStatus.DONE))
        commands.router._answers.disown("c-1", REFUSED)
        await until(lambda: not commands.router._answers._finishing)
        if not is_done:
            await commands.finish(Result(ResultStatus.DONE))
        await commands.deliver(WRITE)
        assert [result["status"] for result in commands.results] == ["done", "done"]
