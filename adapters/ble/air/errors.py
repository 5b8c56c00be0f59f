"""What bleak, D-Bus and BlueZ raise, in words: the one edge where their errors are translated."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from bleak.exc import BleakDBusError, BleakError
from dbus_fast import AuthError, InvalidAddressError

from gateway.adapter import AdapterError

FOREIGN = (
    BleakError,
    EOFError,
    OSError,
    TimeoutError,
    AssertionError,
    KeyError,
    AuthError,
    InvalidAddressError,
)
"""All that they raise where a radio or a device is at fault; bleak passes on what dbus-fast raises as it is."""

IN_PROGRESS = "org.bluez.Error.InProgress"
NOT_READY = "org.bluez.Error.NotReady"
UNKNOWN_OBJECT = "org.freedesktop.DBus.Error.UnknownObject"
UNKNOWN_METHOD = "org.freedesktop.DBus.Error.UnknownMethod"
"""Codes that somebody asks for (BlueZ, doc/org.bluez.Adapter.rst; D-Bus Specification 0.43)."""

NO_BLUEZ = "BlueZ is not running: `systemctl start bluetooth`, or install the package bluez"
NO_ANSWER = "BlueZ does not answer: `systemctl restart bluetooth`"
RFKILL = "the radio is blocked: `rfkill unblock bluetooth`"
DENIED = (
    "D-Bus does not let this user speak to BlueZ: put it into the group bluetooth; in a container, run as a user that "
    "the host knows"
)
BUS_ENDED = "D-Bus has closed the connection: is its daemon running, and within its limits?"

_BY_CODE = {
    "org.freedesktop.DBus.Error.AccessDenied": DENIED,
    "org.freedesktop.DBus.Error.AuthFailed": DENIED,
    "org.freedesktop.DBus.Error.ServiceUnknown": NO_BLUEZ,
    "org.freedesktop.DBus.Error.NameHasNoOwner": NO_BLUEZ,
    "org.freedesktop.DBus.Error.Spawn.ServiceNotFound": NO_BLUEZ,
    "org.freedesktop.DBus.Error.NoReply": NO_ANSWER,
    "org.freedesktop.DBus.Error.TimedOut": NO_ANSWER,
    "org.freedesktop.DBus.Error.LimitsExceeded": "D-Bus is at its limits: too many connections or watches of this user",
    "org.bluez.Error.Blocked": RFKILL,
    NOT_READY: "the radio is switched off: `bluetoothctl power on`",
    IN_PROGRESS: "BlueZ is busy with another operation of this radio",
    UNKNOWN_OBJECT: "BlueZ does not know it any more",
}


def code_of(error: BaseException) -> str:
    """The D-Bus name of an error; "" for others."""
    return error.dbus_error if isinstance(error, BleakDBusError) else ""


def words(error: BaseException) -> str:
    """What is so, and what to do, in a sentence."""
    if isinstance(error, BleakDBusError):
        return _dbus_words(error)
    if isinstance(error, TimeoutError):
        return NO_ANSWER
    if isinstance(error, AuthError | PermissionError):
        return DENIED
    if isinstance(error, EOFError | ConnectionResetError | BrokenPipeError):
        return BUS_ENDED
    if isinstance(error, OSError):
        return os.strerror(error.errno) if error.errno else str(error) or type(error).__name__
    text = str(error.args[0]) if error.args else ""
    return text or f"BlueZ is not as expected ({type(error).__name__})"


@contextmanager
def translated(what: str) -> Iterator[None]:
    """Turns what is raised inside into an AdapterError that says what it was about."""
    try:
        yield
    except FOREIGN as error:
        raise AdapterError(f"{what}: {words(error)}") from error


def _dbus_words(error: BleakDBusError) -> str:
    details = str(error.args[1]) if len(error.args) > 1 else ""
    if "rfkill" in details:
        return RFKILL
    known = _BY_CODE.get(error.dbus_error)
    if known is not None:
        return known
    code = error.dbus_error.rpartition(".")[2]
    return f"BlueZ says {code}: {details}" if details else f"BlueZ says {code}"
