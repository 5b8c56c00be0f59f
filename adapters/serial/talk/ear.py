"""Everything that comes: answers go to who waits for them, all else to the device that says it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import NamedTuple

from adapters.serial.decode import Address, Heard, Router, Shape
from adapters.serial.framing.frame import Frame
from adapters.serial.patterns import Pattern

Tell = Callable[[Heard, int], None]
"""Takes what a device says, and when that came, in Unix milliseconds."""


class Answer(NamedTuple):
    """What was waited for: `heard` if it is a message, `groups` what it says by names; `refused`: it says no."""

    frame: Frame
    time_ms: int
    groups: Mapping[str, str]
    heard: Heard | None = None
    refused: bool = False


class Sought(NamedTuple):
    """What an answer looks like: an error, what is expected, or one of these messages.

    `address`: whose it is, where frames of the line say that.
    """

    address: Address | None
    error: Pattern | None = None
    expect: Pattern | None = None
    shapes: Sequence[Shape] = ()


class Ear:
    """Hears frames; at most one answer is awaited at a time. `addresses`: those of all devices of the line."""

    def __init__(self, router: Router, addresses: Collection[Address], tell: Tell) -> None:
        self._router = router
        self._addresses = addresses
        self._tell = tell
        self._sought: Sought | None = None
        self._came: asyncio.Future[Answer] | None = None
        self._dreaded: Sought | None = None
        self._came_late: Callable[[], None] = _nothing
        self.strange: Frame | None = None
        """The last that was no message of any device here."""
        self.answers = 0
        """Frames that were waited for."""
        self.late = 0
        """Answers that came after their time, and were dropped."""

    def __call__(self, frame: Frame, time_ms: int) -> None:
        """Take a frame."""
        if self._sought is not None and (answer := self._fits(self._sought, frame, time_ms)) is not None:
            self._sought = None
            self.answers += 1
            assert self._came is not None, "both are set together"
            if not self._came.done():
                self._came.set_result(answer)
        elif self._dreaded is not None and self._fits(self._dreaded, frame, time_ms) is not None:
            self.late += 1
            self._dreaded = None
            self._came_late()
        elif (heard := self._router.route(frame)) is not None:
            self._tell(heard, time_ms)
        else:
            self.strange = frame

    @property
    def waits(self) -> bool:
        """Whether an answer is awaited."""
        return self._sought is not None

    def seek(self, sought: Sought) -> asyncio.Future[Answer]:
        """The next frame that fits is an answer."""
        self._sought = sought
        self._came = asyncio.get_running_loop().create_future()
        return self._came

    def give_up(self) -> None:
        """No answer is waited for any more."""
        self._sought = self._came = None

    def dread(self, sought: Sought, came: Callable[[], None]) -> None:
        """The next frame that fits is too late: it is dropped, and `came` is told."""
        self._dreaded, self._came_late = sought, came

    def calm(self) -> None:
        """Nothing that comes is too late any more."""
        self._dreaded = None

    def as_message(self, answer: Answer, shapes: Sequence[Shape]) -> Answer:
        """The same, with what it says if it is one of these messages."""
        for shape in shapes:
            if (reading := shape.read(answer.frame)) is not None:
                heard = Heard(shape, reading, answer.frame)
                return answer._replace(heard=heard, groups=heard.groups)
        return answer

    def _fits(self, sought: Sought, frame: Frame, time_ms: int) -> Answer | None:
        is_own = True
        if sought.address is not None:
            address = self._router.address_of(frame)
            is_own = address == sought.address
            if not is_own and address in self._addresses:
                return None
        if sought.error is not None and (groups := sought.error.groups(frame.body)) is not None:
            return Answer(frame, time_ms, groups, refused=True)
        if sought.expect is not None:
            groups = sought.expect.groups(frame.body)
            return None if groups is None else Answer(frame, time_ms, groups)
        if not is_own:
            return None
        answer = self.as_message(Answer(frame, time_ms, {}), sought.shapes)
        return answer if answer.heard is not None else None


def _nothing() -> None:
    """Nobody waits for what is late."""
