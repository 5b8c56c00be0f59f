"""What an outbox takes: a process of its own that encodes, appends, commits and drains, and says what that cost.

Prints one JSON object. `flat`: as fast as commits go. `paced`: at a steady rate, without waiting for any commit; what
then does not fit in memory is lost. `memory`: builds up and drains, and watches its own memory.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from typing_extensions import override

from gateway.config.models import OutboxSection
from gateway.endpoints.contract import Ack, Endpoint, EndpointError, Message, Session
from gateway.endpoints.payload import Encoder
from gateway.outbox.disk.store import Store
from gateway.outbox.outbox import Outbox
from gateway.outbox.retained import Retained
from gateway.relay import Relay
from scripts.bench import usage
from scripts.bench.result import MIB
from scripts.bench.signals import REGISTERS

CHUNK = 5000
"""Appended before a commit is asked for: half of what may wait in memory."""
TICK_S = 0.01
WINDOW = 100
MAX_BYTES = 128 * 1024
SETTLED = 0.1
"""Part of the rows after which memory must have found its size."""
POOL = 997


class Feed:
    """Readings of 100 values, each encoded for itself."""

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox
        self._encoder = Encoder("bench", "cloud", outbox.session)
        names = [f"r{number}" for number in range(REGISTERS)]
        self._values = [{name: (base * 101 + n * 613) % 65536 for n, name in enumerate(names)} for base in range(POOL)]
        self._count = 0

    def append(self, count: int) -> None:
        """Stage so many."""
        outbox, values = self._outbox, self._values
        for number in range(self._count, self._count + count):
            time_ms = int(time.time() * 1000)
            payload = self._encoder.reading(outbox.next_seq, f"d{number % 10}", time_ms, values[number % POOL], {})
            outbox.stage("reading", f"d{number % 10}", payload)
        self._count += count


class Sink(Endpoint):
    """A far end that acknowledges at the next turn of the loop whatever it is given; it ends after `wanted`."""

    def __init__(self, wanted: int, look: Callable[[], None]) -> None:
        self._wanted = wanted
        self._look = look
        self._acks = list[Ack]()

    @override
    async def run(self, session: Session) -> None:
        self._session = session
        self._loop = asyncio.get_running_loop()
        self._done = asyncio.Event()
        session.connected(WINDOW, MAX_BYTES)
        await self._done.wait()

    @override
    def publish(self, message: Message) -> None:
        if not self._acks:
            self._loop.call_soon(self._answer)
        self._acks.append(Ack(message.token))

    @override
    def reply(self, to: str, correlation: bytes | None, payload: bytes) -> None:
        raise AssertionError("nobody asks for replies")

    def _answer(self) -> None:
        acks, self._acks = self._acks, []
        self._wanted -= len(acks)
        self._look()
        self._session.acknowledged(acks)
        if self._wanted <= 0:
            self._done.set()


class Sizes:
    """The lowest and the highest memory since memory had found its size."""

    def __init__(self, settled: int) -> None:
        self._left = settled
        self._seen = list[int]()
        self._looked_s = 0.0

    def look(self, count: int) -> None:
        """After so many more; ten times a second at most."""
        self._left -= count
        now_s = time.monotonic()
        if self._left <= 0 and now_s - self._looked_s > 0.1:
            self._looked_s = now_s
            self._seen.append(usage.rss_bytes(os.getpid()))

    @property
    def range_mib(self) -> list[float]:
        """Lowest and highest."""
        seen = self._seen or [usage.rss_bytes(os.getpid())]
        return [min(seen) / MIB, max(seen) / MIB]


@asynccontextmanager
async def outbox_in(folder: Path) -> AsyncIterator[Outbox]:
    """An outbox at work with a commit interval of a second and no limit that matters."""
    settings = OutboxSection.model_validate({"commit_interval": "1s", "max_size": "1024GiB", "max_age": "30d"})
    outbox = Outbox("cloud", Store(folder / "outbox-cloud.db"), settings)
    await outbox.open()
    task = asyncio.create_task(outbox.run())
    try:
        yield outbox
    finally:
        outbox.finish()
        await task
        await outbox.close()


async def flat(folder: Path, rows: int) -> dict[str, Any]:
    """Append and commit, as fast as it goes."""
    async with outbox_in(folder) as outbox:
        feed = Feed(outbox)
        began_s, cpu_s = time.monotonic(), time.process_time()
        for start in range(0, rows, CHUNK):
            feed.append(min(CHUNK, rows - start))
            await outbox.flush()
        took_s = time.monotonic() - began_s
        return {"per_s": rows / took_s, "cpu_us": (time.process_time() - cpu_s) * 1e6 / rows}


async def paced(folder: Path, rows: int, per_s: float) -> dict[str, Any]:
    """Append at this rate; the outbox commits when it will."""
    async with outbox_in(folder) as outbox:
        feed = Feed(outbox)
        loop = asyncio.get_running_loop()
        began_s, cpu_s, done = loop.time(), time.process_time(), 0
        while done < rows:
            due = min(rows, int((loop.time() - began_s) * per_s))
            feed.append(due - done)
            done = due
            await asyncio.sleep(TICK_S)
        took_s, cpu_s = loop.time() - began_s, time.process_time() - cpu_s
        await outbox.flush()
        depth = outbox.depth()
        return {
            "per_s": rows / took_s,
            "cpu_us": cpu_s * 1e6 / rows,
            "lost": sum(depth["lost"].values()),
            "worst_commit_s": depth["worst_commit_s"],
        }


async def memory(folder: Path, rows: int) -> dict[str, Any]:
    """Let so many build up, then drain them to a far end that takes all."""
    async with outbox_in(folder) as outbox:
        feed = Feed(outbox)
        filling, emptying = Sizes(int(rows * SETTLED)), Sizes(int(rows * SETTLED))
        began_s = time.monotonic()
        for start in range(0, rows, CHUNK):
            feed.append(min(CHUNK, rows - start))
            await outbox.flush()
            filling.look(CHUNK)
        filled_s = time.monotonic()
        retained = Retained(outbox.store, [], outbox.flush)
        await retained.load()
        relay = Relay(
            outbox,
            1e9,
            announce=list,
            retained=retained,
            on_delivery=lambda _: None,
            on_wishes=lambda _: {},
            facts=dict,
        )
        try:
            await relay.serve(Sink(rows, lambda: emptying.look(WINDOW)), lambda: None)
        except EndpointError:
            drained_s = time.monotonic()
        return {
            "filling_mib": filling.range_mib,
            "emptying_mib": emptying.range_mib,
            "filled_per_s": rows / (filled_s - began_s),
            "drained_per_s": rows / (drained_s - filled_s),
        }


def main() -> None:
    """Do one of them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("flat", "paced", "memory"))
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--rows", type=int, required=True)
    parser.add_argument("--rate", type=float, default=20_000.0, help="of paced, per second")
    options = parser.parse_args()
    work = {"flat": flat, "memory": memory}.get(options.what)
    run = work(options.folder, options.rows) if work else paced(options.folder, options.rows, options.rate)
    print(json.dumps(asyncio.run(run)))


if __name__ == "__main__":
    main()
