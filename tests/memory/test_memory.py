"""What adapters learned, kept across restarts."""

import asyncio
import threading
from pathlib import Path

import pytest
import structlog

from gateway.memory import MemoryFile
from tests.support.patience import HANG_S

NOT_YET_S = 0.05
"""What waits for so long is taken to wait."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "memory.json"


def test_what_is_learned_is_known_to_the_next_process(path: Path) -> None:
    memory = MemoryFile(path)
    memory.of(["boiler"])["boiler"]["splits"] = [7, 8]
    memory.save()
    assert MemoryFile(path).of(["boiler", "meter"]) == {"boiler": {"splits": [7, 8]}, "meter": {}}


def test_the_same_mapping_is_given_to_every_instance_of_an_adapter(path: Path) -> None:
    memory = MemoryFile(path)
    memory.of(["boiler"])["boiler"]["a"] = 1
    assert memory.of(["boiler"])["boiler"] == {"a": 1}


def test_nothing_new_is_not_written(path: Path) -> None:
    memory = MemoryFile(path)
    memory.of(["boiler"])
    memory.save()
    assert not path.exists()
    memory.of(["boiler"])["boiler"]["a"] = 1
    memory.save()
    before = path.stat().st_mtime_ns, path.stat().st_ino
    memory.save()
    assert (path.stat().st_mtime_ns, path.stat().st_ino) == before


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b'{"boiler": 7}', b'{"boiler": {"a": 1}', b"\0" * 100, b'{"a\xff": {}}', b"[" * 100_000],
    ids=["empty", "cut", "list", "no mapping", "torn", "zeroed", "no utf-8", "deep"],
)
def test_a_corrupt_file_is_no_obstacle(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with structlog.testing.capture_logs() as logs:
        memory = MemoryFile(path)
    assert [event["log_level"] for event in logs] == ["warning"]
    assert memory.of(["boiler"]) == {"boiler": {}}
    memory.of(["boiler"])["boiler"]["a"] = 1
    memory.save()
    assert MemoryFile(path).of(["boiler"]) == {"boiler": {"a": 1}}


def test_a_disk_that_refuses_is_told_and_tried_again(path: Path) -> None:
    memory = MemoryFile(path)
    memory.of(["boiler"])["boiler"]["a"] = 1
    path.with_suffix(".new").mkdir()
    with structlog.testing.capture_logs() as logs:
        memory.save()
    assert [event["event"] for event in logs] == ["memory not saved"]
    path.with_suffix(".new").rmdir()
    memory.save()
    assert MemoryFile(path).of(["boiler"]) == {"boiler": {"a": 1}}


def test_what_is_no_json_is_told_and_spoils_nothing(path: Path) -> None:
    memory = MemoryFile(path)
    memory.of(["boiler"])["boiler"]["a"] = 1
    memory.save()
    memory.of(["boiler"])["boiler"]["a"] = object()
    with structlog.testing.capture_logs() as logs:
        memory.save()
    assert [event["event"] for event in logs] == ["memory not saved"]
    assert MemoryFile(path).of(["boiler"]) == {"boiler": {"a": 1}}


def test_a_draft_that_was_cut_does_not_count(path: Path) -> None:
    memory = MemoryFile(path)
    memory.of(["boiler"])["boiler"]["a"] = 1
    memory.save()
    path.with_suffix(".new").write_bytes(b'{"boi')
    assert MemoryFile(path).of(["boiler"]) == {"boiler": {"a": 1}}


def test_what_the_disk_refuses_is_known_to_the_next_in_this_process(path: Path) -> None:
    memory = MemoryFile(path)
    memory.of(["boiler"])["boiler"]["a"] = 1
    path.with_suffix(".new").mkdir()
    with structlog.testing.capture_logs():
        memory.save()

    after = MemoryFile(path, memory.carry())

    assert after.of(["boiler"]) == {"boiler": {"a": 1}}
    path.with_suffix(".new").rmdir()
    after.save()
    assert MemoryFile(path).of(["boiler"]) == {"boiler": {"a": 1}}


def test_what_is_no_json_is_not_carried(path: Path) -> None:
    memory = MemoryFile(path)
    memory.of(["boiler"])["boiler"]["a"] = object()
    assert memory.carry() is None


async def test_what_is_urgent_is_saved_at_once(path: Path) -> None:
    memory = MemoryFile(path)
    keeping = asyncio.create_task(memory.keep())
    memory.of(["boiler"])["boiler"]["a"] = 1
    memory.soon()
    async with asyncio.timeout(HANG_S):
        while not MemoryFile(path).of(["boiler"])["boiler"]:  # noqa: ASYNC110 -- a thread writes it
            await asyncio.sleep(0.01)
    keeping.cancel()
    assert MemoryFile(path).of(["boiler"]) == {"boiler": {"a": 1}}


async def test_the_last_save_waits_for_one_that_a_slow_disk_still_has(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory = MemoryFile(path)
    facts = memory.of(["boiler"])["boiler"]
    last, began = threading.Thread(target=memory.save), threading.Event()
    saved: list[bool] = []

    def slow(_file: int) -> None:
        if threading.current_thread() is not last:
            last.start()
            began.set()
            last.join(NOT_YET_S)
        saved.append(threading.current_thread() is last)

    monkeypatch.setattr("gateway.memory.os.fsync", slow)
    facts["a"] = 1
    keeping = asyncio.create_task(memory.keep())
    memory.soon()
    await asyncio.to_thread(began.wait, HANG_S)
    keeping.cancel()
    await asyncio.to_thread(last.join, HANG_S)
    assert saved == [False, True]
