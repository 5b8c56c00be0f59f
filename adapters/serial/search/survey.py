"""What is said on a port, at one setting after the other, until it makes sense. Listens, never says a word."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from adapters.serial.config import SerialLink
from adapters.serial.search.course import Course
from adapters.serial.search.ear import Ear
from adapters.serial.search.guess import CERTAIN, Guess, guess
from adapters.serial.search.heard import Heard
from adapters.serial.search.report import NOBODY, NOTHING_SENSIBLE, ONE_SPEED, USB_SPEED, told
from adapters.serial.search.scope import Scope, scope_of
from adapters.serial.search.setting import Setting
from gateway.adapter import AdapterError, Rejected, Tell
from gateway.ports import is_local, kind_of
from gateway.ports.connect import connect

LOOK_S = 0.5
"""How often what has come so far is judged: that takes up to 0.1 s on a small box."""
PSEUDO = "/dev/pts/"
"""Pseudo terminals have no wire, and no speed (pty(7))."""
USB_CHIPS = "/dev/ttyACM"
"""Devices that are USB themselves: what they do about the speed is their own affair."""

Opened = Callable[[Setting], Any]
"""Gives a context in which an Ear listens at a setting."""


async def survey(link: SerialLink, options: Mapping[str, Any], tell: Tell) -> list[dict[str, Any]]:
    """All settings that were tried, the likeliest first; raises Rejected."""
    real = _real(link.port)
    can_be_set = kind_of(link.port) != "tcp" and not real.startswith(PSEUDO)
    scope = scope_of(options, can_be_set=can_be_set, own=setting_of(link))
    notes = (ONE_SPEED,) if not can_be_set else (USB_SPEED,) if real.startswith(USB_CHIPS) else ()
    course = Course(tell, scope, notes)

    @asynccontextmanager
    async def opened(setting: Setting) -> AsyncIterator[Ear]:
        ear = Ear()
        port = await connect(link.port, _set_to(link, setting), link.connect_timeout, lambda: ear)
        try:
            yield ear
        finally:
            port.abort()
            await ear.over.wait()

    return [told(each) for each in await _search(opened, scope, course)]


async def overheard(link: SerialLink, options: Mapping[str, Any], tell: Tell, ear: Ear) -> list[dict[str, Any]]:
    """The same at the link's own settings, where somebody else hands over what comes; raises Rejected."""
    scope = scope_of({**options, "as_set": True}, can_be_set=True, own=setting_of(link))

    @asynccontextmanager
    async def opened(_setting: Setting) -> AsyncIterator[Ear]:
        yield ear

    return [told(each) for each in await _search(opened, scope, Course(tell, scope))]


async def _search(opened: Opened, scope: Scope, course: Course) -> list[Guess]:
    """Until one is certain."""
    found: list[Guess] = []
    for number, setting in enumerate(scope.settings):
        try:
            async with opened(setting) as ear:
                judged = await _listen(ear, setting, scope.listen_s)
        except AdapterError as error:
            if number == 0:
                raise Rejected("no-link", str(error)) from None
            course.pass_over(setting, f"{setting.name} was passed over: {error}")
            continue
        course.step(setting, judged, told(judged))
        found.append(judged)
        if judged.score >= CERTAIN:
            break
    found.sort(key=lambda each: -each.score)
    if not any(each.heard_bytes for each in found):
        course.note(NOBODY)
    elif not found[0].is_plausible:
        course.note(NOTHING_SENSIBLE)
    return found


async def _listen(ear: Ear, setting: Setting, listen_s: float) -> Guess:
    """As long as it takes to be certain; raises AdapterError when the port is gone."""
    loop = asyncio.get_running_loop()
    end_s = loop.time() + listen_s
    judged = await _judged(ear.heard(setting))
    while (left_s := end_s - loop.time()) > 0 and judged.score < CERTAIN and not ear.is_full:
        await asyncio.sleep(min(LOOK_S, left_s))
        if ear.over.is_set():
            raise AdapterError(f"the port is gone: {ear.end or 'it was closed at its far end'}")
        if ear.news.is_set():
            ear.news.clear()
            judged = await _judged(ear.heard(setting))
    return judged


def _judged(heard: Heard) -> Awaitable[Guess]:
    """Off the loop, which has polls to keep."""
    return asyncio.to_thread(guess, heard)


def _real(port: str) -> str:
    """What its name leads to; nothing where it is not of this machine."""
    return os.path.realpath(port) if is_local(port) else ""


def setting_of(link: SerialLink) -> Setting:
    """The link's own; none where the far end sets it."""
    if kind_of(link.port) == "tcp":
        return Setting(None)
    return Setting(link.baudrate, link.data_bits, link.parity, link.stop_bits)


def _set_to(link: SerialLink, setting: Setting) -> SerialLink:
    if setting.baudrate is None:
        return link
    return link.model_copy(update=setting._asdict())
