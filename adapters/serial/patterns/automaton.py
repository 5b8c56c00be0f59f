"""From a pattern's tree to states and ways between them (Thompson, Regular Expression Search Algorithm, 1968). Pure."""

from __future__ import annotations

from typing import NamedTuple

from adapters.serial.patterns.chars import Ranges, others
from adapters.serial.patterns.tree import Chars, Choice, Group, Mark, Node, Repeat, Series

MAX_STATES = 5000
"""Of one pattern; repeats of repeats can make any number. A line of instruments has about a hundred."""


class TooLarge(Exception):
    """It would have more states than there is time to go through."""


class State(NamedTuple):
    """`steps`: on a character of these to that state; `free`: without any; `begin` and `end`: at the text's."""

    steps: list[tuple[Ranges, int]]
    free: list[int]
    begin: list[int]
    end: list[int]


class Automaton:
    """All texts in which a pattern is found lead from `start` to `accept`; raises TooLarge."""

    def __init__(self, tree: Node, last: int) -> None:
        self.states: list[State] = []
        everything = others((), last)
        self.start = self._state()
        self.accept = self._state()
        self.states[self.start].steps.append((everything, self.start))
        self.states[self.accept].steps.append((everything, self.accept))
        begin = self._state()
        self.states[self.start].free.append(begin)
        self.states[self._add(tree, begin)].free.append(self.accept)

    def _state(self) -> int:
        if len(self.states) >= MAX_STATES:
            raise TooLarge
        self.states.append(State([], [], [], []))
        return len(self.states) - 1

    def _add(self, node: Node, start: int) -> int:
        """The state in which a text ends that fits the node and began in `start`."""
        if isinstance(node, Series):
            for part in node.parts:
                start = self._add(part, start)
            return start
        if isinstance(node, Group):
            return self._add(node.part, start)
        if isinstance(node, Choice):
            return self._choice(node, start)
        if isinstance(node, Repeat):
            return self._repeat(node, start)
        end = self._state()
        if isinstance(node, Chars):
            self.states[start].steps.append((node.ranges, end))
        else:
            self._ways(node, start).append(end)
        return end

    def _ways(self, mark: Mark, start: int) -> list[int]:
        """A place that depends on its neighbours is taken for any: what is found must be tried then."""
        state = self.states[start]
        return {"begin": state.begin, "end": state.end, "other": state.free}[mark.kind]

    def _choice(self, node: Choice, start: int) -> int:
        end = self._state()
        for part in node.parts:
            begin = self._state()
            self.states[start].free.append(begin)
            self.states[self._add(part, begin)].free.append(end)
        return end

    def _repeat(self, node: Repeat, start: int) -> int:
        for _ in range(node.least):
            start = self._add(node.part, start)
        if node.most is None:
            loop = self._state()
            self.states[start].free.append(loop)
            self.states[self._add(node.part, loop)].free.append(loop)
            return loop
        end = self._state()
        for _ in range(node.most - node.least):
            self.states[start].free.append(end)
            start = self._add(node.part, start)
        self.states[start].free.append(end)
        return end
