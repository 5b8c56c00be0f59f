"""Dates and times of day, as ISO 8601 has them (GATT Specification Supplement, Date Time and Current Time). Pure."""

from __future__ import annotations

import struct
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

from adapters.ble.sig.characteristic import Undecodable
from adapters.ble.sig.forms import Form
from gateway.model import Value
from gateway.values import Unwritable

_FIELDS = struct.Struct("<HBBBBB")
_EPOCH = date(1970, 1, 1)
_FIRST_YEAR = 1582
"""Of the Gregorian calendar; years before are not used, 0 is "not known"."""
_DAY_UNKNOWN = 0
_FRACTIONS = 256


def _date_time(data: bytes) -> Value | None:
    year, month, day, *clock = _FIELDS.unpack(data)
    if 0 in (year, month, day):
        return None
    if year < _FIRST_YEAR:
        raise Undecodable(f"there is no year {year}")
    try:
        return datetime(year, month, day, *clock).isoformat()  # noqa: DTZ001  # devices do not say where they are
    except ValueError as error:
        raise Undecodable(str(error)) from None


def _encode_date_time(value: Value) -> bytes:
    moment = _parsed(value, datetime.fromisoformat)
    return _FIELDS.pack(moment.year, moment.month, moment.day, moment.hour, moment.minute, moment.second)


def _current_time(data: bytes) -> Value | None:
    """Its day of the week follows from its date; parts of a second and why it was set are left out."""
    return _date_time(data[:7])


def _encode_current_time(value: Value) -> bytes:
    """With no reason for an adjustment."""
    moment = _parsed(value, datetime.fromisoformat)
    fraction = moment.microsecond * _FRACTIONS // 1_000_000
    return _encode_date_time(value) + bytes([moment.isoweekday(), fraction, 0])


def _date_utc(data: bytes) -> Value | None:
    days = int.from_bytes(data, "little")
    try:
        return None if days == _DAY_UNKNOWN else (_EPOCH + timedelta(days)).isoformat()
    except OverflowError:
        raise Undecodable(f"there is no date {days} days after 1970-01-01") from None


def _encode_date_utc(value: Value) -> bytes:
    days = (_parsed(value, datetime.fromisoformat).date() - _EPOCH).days
    if not 0 < days < 1 << 24:
        raise Unwritable("out-of-range", "it must be after 1970-01-01")
    return days.to_bytes(3, "little")


def _parsed(value: Value, parse: Callable[[str], datetime]) -> datetime:
    """In UTC, where it says its zone."""
    try:
        moment = parse(value) if isinstance(value, str) else None
    except ValueError:
        moment = None
    if moment is None or moment.year < _FIRST_YEAR:
        raise Unwritable("malformed", 'it must be a time in quotes, like "2026-11-23T09:01:02"')
    return moment if moment.tzinfo is None else moment.astimezone(UTC)


DATE_TIME = Form(7, "text", _date_time, _encode_date_time)
CURRENT_TIME = Form(10, "text", _current_time, _encode_current_time)
DATE_UTC = Form(3, "text", _date_utc, _encode_date_utc)
