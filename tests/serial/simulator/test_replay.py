"""A capture, played to somebody who listens."""

import asyncio

import pytest

from adapters.serial.simulator import replay as module
from adapters.serial.simulator.replay import Replay
from gateway.adapter import Capture, parse_capture
from tests.support.patience import HANG_S

EARLY_S = 0.001
"""A timer of the loop may be so far too soon."""


def capture(*lines: str) -> Capture:
    return parse_capture(lines, "case")


class Listener:
    """What was said, and when."""

    def __init__(self) -> None:
        self.said: list[bytes] = []
        self.at_s: list[float] = []
        self.news = asyncio.Event()

    def __call__(self, data: bytes) -> None:
        self.said.append(data)
        self.at_s.append(asyncio.get_running_loop().time())
        self.news.set()

    async def until(self, count: int) -> None:
        async with asyncio.timeout(HANG_S):
            while len(self.said) < count:
                self.news.clear()
                await self.news.wait()


async def test_what_the_device_said_is_said_again_in_its_time() -> None:
    listener = Listener()
    lines = '+5s rx "a"', '+40ms rx "b"', '+0ms rx "c"', '! {"invoke": "tare"}', '+60ms rx "d"'
    began_s = asyncio.get_running_loop().time()
    await Replay(capture(*lines).entries, listener, loop=False).play()
    assert listener.said == [b"a", b"b", b"c", b"d"]
    due_s = [0.0, 0.04, 0.04, 0.1]
    assert all(at_s - began_s > due - EARLY_S for at_s, due in zip(listener.at_s, due_s, strict=True))


async def test_what_we_said_is_waited_for_and_time_goes_on_from_there() -> None:
    listener = Listener()
    replay = Replay(capture('tx "?"', '+40ms rx "a"', '+10ms tx "!"', 'rx "b"').entries, listener, loop=False)
    playing = asyncio.create_task(replay.play())
    await asyncio.sleep(0)
    assert listener.said == []
    asked_s = asyncio.get_running_loop().time()
    replay.hear(b"junk?")
    await listener.until(1)
    assert listener.at_s[0] - asked_s > 0.04 - EARLY_S
    replay.hear(b"!")
    await playing
    assert (listener.said, replay.played, replay.missed) == ([b"a", b"b"], 2, 0)


async def test_what_is_heard_too_early_counts() -> None:
    listener = Listener()
    replay = Replay(capture('rx "a"', 'tx "?"', 'rx "b"').entries, listener, loop=False)
    replay.hear(b"?")
    await replay.play()
    assert (listener.said, replay.missed) == ([b"a", b"b"], 0)


async def test_what_is_never_said_is_counted_and_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PATIENCE_S", 0.01)
    listener = Listener()
    replay = Replay(capture('tx "?"', 'rx "a"').entries, listener, loop=False)
    replay.hear(b"something else")
    await replay.play()
    assert (listener.said, replay.missed) == ([b"a"], 1)


async def test_a_loop_begins_again_and_never_ends() -> None:
    listener = Listener()
    playing = asyncio.create_task(Replay(capture('rx "a"', 'rx "b"').entries, listener, loop=True).play())
    await listener.until(4)
    playing.cancel()
    assert listener.said[:4] == [b"a", b"b", b"a", b"b"]


async def test_an_empty_capture_ends_at_once_also_in_a_loop() -> None:
    await Replay(capture("# nothing").entries, Listener(), loop=True).play()


async def test_the_newest_of_what_was_heard_is_kept() -> None:
    listener = Listener()
    replay = Replay(capture('tx "?"', 'rx "a"').entries, listener, loop=False)
    replay.hear(b"x" * (module.MAX_HEARD_BYTES + 5) + b"?")
    await replay.play()
    assert (listener.said, replay.missed) == ([b"a"], 0)
