"""Who asks, by name."""

import asyncio
import os
import pwd
import threading
from typing import Any

import pytest

from gateway.control import peer


async def test_a_directory_service_that_hangs_takes_no_thread_from_anything_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    goes_on = threading.Event()

    def hang(_uid: int) -> Any:
        goes_on.wait(10)
        raise KeyError

    monkeypatch.setattr(peer, "NAME_S", 0.02)
    monkeypatch.setattr(pwd, "getpwuid", hang)
    try:
        named = await asyncio.gather(*(peer.name_of(uid) for uid in range(64)))
        assert named == [f"uid:{uid}" for uid in range(64)]
        async with asyncio.timeout(5):
            assert await asyncio.to_thread(os.getpid) == os.getpid()
    finally:
        goes_on.set()
