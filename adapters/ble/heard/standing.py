"""What state a device is in that is heard, or is not any more, and why. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from adapters.ble.decoders.contract import Refused
from adapters.ble.heard.silence import Silence
from gateway.model import Bad, BadReason, DeviceState, DeviceStatus, Value
from gateway.units import format_duration

SETTLE_S = 10.0
"""A degraded device is online again after so long without trouble: some packets may be good, and others not."""

MAX_MODELS = 3
"""A tag may speak as several things, one after the other; who changes all the time is not worth a status each."""

DEAF = (
    "the radio hears nobody at all any more, though its scan was begun anew: it may need to be switched off and on "
    "(`bluetoothctl power off` and `power on`), or to be plugged in again"
)

SILENT = "silent"
"""The reason why a device is offline that was not heard."""


class Why(NamedTuple):
    """A state, a word for machines and a sentence for people."""

    state: DeviceState
    reason: str | None = None
    detail: str | None = None


class Standing:
    """One device's."""

    def __init__(self, name: str, silence: Silence, hint: str) -> None:
        self._name = name
        self._silence = silence
        self._hint = hint
        self._why = Why(DeviceState.UNKNOWN)
        self._models: list[str] = []
        self._since_ms = 0
        self._refused: tuple[Refused, float] | None = None
        self._bad: dict[str, Bad] = {}
        self._troubled_s = float("-inf")

    @property
    def is_heard(self) -> bool:
        """Whether it was, and has not been silent since."""
        return self._why.state in {DeviceState.ONLINE, DeviceState.DEGRADED}

    def told(self, model: str | None) -> None:
        """Its packet says something, and what it is, where that was not configured."""
        self._refused = None
        if model is not None and model not in self._models and len(self._models) < MAX_MODELS:
            self._models.append(model)

    def refused(self, refused: Refused, now_s: float) -> None:
        """Its packet does not; for one reason at a time."""
        held = self._refused
        if held is None or held[0].why == refused.why or now_s - held[1] >= SETTLE_S:
            self._refused = (refused, now_s)
        self._troubled_s = now_s

    def points(self, found: Mapping[str, Value | Bad]) -> None:
        """This is so of its points from now on."""
        for name, new in found.items():
            if isinstance(new, Bad):
                self._bad[name] = new
            else:
                self._bad.pop(name, None)

    def back(self) -> None:
        """It is heard after a silence: what was missed then is over, and not everything comes at once."""
        self._bad.clear()

    def heard(self, time_ms: int, now_s: float) -> DeviceStatus | None:
        """It is there; its new state, if it is one."""
        return self._turn(self._judge(now_s), time_ms)

    def unknown(self, time_ms: int) -> DeviceStatus | None:
        """The radio has begun, and whoever may be silent was not heard yet: what was said of him before is over."""
        return None if self.is_heard else DeviceStatus(self._name, DeviceState.UNKNOWN, time_ms)

    def settled(self, time_ms: int, now_s: float) -> DeviceStatus | None:
        """Some time has passed while it is there."""
        return self._turn(self._judge(now_s), time_ms) if self.is_heard else None

    def unheard(self, time_ms: int) -> DeviceStatus | None:
        """Nobody is heard: that it says nothing says nothing of itself."""
        return self._turn(Why(DeviceState.DEGRADED, SILENT, DEAF), time_ms) if self.is_heard else None

    def silent(self, time_ms: int, *, is_alone: bool = True) -> DeviceStatus | None:
        """It is not heard for too long; others are, or it is not `is_alone`."""
        after = format_duration(self._silence.after_s)
        never = self._why.state is DeviceState.UNKNOWN
        text = f"never heard in the {after} since the radio began" if never else f"not heard for {after}"
        self._refused = None
        return self._turn(Why(DeviceState.OFFLINE, SILENT, f"{text}: {self._hint if is_alone else DEAF}"), time_ms)

    def _judge(self, now_s: float) -> Why:
        if self._refused is not None:
            refused = self._refused[0]
            return Why(DeviceState.DEGRADED, refused.why.value, refused.text)
        if self._bad:
            self._troubled_s = now_s
            return self._of_points()
        if self._why.state is DeviceState.DEGRADED and now_s - self._troubled_s < SETTLE_S:
            return self._why
        return Why(DeviceState.ONLINE, None, f"known as {', '.join(self._models)}" if self._models else None)

    def _of_points(self) -> Why:
        reason = next(iter(self._bad.values())).reason
        names = [name for name, bad in self._bad.items() if bad.reason is reason]
        some = ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")
        after = format_duration(self._silence.after_s)
        detail = f"{some}: not told for {after} or longer" if reason is BadReason.STALE else None
        return Why(DeviceState.DEGRADED, reason.value, detail)

    def _turn(self, why: Why, time_ms: int) -> DeviceStatus | None:
        if why == self._why:
            return None
        if why.state is not self._why.state:
            self._since_ms = time_ms
        self._why = why
        return DeviceStatus(self._name, why.state, self._since_ms, why.reason, why.detail)
