"""How what is found out of a device is handed over. Pure."""

from __future__ import annotations

from collections.abc import Callable

from gateway.model import DeviceStatus, Notice, Sample

Report = Callable[[Sample | DeviceStatus | Notice], None]
"""Takes it without ever waiting."""
