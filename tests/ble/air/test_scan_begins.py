"""What may happen while a scan is begun, or the radio is mended."""

import logging

import pytest
from bleak.backends.bluezdbus.version import BlueZFeatures

from adapters.ble.air import bluez as air_bluez
from adapters.ble.air import scanner as air_scanner
from adapters.ble.simulator.bluez import Bluez, Radio
from adapters.ble.simulator.bluez.discovery import Discovery
from gateway.adapter import AdapterError
from tests.ble.air.aloft import serving, until
from tests.ble.gatt.site import LEVEL, device, sensor, site


async def test_who_has_it_pause_as_it_begins_goes_on_when_it_has_ended(
    bluez: Bluez, radio: Radio, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[str] = []
    start = Discovery.start

    def noted(self: Discovery, client: str) -> None:
        begun.append(client)
        start(self, client)

    monkeypatch.setattr(Discovery, "start", noted)
    slow = bluez.inject("Adapter1.StartDiscovery", delay_s=0.2, times=1)
    async with serving() as aloft:
        await until(lambda: slow.met)
        async with aloft.radio.scanner.paused():
            assert len(begun) == 1
            assert radio.adapter is not None
            assert not radio.adapter.discovery


async def test_a_radio_whose_mending_is_cut_short_is_left_switched_on(
    bluez: Bluez, radio: Radio, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(air_bluez, "OFF_S", 60.0)
    bluez.inject("Adapter1.StartDiscovery", error=("org.bluez.Error.InProgress", "Operation already in progress"))
    monkeypatch.setattr("adapters.ble.air.start.BUSY_S", (0.01,))
    async with serving():
        await until(lambda: not radio.powered)
    assert radio.powered


async def test_a_radio_that_does_not_scan_though_it_should_is_told(
    radio: Radio, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(air_scanner, "LONG_LOST_S", 0.05)
    monkeypatch.setattr(air_scanner, "LOOK_S", 0.01)
    monkeypatch.setattr(air_bluez, "OFF_S", 0.01)
    monkeypatch.setattr(air_bluez.Bluez, "is_discovering", property(lambda _: False, lambda _, __: None), raising=False)
    async with serving() as aloft:
        error = await aloft.ended()
    assert isinstance(error, AdapterError)
    assert "does not scan, though it was begun anew: it needs a reset, or to be plugged in again" in str(error)


async def test_a_connect_needs_no_bluetoothctl(radio: Radio, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(BlueZFeatures, "checked_bluez_version", False)
    async with serving():
        assert BlueZFeatures.checked_bluez_version


async def test_libraries_do_not_warn_of_what_is_told_in_words(
    bluez: Bluez, radio: Radio, caplog: pytest.LogCaptureFixture
) -> None:
    refusing = bluez.inject("Device1.Connect", error=("org.bluez.Error.Failed", "le-connection-refused"), times=1)
    kept = device(gatt={"connect": "kept"}, points={"battery": {"characteristic": LEVEL, "type": "uint8"}})
    async with site(radio, [sensor()], {"sensor": kept}) as here:
        await here.emitted.sample("sensor")
    assert refusing.met
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]
