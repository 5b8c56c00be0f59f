"""BlueZ on a bus: its D-Bus API, faithful enough for the programs that use it."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from adapters.ble.simulator.bluez.daemon import Daemon, Settings
from adapters.ble.simulator.bluez.injections import Injection, Injections
from adapters.ble.simulator.bluez.radio import Radio


class Bluez:
    """bluetoothd and the radios of a machine. It may crash and be started again; radios and injections stay."""

    def __init__(self, address: str, settings: Settings | None = None) -> None:
        self._address = address
        self._settings = settings or Settings()
        self._injections = Injections()
        self._radios: list[Radio] = []
        self._daemon: Daemon | None = None

    @property
    def running(self) -> bool:
        """Whether bluetoothd is there."""
        return self._daemon is not None

    async def start(self) -> None:
        """Be org.bluez on the bus. OSError without one, RuntimeError if somebody else is."""
        if self._daemon is not None:
            return
        daemon = Daemon(self._address, self._settings, self._injections)
        await daemon.begin(self._radios)
        self._daemon = daemon

    async def stop(self) -> None:
        """End in an orderly manner."""
        daemon, self._daemon = self._daemon, None
        if daemon is not None:
            await daemon.end(gently=True)

    async def crash(self) -> None:
        """End at once, as by kill -9: a scan then goes on in the kernel, where nobody can end it but with the power."""
        daemon, self._daemon = self._daemon, None
        for radio in self._radios:
            if radio.adapter is not None and radio.adapter.discovery:
                radio.orphan_scan()
        if daemon is not None:
            await daemon.end(gently=False)

    async def __aenter__(self) -> Self:
        """Started."""
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    def add_radio(self, address: str, name: str = "hci0") -> Radio:
        """Plug one in."""
        radio = Radio(address, name, self._unplug)
        self._radios.append(radio)
        if self._daemon is not None:
            self._daemon.find(radio)
        return radio

    def inject(
        self,
        method: str,
        error: tuple[str, str] | None = None,
        *,
        path: str = "*",
        hang: bool = False,
        delay_s: float = 0.0,
        times: int | None = None,
    ) -> Injection:
        """Let calls fail (`Device1.Connect`, `Gatt*.ReadValue`, at objects like `path`) with an error's name and text.

        `hang`: let them never be answered. `times`: None for ever.
        """
        injection = Injection(method, path, error, hang, delay_s, times)
        self._injections.add(injection)
        return injection

    def mend(self, *injections: Injection) -> None:
        """No more of these, or of any; calls that hang go on hanging."""
        if not injections:
            self._injections.clear()
        for injection in injections:
            self._injections.remove(injection)

    def _unplug(self, radio: Radio) -> None:
        self._radios.remove(radio)
        if self._daemon is not None:
            self._daemon.miss(radio)
