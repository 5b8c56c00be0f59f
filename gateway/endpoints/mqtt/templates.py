"""Topics as an installer may write them: which can work, and which would run into each other. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import combinations

DEVICES_OWN = ("reading", "status", "birth", "result", "command")
"""Kinds that are about one device."""

GATEWAYS_OWN = ("gateway_status", "gateway_birth", "gateway_result", "gateway_command", "gap", "batch")
"""Kinds that are about the gateway, or many devices at once."""

DEFAULTS: Mapping[str, str] = {
    **dict.fromkeys(DEVICES_OWN, "{root}/{gateway}/{device}/{kind}"),
    **dict.fromkeys(GATEWAYS_OWN, "{root}/{gateway}/{kind}"),
}
"""By kind of message."""

PLACES = ("root", "gateway", "endpoint", "device", "kind")
"""What may stand in braces."""

RETAINED = ("status", "birth", "gateway_status", "gateway_birth")
"""Kinds whose last message the broker keeps."""

COMMANDS = ("command", "gateway_command")
"""Kinds that come."""

PLACE = re.compile(r"\{(\w*)\}")
MAX_CHARACTERS = 512
"""Of a template: topics of a few hundred bytes are what brokers allow (AWS IoT Core and Event Grid: 256)."""


def filled(template: str, values: Mapping[str, str]) -> str:
    """The template with what is known in its places; other places stay."""
    return PLACE.sub(lambda place: values.get(place[1], place[0]), template)


def kind_of(name: str) -> str:
    """What stands for {kind} in a template."""
    return name.removeprefix("gateway_")


def fault_of(name: str, template: str) -> str | None:
    """Why this template can't work, whatever the others are; None if it can."""
    places = PLACE.findall(template)
    unknown = next((place for place in places if place not in PLACES), None)
    bare = PLACE.sub("", template)
    if unknown is not None or set("{}") & set(bare):
        known = ", ".join(f"{{{place}}}" for place in PLACES)
        return f"{{{unknown}}} is none of {known}" if unknown else "a brace is left over: write {device}, {kind} ..."
    if not template or set("+#\0") & set(bare):
        return "a topic to publish on is not empty, and has no + and no #"
    if template.split("/", maxsplit=1)[0] in ("$SYS", "$share"):
        return "what begins with $SYS or $share is the broker's own: nobody may publish there"
    if not template.isprintable() or len(template) > MAX_CHARACTERS:
        return f"a topic has printable characters only, here at most {MAX_CHARACTERS}"
    if name in GATEWAYS_OWN and "device" in places:
        return "this is about the whole gateway, so that there is nothing to put for {device}"
    if name in DEVICES_OWN and name != "reading" and "device" not in places:
        return "without {device} nobody could tell whose it is"
    if name == "command" and [level for level in template.split("/") if "{device}" in level] != ["{device}"]:
        return "in command, {device} must be one level of its own, once: it is subscribed to as +"
    return None


def collision(root: str, templates: Mapping[str, str]) -> tuple[str, str, str] | None:
    """Two kinds that have one topic, however the devices are called, and what comes of it."""
    ours = {"root": root, "gateway": "{gateway}", "endpoint": "{endpoint}"}
    levels = {name: filled(text, {**ours, "kind": kind_of(name)}).split("/") for name, text in templates.items()}
    for one, other in combinations(RETAINED, 2):
        if _meet(levels[one], levels[other]):
            return one, other, "each would overwrite the other's retained state"
    heard = ["+" if level == "{device}" else level for level in levels["command"]]
    for command, subscribed in (("command", heard), ("gateway_command", levels["gateway_command"])):
        for other, published in levels.items():
            if other not in COMMANDS and _meet(subscribed, published):
                return command, other, "commands could not be told from it"
    same = _meet(levels["command"], levels["gateway_command"])
    return (*COMMANDS, "nobody could tell whom a command is for") if same else None


def _meet(one: list[str], other: list[str]) -> bool:
    """Whether two topics are the same: level by level, as no name has a slash."""
    return len(one) == len(other) and all(_equal(a, b) for a, b in zip(one, other, strict=True))


def _equal(one: str, other: str) -> bool:
    """Whether two levels are the same text, or may be with a device in both."""
    if "+" in (one, other):
        return True
    if not ("{device}" in one and "{device}" in other):
        return one == other
    first, second = one.split("{device}"), other.split("{device}")
    return _starts(first[0], second[0]) and _starts(first[-1][::-1], second[-1][::-1])


def _starts(one: str, other: str) -> bool:
    """Whether one begins with the other."""
    return one.startswith(other) or other.startswith(one)
