"""What is said and awaited, one step after the other: resolved once, at the start. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from adapters.serial.config import NamedBaudrate, TalkStep
from adapters.serial.config.talk import Said
from adapters.serial.patterns import Encoding
from adapters.serial.talk.expected import Expected
from gateway.model import Value
from gateway.template.send import HexSend
from gateway.template.template import Sealing, Template

CODE = "code"
"""The group of `error` that names the error."""


class Step(NamedTuple):
    """Something is sent and its answer awaited, or only one of both; or a pause, or another speed."""

    send: Template | None = None
    expect: Expected | None = None
    timeout_s: float = 0.0
    pause_s: float = 0.0
    baudrate: int | NamedBaudrate | None = None

    @property
    def talks(self) -> bool:
        """Whether it says or awaits anything."""
        return self.send is not None or self.expect is not None


class Script(NamedTuple):
    """Steps, and how the device refuses in any of them; `timeout_s` is for what follows the last."""

    steps: tuple[Step, ...]
    timeout_s: float
    error: Expected | None = None
    errors: Mapping[str, str] = {}

    @property
    def sends(self) -> tuple[Template, ...]:
        """All that is sent."""
        return tuple(step.send for step in self.steps if step.send is not None)

    @property
    def last(self) -> Step:
        """The last that says or awaits anything."""
        return next((step for step in reversed(self.steps) if step.talks), self.steps[-1])

    def refusal(self, groups: Mapping[str, str], said: str) -> str:
        """What the device says, for people."""
        code = groups.get(CODE)
        return f"the device says {said!r}" if code is None else self.errors.get(code, f"the device says error {code}")


class Ground(NamedTuple):
    """What is known before anything is said: the link's checksum, the device's own timeout and its address."""

    seal: Sealing | None
    timeout_s: float
    known: Mapping[str, Value]
    encoding: Encoding

    def expected(self, pattern: str | None) -> Expected | None:
        """What an answer looks like."""
        return None if pattern is None else Expected(pattern, self.known, self.encoding)

    def template(self, send: str | HexSend) -> Template:
        """What is sent."""
        return Template(send, self.seal)

    def script(self, said: Said) -> Script:
        """Of a poll, a write or a command."""
        timeout_s = said.timeout or self.timeout_s
        if said.sequence is not None:
            steps = list(self.steps(said.sequence, timeout_s))
            if said.expect is not None:
                steps.append(Step(expect=self.expected(said.expect), timeout_s=timeout_s))
        else:
            assert said.send is not None, "the configuration sees to that"
            steps = [Step(self.template(said.send), self.expected(said.expect), timeout_s)]
        return Script(tuple(steps), timeout_s, self.expected(said.error), said.errors)

    def steps(self, sequence: Iterable[TalkStep], timeout_s: float) -> Iterable[Step]:
        """Of a sequence."""
        for step in sequence:
            yield Step(
                None if step.send is None else self.template(step.send),
                self.expected(step.expect),
                step.timeout or timeout_s,
                step.pause or 0.0,
                step.baudrate,
            )
