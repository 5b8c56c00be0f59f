"""The policy for D-Bus, by a real bus that lets nobody speak with BlueZ otherwise."""

import asyncio
import getpass
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from dbus_fast import Message
from dbus_fast.aio import MessageBus

from tests.support.patience import HANG_S

POLICY = Path("systemd/fieldgate-bluetooth.conf")
CONFIG = """\
<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>system</type>
  <listen>unix:path={folder}/bus</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/>
    <allow own="*"/>
    <allow send_type="method_call"/>
    <deny send_destination="org.bluez"/>
    <allow send_requested_reply="true" send_type="method_return"/>
    <allow send_requested_reply="true" send_type="error"/>
    <allow receive_type="method_call"/>
    <allow receive_type="method_return"/>
    <allow receive_type="error"/>
    <allow receive_type="signal"/>
  </policy>
  <includedir>{folder}/system.d</includedir>
</busconfig>
"""


@pytest.fixture
def bus(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Where it is; with the policy, of this account, or without any."""
    folder = tmp_path / "system.d"
    folder.mkdir()
    if request.param == "with":
        (folder / POLICY.name).write_text(POLICY.read_text().replace('"fieldgate"', f'"{getpass.getuser()}"'))
    config = tmp_path / "bus.conf"
    config.write_text(CONFIG.format(folder=tmp_path))
    command = [shutil.which("dbus-daemon") or "", f"--config-file={config}", "--nofork", "--print-address"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as daemon:
        assert daemon.stdout is not None
        yield daemon.stdout.readline().strip()
        daemon.terminate()
        daemon.wait(HANG_S)


async def asked(address: str) -> str | None:
    """The error that BlueZ's answer is, if it is one."""
    async with asyncio.timeout(HANG_S):
        bluez = await MessageBus(bus_address=address).connect()
        gateway = await MessageBus(bus_address=address).connect()
        await bluez.request_name("org.bluez")
        reply = await gateway.call(Message("org.bluez", "/", "org.freedesktop.DBus.Peer", "Ping"))
        for each in (bluez, gateway):
            each.disconnect()
    assert reply is not None
    return reply.error_name


@pytest.mark.parametrize("bus", ["with"], indirect=True)
async def test_with_the_policy_the_gateway_may_speak_with_bluez(bus: str) -> None:
    assert await asked(bus) is None


@pytest.mark.parametrize("bus", ["without"], indirect=True)
async def test_without_it_nobody_may(bus: str) -> None:
    assert await asked(bus) == "org.freedesktop.DBus.Error.AccessDenied"
