"""BlueZ, its bus and what is in the air, on a thread of their own: for a daemon under test, a process of its own."""

import asyncio
import inspect
import threading
from collections.abc import Callable
from typing import Any, Self

from adapters.ble.simulator.bluez import Bluez, Radio, Settings
from adapters.ble.simulator.bus import Bus
from tests.support.patience import HANG_S

RADIO = "00:1A:7D:DA:71:13"
EVERY_S = 0.05


class Ether:
    """One radio, `hci0`; whatever touches it goes through `do`. It is over when the context ends."""

    bus: Bus
    bluez: Bluez
    radio: Radio

    def __init__(self, settings: Settings | None = None) -> None:
        self._settings = settings
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="ether", daemon=True)
        self._speakers: dict[str, asyncio.Task[None]] = {}

    def __enter__(self) -> Self:
        self._thread.start()
        self.do(self._begin)
        return self

    def __exit__(self, *_: object) -> None:
        self.do(self._end)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(HANG_S)
        self._loop.close()

    @property
    def address(self) -> str:
        """Where its D-Bus is."""
        return self.bus.address

    def do(self, what: Callable[..., Any], *arguments: Any, **more: Any) -> Any:
        """Have it done on the thread, a coroutine to its end; what comes of it."""

        async def done() -> Any:
            result = what(*arguments, **more)
            return await result if inspect.isawaitable(result) else result

        return asyncio.run_coroutine_threadsafe(done(), self._loop).result(HANG_S)

    def repeat(self, name: str, say: Callable[[], object], every_s: float = EVERY_S) -> None:
        """From now on, in place of what was repeated under this name."""

        async def repeating() -> None:
            while True:
                say()
                await asyncio.sleep(every_s)

        def begin() -> None:
            self._quiet(name)
            self._speakers[name] = asyncio.create_task(repeating(), name=name)

        self.do(begin)

    def quiet(self, name: str) -> None:
        """Repeat it no more."""
        self.do(self._quiet, name)

    def _quiet(self, name: str) -> None:
        speaker = self._speakers.pop(name, None)
        if speaker is not None:
            speaker.cancel()

    async def _begin(self) -> None:
        self.bus = Bus()
        await self.bus.start()
        self.bluez = Bluez(self.bus.address, self._settings)
        self.radio = self.bluez.add_radio(RADIO)
        await self.bluez.start()

    async def _end(self) -> None:
        for name in list(self._speakers):
            self._quiet(name)
        await self.bluez.stop()
        await self.bus.stop()
