"""Numbers in place of topics on one connection (MQTT 5, 3.3.2.3.4). Pure."""

from __future__ import annotations

import struct

MAX_ALIASES = 1024
"""Used at most, whatever the broker allows: each is kept in its memory, too."""

SEEN_LIMIT = 10_000
"""Topics remembered that were used once."""

LENGTH = struct.Struct(">H")

NO_TOPIC = b"\0\0"
"""An empty one (MQTT 5, 3.3.2.1): the alias stands for it."""

ALIAS = struct.Struct(">BH")
TOPIC_ALIAS = 0x23
"""The property (MQTT 5, 3.3.2.3.4)."""


class Aliases:
    """A topic gets a number when it is used for the second time, as long as there are some; it keeps it to the end.

    What is said once on each connection, births and states, so takes none; and where there are more topics than
    numbers none is taken away, as topics that come in turn would each lose theirs before it served.
    """

    def __init__(self, most: int) -> None:
        self._left = range(1, min(most, MAX_ALIASES) + 1)
        self._seen: set[str] = set()
        self._numbers: dict[str, int] = {}
        self._known: dict[str, bytes] = {}
        """The property, by topics whose number the broker has been told."""

    def named(self, topic: str) -> tuple[bytes, bytes]:
        """The topic with its length, and the property that goes with it; either may be empty."""
        alias = self._known.get(topic)
        if alias is not None:
            return NO_TOPIC, alias
        name = topic.encode()
        return LENGTH.pack(len(name)) + name, self._told(topic)

    def doubt(self) -> None:
        """The broker has refused a publish, perhaps before it learned a number from it: it is told all of them anew."""
        self._known.clear()

    def _told(self, topic: str) -> bytes:
        number = self._numbers.get(topic)
        if number is None:
            if not self._left:
                return b""
            if topic not in self._seen:
                if len(self._seen) < SEEN_LIMIT:
                    self._seen.add(topic)
                return b""
            self._seen.discard(topic)
            number = self._numbers[topic] = self._left[0]
            self._left = self._left[1:]
        alias = self._known[topic] = ALIAS.pack(TOPIC_ALIAS, number)
        return alias
