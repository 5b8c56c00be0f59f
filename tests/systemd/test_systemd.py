"""What systemd is told, over a real socket."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.systemd import notify, watchdog_interval_s


@pytest.fixture
def listener(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as server:
        server.bind(str(tmp_path / "notify"))
        server.settimeout(5)
        yield server


def test_fields_arrive_in_one_datagram(listener: socket.socket) -> None:
    assert notify({"NOTIFY_SOCKET": listener.getsockname()}, READY=1, STATUS="2 devices on 1 link")
    assert listener.recv(4096) == b"READY=1\nSTATUS=2 devices on 1 link"


def test_an_abstract_socket_is_written_with_an_at_sign() -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as server:
        server.settimeout(5)
        server.bind(f"\0fieldgate-test-{os.getpid()}")
        assert notify({"NOTIFY_SOCKET": f"@fieldgate-test-{os.getpid()}"}, STOPPING=1)
        assert server.recv(100) == b"STOPPING=1"


@pytest.mark.parametrize("environ", [{}, {"NOTIFY_SOCKET": ""}])
def test_without_systemd_nothing_happens(environ: dict[str, str]) -> None:
    assert not notify(environ, READY=1)


def test_a_systemd_that_does_not_listen_is_no_obstacle(tmp_path: Path) -> None:
    assert not notify({"NOTIFY_SOCKET": str(tmp_path / "nobody")}, WATCHDOG=1)


def test_a_systemd_that_does_not_read_is_not_waited_for(listener: socket.socket) -> None:
    environ = {"NOTIFY_SOCKET": listener.getsockname()}
    assert not all(notify(environ, STATUS="x" * 10_000) for _ in range(1000))


def test_the_watchdog_is_fed_three_times_as_often_as_it_bites() -> None:
    assert watchdog_interval_s({"WATCHDOG_USEC": "30000000"}) == 10.0
    assert watchdog_interval_s({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": str(os.getpid())}) == 10.0


@pytest.mark.parametrize("environ", [{}, {"WATCHDOG_USEC": "1000", "WATCHDOG_PID": "1"}])
def test_a_watchdog_that_watches_somebody_else_is_not_fed(environ: dict[str, str]) -> None:
    assert watchdog_interval_s(environ) is None
