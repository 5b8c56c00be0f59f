import pytest
from bleak.exc import BleakDBusError, BleakDeviceNotFoundError, BleakError, BleakGATTProtocolError

from adapters.ble.gatt.edge import of_asking, of_connecting
from adapters.ble.gatt.trouble import Why
from adapters.ble.gatt.words import refusal

BLUEZ = "org.bluez.Error."
UNKNOWN = "org.freedesktop.DBus.Error.UnknownObject"


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (TimeoutError(), Why.UNREACHABLE),
        (BleakDeviceNotFoundError("AA"), Why.FORGOTTEN),
        (BleakDBusError(UNKNOWN, ["no such object"]), Why.FORGOTTEN),
        (BleakError("device 'dev_AA' not found"), Why.FORGOTTEN),
        (BleakError("failed to discover services, device disconnected"), Why.UNREACHABLE),
        (BleakDBusError(BLUEZ + "Failed", ["le-connection-abort-by-local"]), Why.UNREACHABLE),
        (BleakDBusError(BLUEZ + "AuthenticationFailed", ["Authentication Failed"]), Why.PAIRING),
        (BleakDBusError(BLUEZ + "AuthenticationTimeout", []), Why.PAIRING),
        (BleakDBusError(BLUEZ + "ConnectionAttemptFailed", ["Page Timeout"]), Why.UNREACHABLE),
        (EOFError(), Why.UNREACHABLE),
        (KeyError("Adapter"), Why.UNREACHABLE),
        (AssertionError(), Why.UNREACHABLE),
    ],
)
def test_what_a_failed_connect_means(error: Exception, why: Why) -> None:
    trouble = of_connecting(error)
    assert trouble.why is why
    assert str(trouble)


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (TimeoutError(), Why.TIMEOUT),
        (BleakGATTProtocolError(0x02), Why.REFUSED),
        (BleakDBusError(BLUEZ + "NotPermitted", ["Not paired"]), Why.REFUSED),
        (BleakDBusError(BLUEZ + "NotSupported", ["Operation is not supported"]), Why.REFUSED),
        (BleakDBusError(BLUEZ + "Failed", ["Not connected"]), Why.LOST),
        (BleakDBusError(BLUEZ + "NotConnected", ["Not Connected"]), Why.LOST),
        (BleakDBusError(UNKNOWN, ["no such object"]), Why.LOST),
        (BleakDBusError("org.freedesktop.DBus.Error.NoReply", ["gone"]), Why.LOST),
        (BleakError("Not connected"), Why.LOST),
        (EOFError(), Why.LOST),
        (ConnectionResetError(), Why.LOST),
    ],
)
def test_what_a_failed_read_means(error: Exception, why: Why) -> None:
    assert of_asking(error).why is why


@pytest.mark.parametrize(
    "error",
    [
        BleakGATTProtocolError(0x05),
        BleakGATTProtocolError(0x0F),
        BleakDBusError(BLUEZ + "NotPermitted", ["Not paired"]),
    ],
)
def test_who_is_paired_with_and_says_it_is_not_is_not_to_be_paired_with_by_configuration(error: Exception) -> None:
    assert "write gatt: {pair: true}" in str(of_asking(error))
    assert "`bluetoothctl remove ADDRESS`" in str(of_asking(error, pairs=True))
    assert "write gatt" not in str(of_asking(error, pairs=True))


def test_a_pairing_that_fails_says_what_to_do() -> None:
    words = str(of_connecting(BleakDBusError(BLUEZ + "AuthenticationFailed", ["Authentication Failed"])))
    assert "is its passkey right, and is it ready to be paired?" in words
    assert "`bluetoothctl remove ADDRESS`" in words


def test_every_code_is_said_with_its_number() -> None:
    assert all(f"0x{code:02x}" in refusal(code) for code in range(256))
