"""Where something is served in a link's place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from typing_extensions import override

from adapters.serial.config import SerialLink
from adapters.serial.simulator.place import Place
from adapters.serial.simulator.serving import At
from gateway.adapter import Simulation as Contract


class Served(Contract):
    """At the place of a link."""

    def __init__(self, link: SerialLink, place: Place, at: At) -> None:
        self._link = link
        self._place = place
        self._at = at

    @property
    def port(self) -> int:
        """Where it listens; of use when the port was 0."""
        return self._at.port

    @property
    def path(self) -> str:
        """The pseudo terminal."""
        return self._at.path

    @property
    @override
    def place(self) -> str:
        return self._at.path or f"tcp://{self._at.host}:{self._at.port}"

    @property
    @override
    def settings(self) -> Mapping[str, Any]:
        return self._place.settings(self._link, self._at.port, self._at.path)
