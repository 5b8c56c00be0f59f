"""How long a device, or one of its points, may be silent before that means something. Pure."""

from __future__ import annotations

from adapters.ble.config import BleDevice
from adapters.ble.heard.kept import Kept

SPORADIC = "sporadic"
"""Kept: 1 where the device has said that it speaks only when something happens."""

RARELY_S = 7200.0
"""Unless its device says otherwise, a point may be silent for so long once it was told, while the others are: Xiaomi's
thermometers tell a temperature each ten minutes, and how full their battery is each hour."""


class Silence:
    """Of one device; 0: for ever. What the configuration says goes before what the device says."""

    def __init__(self, device: BleDevice, kept: Kept, *, is_learned: bool) -> None:
        self._is_learned = is_learned
        self._after_s = device.stale_after_s
        self._is_given = "stale_after" in device.model_fields_set
        self._kept = kept
        self._is_sporadic = kept.get(SPORADIC) == 1

    def told(self, is_sporadic: bool | None) -> None:
        """What the device says of that; None: nothing."""
        if is_sporadic is not None and is_sporadic is not self._is_sporadic:
            self._is_sporadic = is_sporadic
            self._kept.keep(SPORADIC, int(is_sporadic))

    @property
    def after_s(self) -> float:
        """Of the device."""
        return 0.0 if self._is_sporadic and not self._is_given else self._after_s

    @property
    def unsaid_s(self) -> float:
        """Of a point that was not told since the radio began; one that was learned is told some time."""
        return self.rarely_s if self._is_learned else self.after_s

    @property
    def rarely_s(self) -> float:
        """Of a point that was told, while its device is heard."""
        return self.after_s if self._is_given or not self.after_s else max(self.after_s, RARELY_S)
