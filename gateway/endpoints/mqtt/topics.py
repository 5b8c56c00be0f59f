"""Where each kind of message goes. Pure."""

from __future__ import annotations

SHARED_KINDS = frozenset({"gap"})
"""Kinds that have one topic for the whole gateway, whatever device they are about."""

KNOWN_LIMIT = 10_000
"""Topics kept as text: anybody may address devices that do not exist."""


class Topics:
    """The topics of one gateway under one root."""

    def __init__(self, root: str, gateway: str, reply_prefix: str | None = None) -> None:
        prefixes = (root, reply_prefix) if reply_prefix else (root,)
        self._reply_prefixes = tuple(f"{prefix.removesuffix('/')}/" for prefix in prefixes)
        self._base = f"{root}/{gateway}"
        self._known: dict[tuple[str, str], str] = {}
        self.batch = f"{self._base}/batch"
        """Readings of any device, in one array."""

    def of(self, kind: str, device: str) -> str:
        """`{root}/{gateway}[/{device}]/{kind}`; `device` is empty for the gateway's own."""
        topic = self._known.get((kind, device))
        if topic is None:
            if len(self._known) >= KNOWN_LIMIT:
                self._known.clear()
            middle = f"/{device}" if device and kind not in SHARED_KINDS else ""
            topic = self._known[kind, device] = f"{self._base}{middle}/{kind}"
        return topic

    @property
    def command_filters(self) -> tuple[str, str]:
        """What to subscribe to: every device's commands and the gateway's own."""
        return f"{self._base}/+/command", f"{self._base}/command"

    def device_of(self, topic: str) -> str | None:
        """The device a command topic names, empty for the gateway's own; None if it is no command topic."""
        if topic == self.command_filters[1]:
            return ""
        head, _, tail = topic.removeprefix(self._base + "/").partition("/")
        return head if tail == "command" and head and topic.startswith(self._base + "/") else None

    def may_reply_to(self, topic: str) -> bool:
        """Whether a response topic is one topic, below the root or the configured prefix, and nobody's commands."""
        is_one = not set("+#\0") & set(topic) and not topic.endswith("/command")
        return is_one and topic.startswith(self._reply_prefixes)
