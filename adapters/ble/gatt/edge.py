"""What bleak raises over a connection, in words: the one edge where that is translated."""

from __future__ import annotations

from bleak.exc import BleakDBusError, BleakDeviceNotFoundError, BleakError, BleakGATTProtocolError

from adapters.ble.air.errors import UNKNOWN_METHOD, UNKNOWN_OBJECT, code_of, words
from adapters.ble.gatt.trouble import Trouble, Why
from adapters.ble.gatt.words import KEYS_LOST, NEEDS_PAIRING, NO_PAIRING, refusal

BLUEZ_ERROR = "org.bluez.Error."
AUTHENTICATION = BLUEZ_ERROR + "Authentication"
"""How all errors of pairing begin (BlueZ, doc/org.bluez.Device.rst, Pair)."""
NOT_PAIRED = "Not paired"
"""What NotPermitted says where an attribute wants a paired connection (BlueZ, src/gatt-client.c)."""
UNTAKEN = "it does not take the connection: is it in use elsewhere, as by a phone? Who only advertises takes none"
GONE = frozenset({UNKNOWN_OBJECT, UNKNOWN_METHOD, BLUEZ_ERROR + "DoesNotExist"})
NOT_CONNECTED = BLUEZ_ERROR + "NotConnected"


def of_connecting(error: BaseException) -> Trouble:
    """What one of FOREIGN means that a try to connect has raised."""
    if isinstance(error, TimeoutError):
        return Trouble(Why.UNREACHABLE, UNTAKEN)
    if isinstance(error, BleakDeviceNotFoundError) or code_of(error) in GONE or _is_unknown(error):
        return Trouble(Why.FORGOTTEN, "it is not heard just now")
    if code_of(error).startswith(AUTHENTICATION):
        return Trouble(Why.PAIRING, f"it does not let itself be paired with ({_short(error)}): {NO_PAIRING}")
    if code_of(error).startswith(BLUEZ_ERROR):
        return Trouble(Why.UNREACHABLE, f"the connection does not come about ({_short(error)})")
    if type(error) is BleakError and "discover services" in str(error):
        return Trouble(Why.UNREACHABLE, "the connection went down before its services were known")
    return Trouble(Why.UNREACHABLE, words(error))


def of_asking(error: BaseException, *, pairs: bool = False) -> Trouble:
    """What one of FOREIGN means that a read, a write or the like has raised; `pairs`: of one that is paired with."""
    if isinstance(error, TimeoutError):
        return Trouble(Why.TIMEOUT, "it is connected, but does not answer")
    if isinstance(error, BleakGATTProtocolError):
        return Trouble(Why.REFUSED, refusal(int(error.code), pairs=pairs), int(error.code))
    if isinstance(error, BleakDBusError) and not _is_down(error):
        if NOT_PAIRED in _details(error) or error.dbus_error.startswith(AUTHENTICATION):
            return Trouble(Why.REFUSED, KEYS_LOST if pairs else NEEDS_PAIRING)
        if error.dbus_error.startswith(BLUEZ_ERROR):
            return Trouble(Why.REFUSED, f"BlueZ says {_short(error)}")
    return Trouble(Why.LOST, "the connection went down")


def _is_unknown(error: BaseException) -> bool:
    """As bleak says of a path that it does not have."""
    return type(error) is BleakError and str(error).startswith("device '")


def _is_down(error: BleakDBusError) -> bool:
    return error.dbus_error in GONE or error.dbus_error == NOT_CONNECTED or "Not connected" in _details(error)


def _details(error: BaseException) -> str:
    return str(error.args[1]) if len(error.args) > 1 else ""


def _short(error: BaseException) -> str:
    name = code_of(error).removeprefix(BLUEZ_ERROR)
    details = _details(error)
    return f"{name}: {details}" if details else name
