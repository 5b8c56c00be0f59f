"""A D-Bus of our own: a dbus-daemon that nobody else talks to, in a folder that goes with it."""

from __future__ import annotations

import asyncio
import ctypes
import shutil
import signal
import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Final, Self

PROGRAM: Final = "dbus-daemon"
READY_S: Final = 10.0
"""For a daemon to begin or to end: it takes some 20 ms on a machine at rest."""
PR_SET_PDEATHSIG: Final = 1
"""prctl(2): the signal that a process gets when its parent ends, however that came to be."""

_CONFIG: Final = """\
<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>system</type>
  <listen>unix:path={socket}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/>
    <allow own="*"/>
    <allow send_type="method_call"/>
    <allow send_type="signal"/>
    <allow send_requested_reply="true" send_type="method_return"/>
    <allow send_requested_reply="true" send_type="error"/>
    <allow receive_type="method_call"/>
    <allow receive_type="method_return"/>
    <allow receive_type="error"/>
    <allow receive_type="signal"/>
  </policy>
{limits}</busconfig>
"""

_libc: Final = ctypes.CDLL(None)


class Bus:
    """A private bus while it is started; `address` is where clients find it. Several may run side by side.

    `limits`: by their names in dbus-daemon(1), such as `max_connections_per_user`.
    """

    def __init__(self, limits: Mapping[str, int] | None = None) -> None:
        self._limits = dict(limits or {})
        self._folder: Path | None = None
        self._daemon: asyncio.subprocess.Process | None = None

    @property
    def address(self) -> str:
        """The same from the first start until `stop`."""
        if self._folder is None:
            raise RuntimeError("the bus has not been started")
        return f"unix:path={self._folder / 'bus'}"

    @property
    def pid(self) -> int:
        """Of its daemon, while it runs."""
        if self._daemon is None:
            raise RuntimeError("the bus does not run")
        return self._daemon.pid

    async def start(self) -> None:
        """Return when it takes connections; FileNotFoundError where there is no dbus-daemon, OSError if it fails."""
        program = shutil.which(PROGRAM)
        if program is None:
            raise FileNotFoundError(f"there is no {PROGRAM} on this machine: apt install dbus-daemon")
        self._daemon = await asyncio.create_subprocess_exec(
            program,
            f"--config-file={self._configured()}",
            "--nofork",
            "--nopidfile",
            "--print-address",
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            preexec_fn=_end_with_parent,
            start_new_session=True,  # a Ctrl-C is for its parent, which ends it in its turn
        )
        await self._ready(self._daemon)

    async def cut(self) -> None:
        """End it as a crash would; clients lose their connections. `start` brings it back at the same address."""
        daemon, self._daemon = self._daemon, None
        if daemon is None:
            return
        if daemon.returncode is None:
            daemon.kill()
        await daemon.communicate()

    async def stop(self) -> None:
        """End it, and remove its folder."""
        await self.cut()
        folder, self._folder = self._folder, None
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)

    async def __aenter__(self) -> Self:
        """Started."""
        try:
            await self.start()
        except BaseException:
            await self.stop()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    def _configured(self) -> Path:
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="fieldgate-bus-"))
        socket, config = self._folder / "bus", self._folder / "bus.conf"
        socket.unlink(missing_ok=True)
        limits = "".join(f'  <limit name="{name}">{number}</limit>\n' for name, number in self._limits.items())
        config.write_text(_CONFIG.format(socket=socket, limits=limits))
        return config

    async def _ready(self, daemon: asyncio.subprocess.Process) -> None:
        assert daemon.stdout is not None
        assert daemon.stderr is not None
        try:
            async with asyncio.timeout(READY_S):
                if await daemon.stdout.readline():
                    return
                said = (await daemon.stderr.read()).decode(errors="replace").strip()
        except TimeoutError:
            said = f"it is not ready after {READY_S:.0f} s"
        await self.stop()
        raise OSError(f"{PROGRAM} did not start: {said.splitlines()[-1] if said else 'it said nothing'}")


def _end_with_parent() -> None:
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
