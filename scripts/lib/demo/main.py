"""The demonstration: field, broker and daemon, and on the screen what arrives at the broker."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
import tempfile
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from scripts.lib.demo.field import field_running
from scripts.lib.demo.inbox import Inbox
from scripts.lib.demo.processes import BROKERS, best_broker, daemon, free_port
from scripts.lib.demo.screen import Screen
from scripts.lib.demo.story import Story

CONFIG = Path("configs/demo.yaml")
LOG_TAIL_LINES = 20


class DaemonEnded(Exception):
    """The daemon stopped by itself; the message is the end of its log."""


async def demonstrate(broker: str, seconds: float | None) -> None:
    """Run for so long, or until cancelled; raises DaemonEnded."""
    screen = Screen()
    start_broker, protocol = BROKERS[broker]
    mqtt, modbus = free_port(), free_port()
    env = {
        "FIELDGATE_DEMO_MODBUS_PORT": str(modbus),
        "FIELDGATE_DEMO_MQTT_PORT": str(mqtt),
        "FIELDGATE_DEMO_MQTT_PROTOCOL": protocol,
    }
    screen.say(
        f"You are looking at a simulated boiler (Modbus TCP, port {modbus}), read by fieldgate each second, and at"
        " simulated Bluetooth devices: two thermometers and the lock of a door. Every line is a message as it arrived"
        f" at the broker ({broker}, MQTT {protocol}, port {mqtt}). Ctrl-C ends everything."
    )
    async with AsyncExitStack() as running:
        folder = Path(running.enter_context(tempfile.TemporaryDirectory(prefix="fieldgate-demo-")))
        await running.enter_async_context(start_broker(mqtt, folder))
        field = await running.enter_async_context(field_running(CONFIG, env))
        inbox = await running.enter_async_context(Inbox(mqtt, "fieldgate/#"))
        story = await running.enter_async_context(_background(Story(screen, inbox, mqtt, CONFIG).tell(), "story"))
        process = await running.enter_async_context(daemon(CONFIG, folder, {**env, **field.env}))
        ended = await running.enter_async_context(_background(_watch(process, folder / "daemon.log"), "daemon"))
        tasks = {*field.lives, story, ended}
        done, _ = await asyncio.wait(tasks, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()


async def _watch(process: Process, log: Path) -> None:
    code = await process.wait()
    raise DaemonEnded(f"the daemon ended with {code}:\n{_tail(log)}")


def _tail(log: Path) -> str:
    return "\n".join(log.read_text().splitlines()[-LOG_TAIL_LINES:])


@asynccontextmanager
async def _background(work: Coroutine[Any, Any, None], name: str) -> AsyncIterator[asyncio.Task[None]]:
    task = asyncio.create_task(work, name=name)
    try:
        yield task
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError, DaemonEnded):
            await task


async def _until_told(broker: str, seconds: float | None) -> None:
    this = asyncio.current_task()
    assert this is not None
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, this.cancel)
    await demonstrate(broker, seconds)


def main() -> int:
    """Parse and run; returns the exit code."""
    parser = argparse.ArgumentParser(prog="scripts/demo", description=__doc__)
    parser.add_argument("--seconds", type=float, help="end by itself after so long")
    parser.add_argument("--broker", choices=sorted(BROKERS), default=best_broker())
    options = parser.parse_args()
    try:
        asyncio.run(_until_told(options.broker, options.seconds))
    except asyncio.CancelledError:
        print("Everything has been stopped.")
    except DaemonEnded as error:
        print(error, file=sys.stderr)
        return 1
    except BrokenPipeError:  # whoever read the screen has gone: nothing is left to be said, not even at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


if __name__ == "__main__":
    sys.exit(main())
