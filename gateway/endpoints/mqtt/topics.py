"""Where each kind of message goes. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from gateway.endpoints.contract import Message
from gateway.endpoints.mqtt.templates import COMMANDS, DEFAULTS, filled, kind_of

SHARED_KINDS = frozenset({"gap"})
"""Kinds that have one topic for the whole gateway, whatever device they are about."""

READING, TOGETHER = "reading", ""

KNOWN_LIMIT = 10_000
"""Topics kept as text: anybody may address devices that do not exist."""

LONGEST_ID = "x" * 64
"""As long as the name of a device can be."""


class Topics:
    """The topics of one endpoint of one gateway; `templates` by kind, where they are not the default ones."""

    def __init__(
        self,
        root: str,
        gateway: str,
        reply_prefix: str | None = None,
        *,
        endpoint: str = "",
        templates: Mapping[str, str] | None = None,
    ) -> None:
        prefixes = (root, reply_prefix) if reply_prefix else (root,)
        self._reply_prefixes = tuple(f"{prefix.removesuffix('/')}/" for prefix in prefixes)
        whole = {**DEFAULTS, **(templates or {})}
        ours = {"root": root, "gateway": gateway, "endpoint": endpoint}
        self._templates = {name: filled(text, {**ours, "kind": kind_of(name)}) for name, text in whole.items()}
        self._known: dict[tuple[str, str], str] = {}
        self._own_command = self._templates["gateway_command"]
        self._command = re.compile(_pattern(self._templates["command"]))
        everyones = (filled(whole[name], {"root": root, "kind": "command"}) for name in COMMANDS)
        self._commands = re.compile("|".join((*map(_pattern, everyones), r".*/command")), re.DOTALL)
        self.batch = self._templates["batch"]
        """Readings of any device, in one array."""

    def of(self, kind: str, device: str) -> str:
        """Where this goes; `device` is empty for the gateway's own.

        A result to one that does not exist goes where the gateway's go if it would be taken for a command.
        """
        topic = self._known.get((kind, device))
        if topic is None:
            if len(self._known) >= KNOWN_LIMIT:
                self._known.clear()
            name = kind if device or kind in SHARED_KINDS else f"gateway_{kind}"
            topic = filled(self._templates[name], {"device": device})
            if kind == "result" and self.device_of(topic) is not None:
                topic = self._templates["gateway_result"]
            self._known[kind, device] = topic
        return topic

    def clash(self, devices: Iterable[str]) -> str | None:
        """Why these names of devices don't go with these topics, in a sentence; None if they do."""
        owners: dict[str, str] = {}
        for device in ("", *devices):
            for kind in ("status", "birth", "command"):
                topic, whose = self.of(kind, device), f"{kind} of {device or 'the gateway'}"
                other = owners.setdefault(topic, whose)
                if other != whose or (kind != "command" and self.device_of(topic) is not None):
                    return f"{topic} would be the topic of {whose}, and of another: choose other topics, or other names"
            if device and self.device_of(self.of("reading", device)) is not None:
                return f"readings of {device} would be taken for commands: choose other topics, or another name for it"
        return None

    def group_of(self, message: Message) -> str | None:
        """Readings of all devices travel together."""
        return TOGETHER if message.kind == READING else None

    def behind(self, message: Message) -> str | None:  # noqa: ARG002 -- the same for all
        """What was read before it goes before it."""
        return TOGETHER

    def alone(self, message: Message) -> str:
        """Where this goes."""
        return self.of(message.kind, message.device)

    def together(self, group: str, payload: bytes) -> str:  # noqa: ARG002 -- there is one for all
        """Where readings go that travel together."""
        return self.batch

    @property
    def command_filters(self) -> tuple[str, str]:
        """What to subscribe to: every device's commands and the gateway's own."""
        return filled(self._templates["command"], {"device": "+"}), self._own_command

    def commands_of(self, devices: Iterable[str]) -> tuple[str, ...]:
        """What to subscribe to where the broker knows no wildcards."""
        return (*(self.of("command", device) for device in devices), self._own_command)

    def device_of(self, topic: str) -> str | None:
        """The device a command topic names, empty for the gateway's own; None if it is no command topic."""
        if topic == self._own_command:
            return ""
        match = self._command.fullmatch(topic)
        return match[1] if match is not None else None

    def may_reply_to(self, topic: str) -> bool:
        """Whether a response topic is one topic, below the root or the configured prefix, and nobody's commands."""
        is_one = not set("+#\0") & set(topic) and self._commands.fullmatch(topic) is None
        return is_one and topic.startswith(self._reply_prefixes)

    @property
    def longest_bytes(self) -> int:
        """Of the longest topic that anything goes to."""
        return max(len(filled(text, {"device": LONGEST_ID}).encode()) for text in self._templates.values())


def _pattern(template: str) -> str:
    """What matches it, whoever may stand in its places."""
    return "([^/]+)".join(re.escape(part) for part in re.split(r"\{\w+\}", template))
