"""Who scans on an adapter, and with which filter: the sessions of Adapter1's discovery."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from adapters.ble.simulator.bluez.report import Report

STEP_DB: Final = 8
"""Changes of strength that are told when a scan has no filter (BlueZ 5.66, RSSI_THRESHOLD of src/device.c)."""
NO_RSSI: Final = -128


class Filter(NamedTuple):
    """What a session wants to hear; `duplicates` wants data told again that are not new."""

    uuids: frozenset[str] = frozenset()
    rssi: int = NO_RSSI
    duplicates: bool = False

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Filter:
        """From SetDiscoveryFilter's argument, its variants unpacked."""
        return cls(
            uuids=frozenset(str(uuid).lower() for uuid in given.get("UUIDs", ())),
            rssi=int(given.get("RSSI", NO_RSSI)),
            duplicates=bool(given.get("DuplicateData", False)),
        )

    def lets(self, report: Report) -> bool:
        """Whether this is to be heard."""
        if report.rssi < self.rssi:
            return False
        return not self.uuids or not self.uuids.isdisjoint(report.uuids)


class Discovery:
    """The sessions by their client's name on the bus. A filter is kept for a client also while it does not scan."""

    def __init__(self) -> None:
        self._sessions: dict[str, Filter | None] = {}
        self._filters: dict[str, Filter] = {}
        self.fresh = False
        self.step_db = STEP_DB

    def __bool__(self) -> bool:
        return bool(self._sessions)

    def __contains__(self, client: object) -> bool:
        return client in self._sessions

    def choose(self, client: str, chosen: Filter | None) -> None:
        """A client's filter, for its session and those to come; None is none."""
        if chosen is None:
            self._filters.pop(client, None)
        else:
            self._filters[client] = chosen
        if client in self._sessions:
            self._sessions[client] = chosen
        self._work_out()

    def start(self, client: str) -> None:
        """A session with the client's filter."""
        self._sessions[client] = self._filters.get(client)
        self._work_out()

    def stop(self, client: str) -> None:
        """Its end."""
        self._sessions.pop(client, None)
        self._work_out()

    def clear(self) -> None:
        """End all."""
        self._sessions.clear()
        self._work_out()

    def lets(self, report: Report) -> bool:
        """Whether somebody is to hear this."""
        return any(each is None or each.lets(report) for each in self._sessions.values())

    def _work_out(self) -> None:
        filters = self._sessions.values()
        self.fresh = any(each is not None and each.duplicates for each in filters)
        self.step_db = STEP_DB if not self._sessions or None in filters else 0
