"""What is said of a device's state, where that has changed."""

from __future__ import annotations

import time

from adapters.ble.items import Tell
from gateway.model import DeviceState, DeviceStatus, Sample


class Standing:
    """Of one device; nothing is said until something is known. `took` what comes of it, by what that is."""

    def __init__(self, name: str, emit: Tell) -> None:
        self.state = DeviceState.UNKNOWN
        self._name = name
        self._emit = emit
        self._said: tuple[DeviceState, str | None, str | None] = (DeviceState.UNKNOWN, None, None)
        self._since_ms = 0
        self._troubles: dict[object, tuple[str, str | None]] = {}

    @property
    def is_unheard(self) -> bool:
        """Whether it has not answered yet, or not since it was offline."""
        return self.state in {DeviceState.UNKNOWN, DeviceState.OFFLINE}

    def took(self, what: object, sample: Sample, detail: str | None = None) -> None:
        """It has told this, good or bad."""
        if sample.bad:
            self._troubles[what] = next(iter(sample.bad.values())).reason, detail
        else:
            self._troubles.pop(what, None)
        self.reached()

    def complain(self, what: object, reason: str, detail: str | None) -> None:
        """This can't be had of it."""
        self._troubles[what] = reason, detail

    def mend(self, what: object) -> None:
        """Nothing is wrong with this, as far as it is known."""
        self._troubles.pop(what, None)

    def reached(self) -> None:
        """It answers."""
        if self._troubles:
            self._say(DeviceState.DEGRADED, *next(iter(self._troubles.values())))
        else:
            self._say(DeviceState.ONLINE, None, None)

    def offline(self, reason: str, detail: str) -> None:
        """Nothing can be had of it."""
        self._say(DeviceState.OFFLINE, reason, detail)

    def _say(self, state: DeviceState, reason: str | None, detail: str | None) -> None:
        if (state, reason, detail) == self._said:
            return
        if state is not self.state:
            self._since_ms = time.time_ns() // 1_000_000
        self.state, self._said = state, (state, reason, detail)
        self._emit(DeviceStatus(self._name, state, self._since_ms, reason, detail))
