"""What a far end wants otherwise than configured: what is granted of it, how it is kept, and who heeds it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

import msgspec
import structlog

from gateway import log as logging_setup
from gateway.endpoints.contract import Memory
from gateway.model import Wishes

KEPT, OF = "wishes", "wishes_of"
"""In an endpoint's memory: what is wanted; the type of the endpoint that has heard it."""

LONGEST_INTERVAL_S = 86_400.0
"""Whoever wants still less of a device wants nothing of it, which is for the configuration to say."""

log = structlog.get_logger("fieldgate.wishes")

Heed = Callable[[Wishes], None]


class Wished:
    """Of one endpoint. Kept as wished, and weighed at each start: by then the configuration may have changed.

    Where an endpoint of that name has become one of another type, nobody could take back what was wished there: that
    is over. `devices`: those that it is told of; `may_command`: whether the configuration takes commands from it.
    """

    def __init__(
        self, endpoint: str, type_: str, memory: Memory, devices: Collection[str], *, may_command: bool
    ) -> None:
        self._endpoint = endpoint
        self._type = type_
        self._memory = memory
        self._devices = devices
        self._may_command = may_command
        self._heeds: list[Heed] = []
        self._wishes = _kept(memory) if memory.get(OF) == type_ else Wishes()
        self.granted, self._refused = self._weighed(self._wishes)

    def wish(self, wishes: Wishes) -> Mapping[str, str]:
        """All that is wanted from now on; what is not granted of it, and why."""
        if wishes != self._wishes:
            self._wishes = wishes
            self.granted, self._refused = self._weighed(wishes)
            self._memory[KEPT], self._memory[OF] = msgspec.to_builtins(wishes), self._type
            log.info("wishes", endpoint=self._endpoint, granted=self.facts(), refused=self._refused or None)
            for heed in self._heeds:
                heed(self.granted)
        return self._refused

    def heeded_by(self, heed: Heed) -> None:
        """Tell it what is granted, now and whenever that changes."""
        self._heeds.append(heed)
        heed(self.granted)

    def facts(self) -> dict[str, Any]:
        """What is granted, as JSON values; empty if all is as configured."""
        facts: dict[str, Any] = msgspec.to_builtins(self.granted)
        return facts

    def _weighed(self, wishes: Wishes) -> tuple[Wishes, dict[str, str]]:
        refused = dict(self._amiss(wishes))
        granted = Wishes(
            {name: every_s for name, every_s in wishes.interval_s.items() if _interval(name) not in refused},
            None if "level" in refused else wishes.level,
            None if "commands" in refused else wishes.commands,
        )
        return granted, refused

    def _amiss(self, wishes: Wishes) -> Iterator[tuple[str, str]]:
        for device, every_s in wishes.interval_s.items():
            if device and device not in self._devices:
                yield _interval(device), f"there is no device {device}"
            elif not 0 <= every_s <= LONGEST_INTERVAL_S:
                yield _interval(device), "an interval is at most 1d"
        if wishes.level is not None and wishes.level not in logging_setup.LEVELS:
            yield "level", f"level must be one of {', '.join(logging_setup.LEVELS)}"
        if wishes.commands and not self._may_command:
            yield "commands", f"the configuration takes no commands from here (endpoints.{self._endpoint}.commands)"


class LogLevel:
    """The process's: what the far ends want, the most detailed if there are several, else as configured."""

    def __init__(self, configured: str) -> None:
        self._configured = configured
        self._wished: dict[str, str] = {}

    def wish(self, endpoint: str, wishes: Wishes) -> None:
        """Of one endpoint."""
        self._wished.pop(endpoint, None)
        if wishes.level is not None:
            self._wished[endpoint] = wishes.level
        wished = [level for level in logging_setup.LEVELS if level in self._wished.values()]
        logging_setup.set_level(wished[0] if wished else self._configured)


def _interval(device: str) -> str:
    """What this wish is called."""
    return f"interval_s.{device}" if device else "interval_s"


def _kept(memory: Memory) -> Wishes:
    """Of the last connection, maybe of a process before; what can't be read is told again by the next one."""
    try:
        return msgspec.convert(memory.get(KEPT, {}), Wishes)
    except msgspec.ValidationError:
        return Wishes()
