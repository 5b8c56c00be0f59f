"""`fieldgate`, killed where a test wants it: python dying.py MODULE:NAME before|after COUNT VERB ..."""

import functools
import importlib
import inspect
import os
import signal
import sys
from collections.abc import Callable
from typing import Any

from gateway.cli import main


def die_at(place: str, moment: str, count: int) -> None:
    """As by kill -9, when a method is called for the so manieth time, or has just done what it does."""
    module, _, path = place.partition(":")
    owner_name, _, name = path.partition(".")
    owner = getattr(importlib.import_module(module), owner_name)
    left = [count]

    def reached(wanted: str) -> None:
        if moment == wanted:
            left[0] -= 1
            if left[0] == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    setattr(owner, name, _watched(getattr(owner, name), reached))


def _watched(method: Callable[..., Any], reached: Callable[[str], None]) -> Callable[..., Any]:
    if inspect.iscoroutinefunction(method):

        @functools.wraps(method)
        async def watched_later(*args: Any, **more: Any) -> Any:
            reached("before")
            result = await method(*args, **more)
            reached("after")
            return result

        return watched_later

    @functools.wraps(method)
    def watched(*args: Any, **more: Any) -> Any:
        reached("before")
        result = method(*args, **more)
        reached("after")
        return result

    return watched


if __name__ == "__main__":
    die_at(sys.argv[1], sys.argv[2], int(sys.argv[3]))
    sys.argv[1:4] = []
    main()
