"""How exported envelopes are written."""

from __future__ import annotations

import csv
import io
from typing import Any, BinaryIO, Protocol

import msgspec

from gateway.endpoints.payload import envelope_in
from gateway.outbox.entry import Entry

HEAD = ("time", "device", "point", "value", "quality", "session", "seq", "kind", "clock")
"""Columns; `quality` is `good`, or why a point has no good value; `clock`: unsynced, corrected or nothing."""

GOOD = "good"


class NotAnEnvelope(ValueError):
    """A payload that its seal finds intact, but that is none of ours."""


class Writer(Protocol):
    """Takes envelopes in their order."""

    def write(self, entry: Entry) -> bool:
        """False where this format has no place for such an envelope; raises NotAnEnvelope, OSError."""


class JsonLines:
    """Each envelope as it would be sent, on a line of its own."""

    def __init__(self, out: BinaryIO) -> None:
        self._out = out

    def write(self, entry: Entry) -> bool:
        """Every kind."""
        self._out.write(entry.payload + b"\n")
        return True


class _Bad(msgspec.Struct):
    reason: str
    value: msgspec.Raw = msgspec.Raw(b"")


class _Reading(msgspec.Struct):
    time: str
    session: int
    seq: int
    device: str
    values: dict[str, msgspec.Raw] = {}
    bad: dict[str, _Bad] = {}
    clock: str = ""


class Csv:
    """Readings, a row per point."""

    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        self._text = io.StringIO(newline="")
        self._rows = csv.writer(self._text, lineterminator="\n")
        self._decode = msgspec.json.Decoder(_Reading).decode
        self._rows.writerow(HEAD)
        self._flush()

    def write(self, entry: Entry) -> bool:
        """Readings only."""
        if not entry.is_reading:
            return False
        try:
            reading = self._decode(envelope_in(entry.payload))
        except msgspec.MsgspecError as error:
            raise NotAnEnvelope(str(error)) from error
        end = (reading.session, reading.seq, entry.kind, reading.clock)
        start = (reading.time, reading.device)
        self._rows.writerows((*start, point, _cell(value), GOOD, *end) for point, value in reading.values.items())
        self._rows.writerows((*start, point, _cell(bad.value), bad.reason, *end) for point, bad in reading.bad.items())
        self._flush()
        return True

    def _flush(self) -> None:
        self._out.write(self._text.getvalue().encode())
        self._text.seek(0)
        self._text.truncate()


def _cell(value: msgspec.Raw) -> Any:
    """Numbers with the digits that they have in the envelope; text without its quotes."""
    raw = bytes(value)
    return msgspec.json.decode(raw) if raw.startswith(b'"') else raw.decode()
