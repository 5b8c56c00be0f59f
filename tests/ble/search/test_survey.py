"""A search with a real scan: by ourselves, and beside a link at work."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from adapters.ble import BleAdapter
from adapters.ble.config import BleDevice, BleLink
from adapters.ble.simulator.bluez import Bluez, Radio
from gateway.adapter import Progress, Rejected, to_nobody
from tests.ble.bluez import SOON_S, repeated

BTHOME = "0000fcd2-0000-1000-8000-00805f9b34fb"
ROOM, TAG, PHONE = "A4:C1:38:56:53:84", "C0:FF:EE:00:00:01", "5A:00:00:00:00:01"
WARM = bytes.fromhex("40 02 CA 09")
"""BTHome v2, its own example: 25.06 °C."""
SEALED = bytes.fromhex("41 A4 72 66 C9 5F 73 00 11 22 33 78 23 72 14")
"""Likewise, encrypted."""
LINK = BleLink.model_validate({"adapter": "ble"})


def around(radio: Radio) -> Callable[[], None]:
    """What devices say, once."""

    def say() -> None:
        radio.advertise(ROOM, -61, name="Cold room", services={BTHOME: WARM})
        radio.advertise(TAG, -80, services={BTHOME: SEALED}, random=True)
        radio.advertise(PHONE, -40, manufacturer={0x004C: b"\x10\x05\x01"}, random=True)

    return say


def device(address: str = ROOM, **settings: Any) -> BleDevice:
    return BleDevice.model_validate({"link": "l", "address": address, "decoder": "bthome", **settings})


async def surveyed(radio: Radio, *, link: BleLink = LINK, **options: Any) -> list[dict[str, Any]]:
    async with repeated(around(radio)):
        return await BleAdapter.survey(link, {}, {"listen": "500ms", **options}, to_nobody)


@asynccontextmanager
async def running(link: BleLink, **devices: BleDevice) -> AsyncIterator[BleAdapter]:
    """Once it hears."""
    adapter = BleAdapter(link, devices, {name: {} for name in devices})
    heard = asyncio.Event()
    work = asyncio.create_task(adapter.run(lambda _item: heard.set()))  # type: ignore[arg-type]  # nobody waits for a disk
    try:
        async with asyncio.timeout(SOON_S):
            await heard.wait()
        yield adapter
    finally:
        work.cancel()
        await asyncio.wait({work})


async def test_who_is_there_is_told_with_what_it_says(radio: Radio) -> None:
    room, tag, phone = await surveyed(radio)

    assert (room["address"], room["name"], room["best_rssi"]) == (ROOM, "Cold room", -61)
    assert room["values"] == {"temperature": {"value": 25.06, "unit": "°C"}}
    assert room["address_type"] == "public"
    assert (tag["encrypted"], tag["key"], tag["address_type"]) == (True, "32 hex digits", "static")
    assert (phone["address_type"], phone["manufacturer"]["0x004c"]["company"]) == ("private", "Apple")
    assert "config" not in phone


async def test_how_far_it_is_is_told_with_who_is_new(radio: Radio) -> None:
    told: list[Progress] = []
    async with repeated(around(radio)):
        await BleAdapter.survey(LINK, {}, {"listen": "500ms"}, told.append)

    assert (told[0].done, told[0].total, told[0].left_s) == (0, 1, 0.5)
    assert told[-1].done == told[-1].total
    assert sorted(each["address"] for progress in told for each in progress.found) == sorted([ROOM, TAG, PHONE])


async def test_only_one_device_may_be_looked_for(radio: Radio) -> None:
    (room,) = await surveyed(radio, address=ROOM)
    assert room["address"] == ROOM


async def test_nobody_there_is_told(bluez: Bluez, radio: Radio) -> None:
    told: list[Progress] = []
    assert await BleAdapter.survey(LINK, {"cold": device()}, {"listen": "100ms"}, told.append) == []
    assert [note.split(":")[0] for note in told[-1].notes] == [
        "nothing was heard",
        "cold, which is configured, was not heard",
    ]
    assert bluez.running


async def test_without_a_radio_the_reason_is_told(bluez: Bluez) -> None:
    with pytest.raises(Rejected, match="there is no Bluetooth radio") as caught:
        await BleAdapter.survey(LINK, {}, {"listen": "500ms"}, to_nobody)
    assert (caught.value.reason, bluez.running) == ("no-link", True)


async def test_of_several_radios_one_must_be_named(bluez: Bluez, radio: Radio) -> None:
    bluez.add_radio("00:1A:7D:DA:71:14", "hci1")
    with pytest.raises(Rejected, match=f"several radios, {radio.address}") as caught:
        await BleAdapter.survey(LINK, {}, {"listen": "500ms"}, to_nobody)
    assert caught.value.reason == "malformed"


async def test_a_radio_that_is_pulled_out_ends_the_search(radio: Radio) -> None:
    def pull(progress: Progress) -> None:
        if progress.done:
            radio.remove()

    async with repeated(around(radio)):
        with pytest.raises(Rejected, match="is gone"):
            await BleAdapter.survey(LINK, {}, {"listen": "1min"}, pull)


async def test_beside_a_link_at_work_all_is_heard_and_known_ones_are_named(radio: Radio) -> None:
    async with repeated(around(radio)), running(LINK, cold=device()) as adapter:
        room, *others = await adapter.scan({"listen": "500ms"})

    assert (room["device"], room["values"]["temperature"]["value"]) == ("cold", 25.06)
    assert "config" not in room
    assert {each["address"] for each in others} == {TAG, PHONE}


async def test_a_link_without_its_radio_has_nothing_to_listen_with() -> None:
    with pytest.raises(Rejected) as caught:
        await BleAdapter(LINK, {}, {}).scan({})
    assert caught.value.reason == "no-link"


def test_only_where_a_link_does_not_scan_a_search_needs_the_radio_for_itself() -> None:
    assert not BleAdapter.scans_alone(LINK, {})
    assert BleAdapter.scans_alone(LINK.model_copy(update={"scan": "off"}), {})
    with pytest.raises(Rejected):
        BleAdapter.scans_alone(LINK, {"units": "1"})
