"""Envelopes that were stamped while the clock was wrong, with their times as they were in truth. Pure.

Only bytes are exchanged, nothing is decoded. Before the head's `time` there are ids and numbers, and in a JSON text a
quote is always escaped, so that `,"time":"` is found at that member and nowhere else; likewise the others. An event has
its own `time`, which is its envelope's.
"""

from __future__ import annotations

from datetime import datetime

from gateway.endpoints.payload import CORRECTED, UNSYNCED, envelope_in, is_event, iso_ms

TIMES = {"status": (b',"since":"',), "gap": (b',"first":"', b',"last":"')}
"""Moments beside the head's `time` that were stamped by the same clock, by kind; a status' if it is of a device."""

HEAD_TIME = b',"time":"'

ELSEWHERE = b',"lost_session":'
"""A gap's: its moments were stamped in another session, by whatever clock that had."""

TIME_CHARS = len("2026-11-23T09:01:02.345Z")


def mended(payload: bytes, kind: str, device: str, shift_ms: int) -> bytes:
    """The envelope or event with each of its times moved by so much, and the mark that says so."""
    if not is_event(payload):
        return _mended(payload, kind, device, shift_ms)
    before = envelope_in(payload)
    after = _mended(before, kind, device, shift_ms)
    if after is before:
        return payload
    attributes = _moved(payload[: -1 - len(before)], HEAD_TIME, shift_ms)
    return b"%b%b}" % (attributes, after)


def _mended(payload: bytes, kind: str, device: str, shift_ms: int) -> bytes:
    at = payload.find(HEAD_TIME) + len(HEAD_TIME)
    end = at + TIME_CHARS + 1
    if at < len(HEAD_TIME) or not payload.startswith(UNSYNCED, end):
        return payload
    tail = payload[end + len(UNSYNCED) :]
    if (ELSEWHERE not in tail) if kind == "gap" else device:
        for member in TIMES.get(kind, ()):
            tail = _moved(tail, member, shift_ms)
    return b'%b%b"%b%b' % (payload[:at], _shifted(payload[at : end - 1], shift_ms), CORRECTED, tail)


def _moved(text: bytes, member: bytes, shift_ms: int) -> bytes:
    at = text.find(member)
    if at < 0:
        return text
    start = at + len(member)
    end = start + TIME_CHARS
    return b"%b%b%b" % (text[:start], _shifted(text[start:end], shift_ms), text[end:])


def _shifted(text: bytes, shift_ms: int) -> bytes:
    moment = datetime.fromisoformat(text.decode())
    ms = int(moment.timestamp()) * 1000 + moment.microsecond // 1000
    return iso_ms(ms + shift_ms).encode()
