"""Pieces that many tests share."""

import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import pytest
import structlog

from tests.support.daemon import Daemon
from tests.support.examples import register
from tests.support.modbus import ModbusServer
from tests.support.mosquitto import Mosquitto
from tests.support.subscriber import Subscriber

END_S = 10.0
"""How long pytest may take to say how it went."""

register()


def pytest_sessionstart() -> None:
    """A shell lets what it runs in the background ignore interrupts, and so would every process that a test starts."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_sessionfinish(exitstatus: int) -> None:
    """Let a test that failed with a database open fail the run, not keep it from ending: its thread goes on."""
    if any("_connection_worker" in thread.name for thread in threading.enumerate()):
        ended = threading.Timer(END_S, os._exit, (int(exitstatus) or 1,))
        ended.daemon = True
        ended.start()


@pytest.fixture
def make_mosquitto(tmp_path: Path) -> Iterator[Callable[..., Mosquitto]]:
    """Brokers that listen when they are returned; arguments as of `Mosquitto` after the folder."""
    with ExitStack() as running:

        def make(lines: tuple[str, ...] = (), users: Mapping[str, str] | None = None) -> Mosquitto:
            broker = Mosquitto(tmp_path, lines, users)
            broker.start()
            running.callback(broker.kill)
            return broker

        yield make


@pytest.fixture
def mosquitto(make_mosquitto: Callable[..., Mosquitto]) -> Mosquitto:
    """A broker open to everyone on loopback."""
    return make_mosquitto()


@pytest.fixture
def subscriber(mosquitto: Mosquitto) -> Iterator[Subscriber]:
    """Subscribed to everything at `mosquitto`."""
    with Subscriber(mosquitto.port) as subscribed:
        yield subscribed


@pytest.fixture
def modbus_server() -> Iterator[ModbusServer]:
    """Unit 1 on loopback."""
    with ModbusServer() as server:
        yield server


@pytest.fixture
def make_daemon(tmp_path: Path) -> Iterator[Callable[..., Daemon]]:
    """Daemons, not started yet, each ended with its test, which shows their log when it fails; `Daemon`'s arguments."""
    made: list[Daemon] = []

    def make(config: str, env: Mapping[str, str] | None = None) -> Daemon:
        made.append(Daemon(tmp_path, config, env))
        return made[-1]

    yield make
    for daemon in made:
        daemon.kill()
        sys.stdout.write("\n".join(["the daemon's log:", *daemon.lines, ""]))


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    """Whatever a test lets the program do with it, nobody else is to hear of that."""
    root, ours = logging.getLogger(), logging.getLogger("fieldgate")
    before = root.handlers[:], root.level, ours.level
    yield
    root.handlers[:], level, our_level = before
    root.setLevel(level)
    ours.setLevel(our_level)
    structlog.reset_defaults()
