"""What of a configuration can't work, in a sentence. Pure."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable
from typing import NamedTuple

from adapters.serial.config.device import ONLY

MOST_LISTED = 12
"""More names are no hint."""


class Complaint(NamedTuple):
    """What is so and what to do.

    `path` leads to what it is about, from the device's entry on or, without `device`, from the link's.
    """

    text: str
    path: tuple[str, ...] = ()
    device: str | None = None


def within(message: str, *path: str) -> tuple[str, ...]:
    """The path to what a message says of itself."""
    return path if message == ONLY else ("messages", message, *path)


def called(name: str, message: str) -> str:
    """A message of a device, for people."""
    return name if message == ONLY else f"{message} of {name}"


def near(word: str, known: Iterable[str]) -> str:
    """A hint at what was meant, or at what there is."""
    names = list(known)
    if found := difflib.get_close_matches(word, names, n=1):
        return f"did you mean {found[0]}?"
    return f"there is {listed(names)}" if names else "there is none"


def listed(names: Collection[str]) -> str:
    """The first of them."""
    shown = [*names][:MOST_LISTED]
    return ", ".join(shown) + (", ..." if len(names) > MOST_LISTED else "")
