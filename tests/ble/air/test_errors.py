import errno

import pytest
from bleak.exc import BleakBluetoothNotAvailableError, BleakBluetoothNotAvailableReason, BleakDBusError, BleakError
from dbus_fast import AuthError

from adapters.ble.air.errors import FOREIGN, code_of, translated, words
from gateway.adapter import AdapterError


@pytest.mark.parametrize(
    ("error", "wanted"),
    [
        (BleakDBusError("org.freedesktop.DBus.Error.ServiceUnknown", ["gone"]), "systemctl start bluetooth"),
        (BleakDBusError("org.freedesktop.DBus.Error.AccessDenied", ["no"]), "group bluetooth"),
        (BleakDBusError("org.bluez.Error.NotReady", ["Resource Not Ready"]), "bluetoothctl power on"),
        (BleakDBusError("org.bluez.Error.Failed", ["Blocked through rfkill"]), "rfkill unblock bluetooth"),
        (BleakDBusError("org.bluez.Error.Blocked", []), "rfkill unblock bluetooth"),
        (BleakDBusError("org.bluez.Error.Odd", ["something"]), "BlueZ says Odd: something"),
        (BleakDBusError("org.bluez.Error.Odd", []), "BlueZ says Odd"),
        (BleakError("adapter 'hci1' not found"), "adapter 'hci1' not found"),
        (
            BleakBluetoothNotAvailableError("No powered", BleakBluetoothNotAvailableReason.POWERED_OFF),
            "No powered",
        ),
        (EOFError(), "D-Bus has closed the connection"),
        (TimeoutError(), "BlueZ does not answer"),
        (AuthError("REJECTED"), "group bluetooth"),
        (PermissionError(errno.EACCES, "denied"), "group bluetooth"),
        (FileNotFoundError(errno.ENOENT, "nothing"), "No such file or directory"),
        (AssertionError(), "BlueZ is not as expected (AssertionError)"),
        (KeyError("Roles"), "Roles"),
    ],
)
def test_what_bleak_and_d_bus_raise_is_told_in_words(error: Exception, wanted: str) -> None:
    assert wanted in words(error)
    assert isinstance(error, FOREIGN)


def test_a_foreign_error_becomes_one_of_the_link_that_says_what_it_is_about() -> None:
    with pytest.raises(AdapterError, match="the radio hci0: D-Bus has closed"), translated("the radio hci0"):
        raise EOFError


def test_a_defect_of_ours_is_not_taken_for_a_foreign_one() -> None:
    with pytest.raises(ZeroDivisionError), translated("the radio hci0"):
        raise ZeroDivisionError


def test_only_errors_of_d_bus_have_a_code() -> None:
    assert code_of(BleakDBusError("org.bluez.Error.InProgress", [])) == "org.bluez.Error.InProgress"
    assert code_of(EOFError()) == ""
