"""Devices of a configuration that are not there, as the real bleak hears and reads them."""

from typing import Any

import pytest
from bleak.backends.scanner import AdvertisementData

from adapters.ble.config import BleLink, full_uuid
from adapters.ble.simulator import simulate
from gateway.adapter import Rejected
from gateway.values import Unwritable
from tests.ble.bluez import Ear, scanning
from tests.ble.simulator.served import ADDRESS, Serve

KEY = "231d39c1d7cc1ab1aee224cd096db932"
BTHOME, RUUVI = full_uuid(0xFCD2), 0x0499

THERMO: dict[str, Any] = {"decoder": "bthome", "points": {"temperature": {}, "battery": {}, "rssi": {}}}


async def services_of(ear: Ear, service: str = BTHOME) -> str:
    return (await ear.until(lambda data: service in data.service_data)).service_data[service].hex()


async def test_each_device_advertises_by_its_decoder_under_its_address_and_name(serve: Serve) -> None:
    tag = {"decoder": "ruuvi", "points": {"temperature": {}}}
    async with serve({"thermo": THERMO, "tag": tag}) as simulation, scanning() as ear:
        await simulation.set("thermo", "temperature", 21.5)
        await simulation.set("thermo", "rssi", -77)
        data = await ear.until(lambda data: "66080" in data.service_data.get(BTHOME, b"").hex() or data.rssi == -77)
        assert data.local_name == "thermo"
        assert (await ear.until(lambda data: data.local_name == "tag")).manufacturer_data[RUUVI][0] == 5
        addresses = {found.name: found.address for found, _ in ear.heard}
    assert addresses == {"thermo": ADDRESS.format(0), "tag": ADDRESS.format(1)}


async def test_how_strong_it_sends_is_told_with_what_it_says(serve: Serve) -> None:
    async with serve({"thermo": {"points": {"temperature": {}, "tx_power": {}}}}) as simulation, scanning() as ear:
        await simulation.set("thermo", "tx_power", 4)
        await ear.until(lambda data: data.tx_power == 4)


async def test_a_lost_advertisement_is_missing_in_the_count(serve: Serve) -> None:
    async with serve({"thermo": {"points": {"temperature": {}}}}) as simulation, scanning() as ear:
        numbers: list[int] = []

        def is_after_a_loss(data: AdvertisementData) -> bool:
            numbers.append(data.service_data[BTHOME][2])
            return len(numbers) > 1 and (numbers[-1] - numbers[-2]) % 256 > 1

        await simulation.fault("thermo", "loss:50%")
        await ear.until(is_after_a_loss)


async def test_what_is_set_is_advertised_and_kept(serve: Serve) -> None:
    async with serve({"thermo": THERMO}, moving=True) as simulation, scanning() as ear:
        await simulation.set("thermo", "temperature", -12.34)
        for _ in range(3):
            await ear.until(lambda data: "022efb" in data.service_data.get(BTHOME, b"").hex())
        assert await simulation.get("thermo", "temperature") == -12.34


async def test_values_that_move_are_good_from_the_start(serve: Serve) -> None:
    async with serve({"thermo": THERMO}, moving=True) as simulation:
        assert 18 <= float(await simulation.get("thermo", "temperature") or 0) <= 26
        assert 60 <= float(await simulation.get("thermo", "battery") or 0) <= 100


async def test_what_a_learned_device_has_is_told(serve: Serve) -> None:
    async with serve({"thermo": {"decoder": "auto"}}) as simulation:
        assert [*simulation.devices["thermo"].points] == ["temperature", "humidity", "battery"]
        with pytest.raises(Unwritable):
            await simulation.set("thermo", "humidity", "wet")


async def test_a_key_is_shown_nowhere(serve: Serve) -> None:
    async with serve({"thermo": {**THERMO, "key": KEY}}) as simulation, scanning() as ear:
        said = await services_of(ear)
        assert said.startswith("41")
        shown = repr((simulation.place, dict(simulation.settings), dict(simulation.devices)))
    assert KEY not in shown


async def test_links_of_one_process_have_radios_of_their_own_on_one_bus(serve: Serve) -> None:
    async with serve({"one": THERMO}) as first, serve({"two": THERMO}, {"radio": "00:1A:7D:DA:71:13"}) as second:
        assert first.settings["bus"] == second.settings["bus"]
        assert first.settings["radio"] == "00:1A:7D:DA:71:00"
        assert "radio" not in second.settings
        assert first.place.startswith("hci0 (00:1A:7D:DA:71:00) on unix:path=")
        assert second.place.startswith("hci1 (00:1A:7D:DA:71:13) on unix:path=")


async def test_a_radio_that_is_called_by_its_name_has_it(serve: Serve) -> None:
    async with serve({"one": THERMO}, {"radio": "hci3"}) as simulation, scanning() as ear:
        assert "radio" not in simulation.settings
        await services_of(ear)


async def test_the_dead_are_not_heard_and_come_back(serve: Serve) -> None:
    async with serve({"one": THERMO, "two": THERMO}) as simulation, scanning() as ear:
        await ear.until(lambda data: data.local_name == "one")
        await simulation.fault("one", "dead")
        seen = len(ear.heard)
        for _ in range(5):
            await ear.until(lambda data: data.local_name == "two")
        assert {data.local_name for _, data in ear.heard[seen + 1 :]} == {"two"}
        await simulation.fault("one", "well")
        await ear.until(lambda data: data.local_name == "one")


async def test_a_device_with_an_identity_key_changes_its_address_when_it_is_told_to(serve: Serve) -> None:
    hidden = {**THERMO, "identity_key": KEY, "address": None}
    async with serve({"hidden": hidden}) as simulation, scanning() as ear:
        await services_of(ear)
        await simulation.fault("hidden", "new-address")
        before = {found.address for found, _ in ear.heard}
        await ear.until(lambda _: ear.heard[-1][0].address not in before)
        assert len({found.address for found, _ in ear.heard}) == 2


@pytest.mark.parametrize(("fault", "why"), [
    ("asleep", "there is no fault 'asleep', but well, dead, out-of-range, slow, loss"),
    ("replay", "replay: its advertisements are not encrypted"),
    ("loss:200%", "no share"),
])  # fmt: skip
async def test_a_fault_that_makes_no_sense_is_rejected(serve: Serve, fault: str, why: str) -> None:
    async with serve({"thermo": THERMO}) as simulation:
        with pytest.raises(Rejected, match=why):
            await simulation.fault("thermo", fault)


@pytest.mark.parametrize(("options", "why"), [
    ({"tcp": 5}, "there is no tcp for BLE devices"), ({"replay": "air.txt", "loop": False}, "is not played back"),
    ({"every": "1"}, "every"),
    ({"every": "1ms"}, "at least 20ms"),
    ({"moving": "perhaps"}, "moving"),
])  # fmt: skip
def test_options_that_make_no_sense_are_rejected(options: dict[str, Any], why: str) -> None:
    with pytest.raises(Rejected, match=why):
        simulate(BleLink.model_validate({"adapter": "ble"}), {}, options)
