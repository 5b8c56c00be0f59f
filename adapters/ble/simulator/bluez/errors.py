"""How BlueZ says no: the errors of its D-Bus API. Pure.

Names and texts as in BlueZ 5.66, src/error.c and create_gatt_dbus_error() of src/gatt-client.c.
"""

from __future__ import annotations

from typing import Final

BLUEZ: Final = "org.bluez.Error."
UNKNOWN_OBJECT: Final = "org.freedesktop.DBus.Error.UnknownObject"
UNKNOWN_METHOD: Final = "org.freedesktop.DBus.Error.UnknownMethod"
UNKNOWN_PROPERTY: Final = "org.freedesktop.DBus.Error.UnknownProperty"
UNKNOWN_INTERFACE: Final = "org.freedesktop.DBus.Error.UnknownInterface"
READ_ONLY: Final = "org.freedesktop.DBus.Error.PropertyReadOnly"

READ_NOT_PERMITTED: Final = 0x02  # Core Specification, Vol 3, Part F, 3.4.1.1, as all that follow
WRITE_NOT_PERMITTED: Final = 0x03
INVALID_LENGTH: Final = 0x0D
UNLIKELY: Final = 0x0E
"""Also what BlueZ makes of an operation whose link was lost."""


class Refusal(Exception):
    """An error that a caller gets."""

    def __init__(self, name: str, text: str) -> None:
        super().__init__(f"{name}: {text}")
        self.name = name
        self.text = text


class AttError(Exception):
    """What a peripheral's hook raises to answer with an error of the attribute protocol."""

    def __init__(self, code: int) -> None:
        super().__init__(f"ATT error 0x{code:02x}")
        self.code = code


def failed(text: str) -> Refusal:
    """With a reason that callers read."""
    return Refusal(f"{BLUEZ}Failed", text)


def not_ready() -> Refusal:
    """The adapter is off."""
    return Refusal(f"{BLUEZ}NotReady", "Resource Not Ready")


def busy() -> Refusal:
    """Another of its kind is under way: adapter and device say it so."""
    return Refusal(f"{BLUEZ}InProgress", "Operation already in progress")


def in_progress() -> Refusal:
    """Likewise, as attributes say it."""
    return Refusal(f"{BLUEZ}InProgress", "In Progress")


def not_supported() -> Refusal:
    """This object has no such thing."""
    return Refusal(f"{BLUEZ}NotSupported", "Operation is not supported")


def not_permitted(text: str) -> Refusal:
    """The device doesn't let it happen."""
    return Refusal(f"{BLUEZ}NotPermitted", text)


def not_connected() -> Refusal:
    """There is no link to end."""
    return Refusal(f"{BLUEZ}NotConnected", "Not Connected")


def already_connected() -> Refusal:
    """There is a link."""
    return Refusal(f"{BLUEZ}AlreadyConnected", "Already Connected")


def already_exists() -> Refusal:
    """It is there already."""
    return Refusal(f"{BLUEZ}AlreadyExists", "Already Exists")


def does_not_exist() -> Refusal:
    """There is none."""
    return Refusal(f"{BLUEZ}DoesNotExist", "Does Not Exist")


def invalid_arguments(text: str = "Invalid arguments in method call") -> Refusal:
    """The call makes no sense."""
    return Refusal(f"{BLUEZ}InvalidArguments", text)


def authentication_failed() -> Refusal:
    """Pairing came to nothing."""
    return Refusal(f"{BLUEZ}AuthenticationFailed", "Authentication Failed")


def authentication_canceled() -> Refusal:
    """Somebody called pairing off."""
    return Refusal(f"{BLUEZ}AuthenticationCanceled", "Authentication Canceled")


_ATT: Final = {
    READ_NOT_PERMITTED: not_permitted("Read not permitted"),
    WRITE_NOT_PERMITTED: not_permitted("Write not permitted"),
    0x05: not_permitted("Not paired"),
    0x06: not_supported(),
    0x07: invalid_arguments("Invalid offset"),
    0x08: Refusal(f"{BLUEZ}NotAuthorized", "Operation Not Authorized"),
    0x0C: not_permitted("Not paired"),
    INVALID_LENGTH: invalid_arguments("Invalid Length"),
    0x0F: not_permitted("Not paired"),
}


def att_refusal(code: int) -> Refusal:
    """What a caller sees of an error of the attribute protocol."""
    known = _ATT.get(code)
    if known is not None:
        return Refusal(known.name, known.text)
    return failed(f"Operation failed with ATT error: 0x{code:02x}")
