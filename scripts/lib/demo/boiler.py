"""A boiler that behaves like one."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

ROOM_C = 20.0
HEATING_S = 15.0
"""Time constant towards the setpoint: quick enough to be watched."""
COOLING_S = 60.0
"""Time constant towards the room."""
NOISE_C = 0.05
"""Standard deviation of the sensor."""
TOO_HOT_C = 75.0


@dataclass
class Boiler:
    """What a person sets, and what follows from it with a first-order lag."""

    noise: Callable[[float, float], float]
    """A draw from a normal distribution of this mean and deviation."""
    setpoint_c: float = 45.0
    pump: bool = True
    mode: str = "auto"
    water_c: float = 44.0

    @property
    def target_c(self) -> float:
        """Where the water is heading."""
        return self.setpoint_c if self.pump and self.mode != "off" else ROOM_C

    @property
    def sensor_c(self) -> float:
        """What the flow sensor says of the water."""
        return round(self.water_c + self.noise(0.0, NOISE_C), 2)

    @property
    def too_hot(self) -> bool:
        """The alarm contact."""
        return self.water_c > TOO_HOT_C

    def run(self, seconds: float) -> None:
        """Let time pass."""
        lag_s = HEATING_S if self.target_c > ROOM_C else COOLING_S
        self.water_c += (self.target_c - self.water_c) * (1 - math.exp(-seconds / lag_s))
