"""Where something is served in a link's place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from typing_extensions import override

from adapters.serial.config import SerialLink
from adapters.serial.simulator.place import TCP, Place
from gateway.ports import serving
from gateway.ports.serving import At


class Served(serving.Served):
    """At the place of a link."""

    def __init__(self, link: SerialLink, place: Place, at: At) -> None:
        super().__init__(at)
        self._link = link
        self._place = place

    @property
    @override
    def place(self) -> str:
        return self._at.path or f"{TCP}{self._at.host}:{self._at.port}"

    @property
    @override
    def settings(self) -> Mapping[str, Any]:
        return self._place.settings(self._link, self._at.port, self._at.path)
