"""Failures that a test gives to calls: an error, a delay, no answer at all."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase

from adapters.ble.simulator.bluez.errors import Refusal


@dataclass(eq=False)
class Injection:
    """What befalls calls of `method` (`Device1.Connect`, `Gatt*.ReadValue`) at objects like `path`; `met` counts them.

    `times`: None for ever.
    """

    method: str
    path: str = "*"
    error: tuple[str, str] | None = None
    hang: bool = False
    delay_s: float = 0.0
    times: int | None = None
    met: int = 0

    def fits(self, method: str, path: str) -> bool:
        """Whether it befalls this call."""
        over = self.times is not None and self.met >= self.times
        return not over and fnmatchcase(method, self.method) and fnmatchcase(path, self.path)

    async def befall(self) -> None:
        """Return if the call is to go on; Refusal where it fails."""
        self.met += 1
        await asyncio.sleep(self.delay_s)
        if self.hang:
            await asyncio.Event().wait()
        if self.error is not None:
            raise Refusal(*self.error)


class Injections:
    """Those that are still to come; the first that fits is met."""

    def __init__(self) -> None:
        self._all: list[Injection] = []

    def __iter__(self) -> Iterator[Injection]:
        return iter(self._all)

    def add(self, injection: Injection) -> None:
        """From now on."""
        self._all.append(injection)

    def remove(self, injection: Injection) -> None:
        """No more of it."""
        self._all.remove(injection)

    def clear(self) -> None:
        """All is well again; calls that hang go on hanging."""
        self._all.clear()

    def find(self, method: str, path: str) -> Injection | None:
        """What is to befall this call."""
        return next((each for each in self._all if each.fits(method, path)), None)
