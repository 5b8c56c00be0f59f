"""What is told of a device. Pure."""

from __future__ import annotations

from collections.abc import Callable

from gateway.model import DeviceStatus, Notice, Relearned, Sample

Item = Sample | DeviceStatus | Notice | Relearned

Tell = Callable[[Item], None]
"""Takes it without ever waiting."""
