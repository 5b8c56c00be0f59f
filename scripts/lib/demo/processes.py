"""What the demonstration starts beside itself: the daemon, and mosquitto or a broker embedded here."""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
import socket
import sys
from asyncio.subprocess import DEVNULL, Process
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

START_TIMEOUT_S = 10.0
STOP_TIMEOUT_S = 10.0
"""Twice what the daemon may take to stop."""
FIELDGATE = Path(sys.executable).with_name("fieldgate")


@asynccontextmanager
async def mosquitto(port: int, folder: Path) -> AsyncIterator[None]:
    """The broker from the distribution; it listens when this begins."""
    config = folder / "mosquitto.conf"
    config.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\nlog_dest stderr\n")
    async with process("mosquitto", "-c", str(config), stderr=asyncio.subprocess.PIPE) as broker:
        assert broker.stderr is not None
        async with asyncio.timeout(START_TIMEOUT_S):
            while not (line := await broker.stderr.readline()).endswith(b" running\n"):
                if not line:
                    raise SystemExit("mosquitto did not start")
        reading = asyncio.create_task(broker.stderr.read(), name="mosquitto's log")
        yield
        reading.cancel()


@asynccontextmanager
async def amqtt(port: int, _folder: Path) -> AsyncIterator[None]:
    """The broker that pip installs, embedded in this process; it speaks MQTT 3.1.1 only."""
    from amqtt.broker import Broker  # noqa: PLC0415 -- only installed where mosquitto is not

    logging.getLogger("amqtt").setLevel(logging.CRITICAL)
    logging.getLogger("transitions").setLevel(logging.CRITICAL)
    plugins = {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}}
    broker = Broker({"listeners": {"default": {"type": "tcp", "bind": f"127.0.0.1:{port}"}}, "plugins": plugins})
    await broker.start()
    try:
        yield
    finally:
        await broker.shutdown()


BROKERS = {"mosquitto": (mosquitto, "5"), "amqtt": (amqtt, "3.1.1")}
"""How each is run, and the newest MQTT it speaks."""


def free_port() -> int:
    """A TCP port on loopback that nobody uses right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def best_broker() -> str:
    """mosquitto where it is installed."""
    return "mosquitto" if shutil.which("mosquitto") else "amqtt"


@asynccontextmanager
async def daemon(config: Path, folder: Path, env: Mapping[str, str]) -> AsyncIterator[Process]:
    """`fieldgate run`; its log is `folder`/daemon.log."""
    state = folder / "state"
    state.mkdir()
    with (folder / "daemon.log").open("wb") as log:
        command = (str(FIELDGATE), "run", "-c", str(config), "--state-dir", str(state))
        async with process(*command, stderr=log.fileno(), env={**os.environ, **env}) as running:
            yield running


@asynccontextmanager
async def process(*command: str, stderr: int, env: Mapping[str, str] | None = None) -> AsyncIterator[Process]:
    """A process in a session of its own, so that Ctrl-C reaches it through us, in order; it is ended on the way out."""
    running = await asyncio.create_subprocess_exec(
        *command, stdin=DEVNULL, stdout=DEVNULL, stderr=stderr, env=env, start_new_session=True
    )
    try:
        yield running
    finally:
        if running.returncode is None:
            running.terminate()
        try:
            async with asyncio.timeout(STOP_TIMEOUT_S):
                await running.wait()
        except TimeoutError:
            running.kill()
            await running.wait()
