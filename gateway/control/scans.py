"""A scan as it goes on: how far it is, as JSON Lines, and at last what came of it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from gateway.adapter import Progress
from gateway.control import answers
from gateway.control.asking import encoded
from gateway.control.errors import unknown
from gateway.control.house import House
from gateway.control.streams import Chunks
from gateway.model import Result


class Course:
    """What has been told since the last look: the first, which says how long it takes, the newest, and all found."""

    def __init__(self) -> None:
        self.changed = asyncio.Event()
        self._told: list[Progress] = []

    def tell(self, progress: Progress) -> None:
        """A `Tell`."""
        if self._told and self._told[-1].done:
            before = self._told.pop()
            progress = progress._replace(found=before.found + progress.found, notes=before.notes + progress.notes)
        self._told.append(progress)
        self.changed.set()

    def take(self) -> bytes:
        """As lines; nothing if nothing new was told."""
        told, self._told = self._told, []
        self.changed.clear()
        return b"".join(map(answers.progress, told))


async def scan(house: House, link: str, options: Mapping[str, Any], user: str, command: str) -> Chunks:
    """Who does not wait for the end ends it."""
    if link not in house.links:
        raise unknown("link", link)
    course = Course()
    body = encoded({"id": command, "invoke": "scan", "args": {"link": link, "options": options}})
    work = asyncio.ensure_future(house.scan(link, command, body, user, course.tell))
    try:
        yield b""
        while not work.done():
            if line := await _next(course, work):
                yield line
        if line := course.take():
            yield line
        yield answers.encode(answers.result(command, "", work.result())) + b"\n"
    finally:
        work.cancel()


async def _next(course: Course, work: asyncio.Future[Result]) -> bytes:
    told = asyncio.ensure_future(course.changed.wait())
    waits: set[asyncio.Future[Any]] = {told, work}
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        told.cancel()
    return course.take()
