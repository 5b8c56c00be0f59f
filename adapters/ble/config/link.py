"""A radio in the configuration. Pure."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import override

from adapters.ble.config.names import Bus, Radio
from gateway.adapter import LinkConfig, Period


class BleLink(LinkConfig):
    """One Bluetooth radio of this machine, served by BlueZ."""

    radio: Radio | None = Field(None, description="its address, or a name like hci0; else the only one there is")
    scan: Literal["active", "passive", "off"] = Field(
        "active",
        description="passive asks nothing of devices, but needs bluetoothd --experimental, and hears what does not "
        "change only once; off: only connections",
    )
    bus: Bus | None = Field(
        None, description="D-Bus address where BlueZ is, if not the system's: unix:path=/run/dbus/system_bus_socket"
    )
    silence: Period = Field(
        90.0,
        description="when nothing at all has been heard for so long, and something was before, the scan begins anew",
    )
    connections: Annotated[int, Field(ge=1, le=32)] = Field(3, description="to so many devices at once, at most")
    connect_timeout: Period = Field(20.0, description="for one try to connect, its services known")
    pause_scan: bool = Field(False, description="while connecting, for radios that can't do both")
    power_cycle: bool = Field(
        True, description="switch the radio off and on when nothing else helps and nothing is connected"
    )

    @property
    @override
    def exclusive(self) -> str | None:
        """Two who scan on one radio end each other's scans."""
        return f"bluetooth {self.radio or 'radio'}"
