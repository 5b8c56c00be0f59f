"""Outbox files as a daemon leaves them, and what the command line says about them."""

import asyncio
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from gateway import cli
from gateway.endpoints.payload import Format, encoder_for
from gateway.outbox.disk.rows import insert_statements
from gateway.outbox.disk.store import Store
from gateway.outbox.entry import Entry

SESSION = 1_763_888_462

START_MS = SESSION * 1000


def reading(
    number: int,
    device: str = "meter",
    values: dict[str, Any] | None = None,
    bad: Any = None,
    form: Format = "fieldgate",
) -> Entry:
    """The envelope with this number, read as many seconds after the start."""
    time_ms = START_MS + number * 1000
    encoder = encoder_for(form, "gw", "cloud", SESSION)
    payload = encoder.reading(number, device, time_ms, values or {"count": number}, bad or {})
    return Entry(SESSION * 1_000_000 + number, SESSION, number, "reading", device, time_ms, payload)


def other(number: int, kind: str, payload: bytes = b'{"v":1}') -> Entry:
    """An envelope of another kind."""
    row_id, time_ms = SESSION * 1_000_000 + number, START_MS + number * 1000
    return Entry(row_id, SESSION, number, kind, "meter", time_ms, payload)


def fill(path: Path, entries: Iterable[Entry] = (), dead: Iterable[Entry] = ()) -> Path:
    """A file in which these wait."""
    asyncio.run(_fill(path, list(entries), list(dead)))
    return path


async def _fill(path: Path, entries: list[Entry], dead: list[Entry]) -> None:
    store = Store(path)
    await store.open(SESSION)
    await store.write(insert_statements(entries))
    for entry in dead:
        await store.bury(entry, 149, "packet too large", 10**6)
    await store.close(clean=True)


class Said(NamedTuple):
    """How a verb has ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        content: dict[str, Any] = json.loads(self.out)
        return content


class Commands:
    """`fieldgate outbox` on a state directory; no configuration unless one is written."""

    def __init__(self, folder: Path, capture: "pytest.CaptureFixture[str]") -> None:
        self.state = folder / "state"
        self.state.mkdir()
        self.config = folder / "gateway.yaml"
        self._capture = capture

    def file(self, endpoint: str = "cloud") -> Path:
        return self.state / f"outbox-{endpoint}.db"

    def __call__(self, *arguments: str | Path) -> Said:
        code = cli.dispatch(["outbox", *map(str, arguments), "--state-dir", str(self.state)])
        return Said(code, *self._capture.readouterr())

    def standing(self, *arguments: str | Path) -> dict[str, Any]:
        """What is said of the only outbox."""
        [standing] = self("--no-rates", "--json", *arguments).json["outboxes"]
        return dict(standing)
