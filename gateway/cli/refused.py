"""How a verb ends that can't do what it was asked for."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable

from gateway.cli import show
from gateway.cli.exits import Exit


class Refused(Exception):
    """A verb can't do what it was asked for: the exit code, after the sentence was told."""

    def __init__(self, code: Exit, sentence: str | None = None) -> None:
        super().__init__(sentence)
        self.code = code
        if sentence is not None:
            show.problem(sentence)


def must_be_known(what: str, word: str, known: Collection[str]) -> None:
    """Raises Refused, with `what` is unknown (`no device`)."""
    if word not in known:
        raise Refused(Exit.USAGE, f"{what} '{word}' - {hint(word, known)}")


def hint(word: str, known: Iterable[str]) -> str:
    """What may be meant instead of an unknown word."""
    names = list(known)
    near = difflib.get_close_matches(word, names, n=1)
    if near:
        return f"did you mean '{near[0]}'?"
    return f"there are {', '.join(names)}" if names else "there is none"
