"""A case that is played: an adapter at a wire that says what is written, and what the adapter tells of it."""

import asyncio
import json
from collections.abc import Coroutine
from typing import Any

import msgspec

from gateway.adapter import Adapter
from gateway.model import Command, DeviceStatus, Notice, Relearned, Result, Sample
from tests.support.emitted import untold

PATIENCE_S = 300.0
"""For a command to be carried out; and a case is over when nothing beyond its last line happens for so long."""

Outcome = dict[str, Any]
"""One line of expected.jsonl."""


class Told(list[Outcome]):
    """An emit that notes what it is told, in the order in which it is told."""

    def __init__(self) -> None:
        super().__init__()
        self._commands = set[asyncio.Task[None]]()

    def __call__(self, item: Sample | DeviceStatus | Notice | Relearned, /) -> None:
        self.append(_outcome(item))

    async def durable(self, sample: Sample, /) -> None:
        self(sample)

    def command(self, adapter: Adapter, what: dict[str, Any]) -> None:
        """Have a command carried out beside all else: `{"device": "d", "write": {...}}`."""
        self._commands.add(asyncio.create_task(self._execute(adapter, **what)))

    async def commands_done(self) -> None:
        await asyncio.gather(*self._commands)

    async def _execute(self, adapter: Adapter, device: str, **what: Any) -> None:
        deadline_s = asyncio.get_running_loop().time() + PATIENCE_S
        result: Result = await adapter.execute(Command("case", device, deadline_s=deadline_s, **what), untold)
        came = {"result": result.status, "values": dict(result.values), "bad": dict(result.bad)}
        self.append({"device": device, **_plain(came)})


async def perform(adapter: Adapter, told: Told, play: Coroutine[Any, Any, None]) -> None:
    """Run the adapter until the wire has played all, or the adapter gives the link up."""
    running = asyncio.create_task(adapter.run(told))
    playing = asyncio.create_task(play)
    await asyncio.wait([running, playing], return_when=asyncio.FIRST_COMPLETED)
    if running.done():
        told.append({"link": str(running.exception())})
    running.cancel()
    playing.cancel()
    await asyncio.wait([running, playing])
    await told.commands_done()
    if not playing.cancelled() and (error := playing.exception()) is not None:
        error.add_note("\n".join(["so far came:", *map(json.dumps, told)]))
        raise error


def lines_of(told: list[Outcome]) -> list[str]:
    """As expected.jsonl has them."""
    return [json.dumps(each, ensure_ascii=False) for each in told]


def _outcome(item: Sample | DeviceStatus | Notice | Relearned) -> Outcome:
    if isinstance(item, Relearned):
        return {"device": item.device, "relearned": True}
    if isinstance(item, Notice):
        return {"device": item.device, "notice": "mended" if item.mended else "lacking"}
    if isinstance(item, DeviceStatus):
        said = {"state": item.state, "reason": item.reason, "detail": item.detail}
        return {"device": item.device, **_plain(said)}
    values = {name: value for name, value in zip(item.group.points, item.values, strict=True) if value is not None}
    return {"device": item.group.device, **_plain({"values": values, "bad": dict(item.bad)})}


def _plain(fields: dict[str, Any]) -> dict[str, Any]:
    """As JSON has it, without what is empty."""
    plain: dict[str, Any] = msgspec.to_builtins(fields)
    for bad in (plain.get("bad") or {}).values():
        for name in [name for name, value in bad.items() if value is None]:
            del bad[name]
    return {name: value for name, value in plain.items() if value}
