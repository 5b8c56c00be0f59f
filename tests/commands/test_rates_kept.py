"""What was carried out counts for rates also after a restart."""

from pathlib import Path

from gateway.model import Result, ResultStatus
from tests.commands.setup import WRITE, routing
from tests.outbox.setup import until


async def test_what_counts_for_rates_is_found_in_the_audit(tmp_path: Path) -> None:
    async with routing(tmp_path / "outbox.db") as commands:
        await commands.deliver(WRITE)
        assert commands.link.jobs, "it has been queued"
        await commands.finish(Result(ResultStatus.DONE))
        await until(lambda: commands.results)
        rule = "devices.boiler.max_write_rate"
        at_ms = int(commands.rig.wall_s * 1000)
        assert await commands.audit.counted(at_ms - 1000) == [(0.0, rule)]
        assert await commands.audit.counted(at_ms + 1) == []


async def test_what_was_refused_does_not_count(tmp_path: Path) -> None:
    async with routing(tmp_path / "outbox.db") as commands:
        await commands.deliver({"id": "c", "write": {"setpoint": 5}})
        assert commands.last == ("c", "rejected", "out-of-range")
        assert await commands.audit.counted(0) == []
