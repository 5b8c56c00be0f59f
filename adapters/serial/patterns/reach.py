"""How far a text goes along with a pattern that it does not fit. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from adapters.serial.patterns.automaton import Automaton, TooLarge
from adapters.serial.patterns.chars import LAST_BYTE, LAST_CHARACTER
from adapters.serial.patterns.parse import NotUnderstood, parse
from adapters.serial.patterns.pattern import Encoding

MAX_CHARACTERS = 4096
"""Of a text that is looked at; a line of instruments has a hundred."""


def reach(pattern: str, text: str, encoding: Encoding = "latin-1") -> int | None:
    """How many of its characters could begin a text that fits; None where that can not be told."""
    wide = encoding == "utf-8"
    if not pattern.startswith("^") or len(text) > MAX_CHARACTERS:
        return None
    try:
        automaton = Automaton(parse(pattern, wide=wide), LAST_CHARACTER if wide else LAST_BYTE)
    except (NotUnderstood, TooLarge):
        return None
    idle = _closed(automaton, {automaton.start}, at_begin=False)
    here = _closed(automaton, {automaton.start}, at_begin=True)
    for at, character in enumerate(text):
        here = _closed(automaton, _stepped(automaton, here, ord(character)), at_begin=False)
        if here <= idle:
            return at
    return len(text)


def _stepped(automaton: Automaton, here: Iterable[int], character: int) -> set[int]:
    return {
        target
        for state in here
        for ranges, target in automaton.states[state].steps
        if any(first <= character <= last for first, last in ranges)
    }


def _closed(automaton: Automaton, states: set[int], *, at_begin: bool) -> set[int]:
    """With all that is reached without a character."""
    closed, waiting = set(states), [*states]
    while waiting:
        state = automaton.states[waiting.pop()]
        for target in (*state.free, *(state.begin if at_begin else ())):
            if target not in closed:
                closed.add(target)
                waiting.append(target)
    return closed
