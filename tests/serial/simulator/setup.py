"""Links and devices as an installer writes them, and a gateway that speaks to them in bytes."""

from collections.abc import Mapping
from typing import Any

from adapters.serial.config import SerialDevice, SerialLink
from adapters.serial.simulator.chain import Chain


def link_of(**settings: Any) -> SerialLink:
    return SerialLink.model_validate({"adapter": "serial", "port": "/dev/nowhere"} | settings)


def device_of(**settings: Any) -> SerialDevice:
    return SerialDevice.model_validate({"link": "line"} | settings)


class Gateway:
    """Says bytes to a chain of devices, and hears what goes on the wire."""

    def __init__(self, link: SerialLink, devices: Mapping[str, SerialDevice]) -> None:
        self.chain = Chain(link, devices)
        self._ear = self.chain.ear()

    def ask(self, data: bytes) -> list[bytes]:
        """What comes back, without its time."""
        heard = [*self._ear.hear(data), *self._ear.silence()]
        return [b"".join(said.pieces) for each in heard for said in self.chain.react(each).said]

    def pauses(self, data: bytes) -> list[float]:
        """When what comes back comes, in seconds."""
        return [said.after_s for each in self._ear.hear(data) for said in self.chain.react(each).said]

    def listen(self) -> list[bytes]:
        """What devices say by themselves."""
        return [b"".join(said.pieces) for said in self.chain.unasked()]

    def get(self, device: str = "d") -> dict[str, Any]:
        """What the points of a device are worth."""
        unit = self.chain.units[device]
        return {point: unit.get(point) for point in unit.device.points}

    def set(self, **values: Any) -> None:
        """Let points of device d be worth this."""
        for point, value in values.items():
            self.chain.units["d"].put(point, value)


def gateway(link: Mapping[str, Any] | None = None, **device: Any) -> Gateway:
    """To one device, d."""
    return Gateway(link_of(**(link or {})), {"d": device_of(**device)})
