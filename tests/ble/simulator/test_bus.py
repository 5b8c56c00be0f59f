import os
import subprocess
import sys
from pathlib import Path

import pytest
from dbus_fast.aio import MessageBus

from adapters.ble.simulator.bus import Bus
from tests.ble.simulator.bluez.lock import until


async def named(address: str) -> str | None:
    """Connect, and leave again."""
    bus = await MessageBus(address).connect()
    name: str | None = bus.unique_name
    bus.disconnect()
    await bus.wait_for_disconnect()  # type: ignore[no-untyped-call]
    return name


async def test_several_buses_run_side_by_side() -> None:
    async with Bus() as one, Bus() as other:
        assert one.address != other.address
        assert await named(one.address)
        assert await named(other.address)


async def test_a_bus_that_was_cut_comes_back_at_its_address() -> None:
    async with Bus() as bus:
        address = bus.address
        await bus.cut()
        with pytest.raises(ConnectionRefusedError):
            await named(address)
        await bus.start()

        assert bus.address == address
        assert await named(address)


async def test_nothing_is_left_of_a_bus() -> None:
    async with Bus() as bus:
        folder = Path(bus.address.removeprefix("unix:path=")).parent
        assert folder.is_dir()

    assert not folder.exists()


async def test_without_a_dbus_daemon_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")

    with pytest.raises(FileNotFoundError, match="there is no dbus-daemon on this machine: apt install dbus-daemon"):
        await Bus().start()


async def test_a_daemon_that_does_not_start_says_why() -> None:
    with pytest.raises(OSError, match=r"dbus-daemon did not start: .*no_such_limit"):
        await Bus({"no_such_limit": 1}).start()


async def test_its_limits_can_be_set() -> None:
    async with Bus({"max_connections_per_user": 2}) as bus:
        buses = [await MessageBus(bus.address).connect() for _ in range(3)]
        names = [each.unique_name for each in buses]
        for each in buses:
            each.disconnect()
            await each.wait_for_disconnect()  # type: ignore[no-untyped-call]

    assert [str(name).startswith(":1.") for name in names] == [
        True,
        True,
        False,
    ]  # dbus-fast takes the error for a name


OWNER = """
import asyncio
from adapters.ble.simulator.bus import Bus

async def main():
    async with Bus() as bus:
        print(bus.pid, flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


async def test_a_bus_ends_with_the_process_that_started_it(tmp_path: Path) -> None:
    with subprocess.Popen(  # noqa: ASYNC220
        [sys.executable, "-c", OWNER], stdout=subprocess.PIPE, text=True, env={**os.environ, "TMPDIR": str(tmp_path)}
    ) as owner:
        assert owner.stdout is not None
        daemon = Path("/proc", owner.stdout.readline().strip())
        assert running(daemon)
        owner.kill()
    await until(lambda: not running(daemon))


def running(process: Path) -> bool:
    try:
        return process.joinpath("stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False
