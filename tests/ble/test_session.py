import asyncio
import sys
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import pytest

from adapters.ble import BleAdapter
from adapters.ble.config import BleDevice, BleLink
from adapters.ble.simulator.bluez import Bluez, Radio
from gateway.adapter import AdapterError, Direction, PermanentError, Rejected
from gateway.model import Command, DeviceState, Relearned, ResultStatus
from tests.ble.air.aloft import SENSOR, left_open, until
from tests.ble.bluez import repeated
from tests.support.emitted import Emitted, running, untold

FCD2 = "0000fcd2-0000-1000-8000-00805f9b34fb"
WARM = bytes.fromhex("40 02 C409")
"""BTHome version 2, not encrypted: 25.00 °C."""


def adapter(memory: dict[str, dict[str, Any]] | None = None, **device: Any) -> BleAdapter:
    settings = {"link": "radio", "address": SENSOR, "decoder": "bthome", "points": {"temperature": {}}, **device}
    devices = {"oven": BleDevice.model_validate(settings)}
    known: Mapping[str, Any] = defaultdict(dict) if memory is None else memory
    link = BleLink.model_validate({"adapter": "ble"})
    return BleAdapter(link, BleAdapter.complete(link, devices, known), known)


def reading(point: str, within_s: float = 10.0) -> Command:
    return Command("c-1", "oven", asyncio.get_running_loop().time() + within_s, read=(point,))


def say(radio: Radio, data: bytes = WARM, address: str = SENSOR) -> None:
    radio.advertise(address, -60, services={FCD2: data})


async def test_what_a_device_advertises_becomes_a_sample(radio: Radio) -> None:
    async with running(adapter()) as emitted, repeated(lambda: say(radio)):
        await emitted.sample("oven")
        await emitted.state("oven", DeviceState.ONLINE)
    assert emitted.values("oven") == {"temperature": 25.0}


async def test_what_is_said_again_is_told_once_and_counted(radio: Radio) -> None:
    served = adapter()
    async with running(served) as emitted, repeated(lambda: say(radio)):
        await emitted.sample("oven")
        await until(lambda: served.counters().get("collapsed", 0) > 10)
        assert len(emitted.samples("oven")) == 1


async def test_strangers_are_counted(radio: Radio) -> None:
    served = adapter()
    async with running(served), repeated(lambda: say(radio, address="C0:FF:EE:00:00:02")):
        await until(lambda: served.counters().get("strangers"))
    assert served.counters()["strangers"] > 0


async def test_a_device_that_falls_silent_is_offline(radio: Radio) -> None:
    async with running(adapter(stale_after="500ms")) as emitted:
        async with repeated(lambda: say(radio)):
            await emitted.state("oven", DeviceState.ONLINE)
        await emitted.state("oven", DeviceState.OFFLINE)


async def test_points_that_nobody_named_are_learned(radio: Radio, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adapters.ble.heard.learned.SETTLED_S", 0.2)
    memory: dict[str, dict[str, Any]] = {"oven": {}}
    async with running(adapter(memory, points={})) as emitted, repeated(lambda: say(radio)):
        await emitted.until(lambda: any(isinstance(item, Relearned) for item in emitted.items))
    async with running(adapter(memory, points={})) as emitted, repeated(lambda: say(radio)):
        await emitted.until(lambda: 25.0 in [value for each in emitted.samples("oven") for value in each.values])


async def test_a_point_that_is_advertised_is_read_as_it_was_heard_last(radio: Radio) -> None:
    served = adapter()
    async with running(served) as emitted, repeated(lambda: say(radio)):
        await emitted.sample("oven")
        result = await served.execute(reading("temperature"), untold)
    assert (result.status, result.values) == (ResultStatus.DONE, {"temperature": 25.0})


async def test_who_reads_a_point_that_was_not_heard_yet_waits_for_it(radio: Radio) -> None:
    served = adapter()
    async with running(served):
        await until(lambda: served.counters().get("heard") is not None)
        read = asyncio.create_task(served.execute(reading("temperature"), untold))
        async with repeated(lambda: say(radio)):
            assert (await read).values == {"temperature": 25.0}


async def test_who_reads_what_is_not_heard_in_time_is_told_so(radio: Radio) -> None:
    served = adapter()
    async with running(served):
        await until(lambda: served.counters().get("heard") is not None)
        result = await served.execute(reading("temperature", within_s=0.05), untold)
    assert (result.status, result.reason) == (ResultStatus.UNREACHABLE, "timeout")


async def test_what_is_asked_too_late_has_expired_also_where_it_is_known(radio: Radio) -> None:
    served = adapter()
    async with running(served) as emitted, repeated(lambda: say(radio)):
        await emitted.sample("oven")
        assert (await served.execute(reading("temperature", within_s=-1), untold)).status is ResultStatus.EXPIRED


async def test_without_its_radio_a_device_is_unreachable() -> None:
    result = await adapter().execute(reading("temperature"), untold)
    assert (result.status, result.reason) == (ResultStatus.UNREACHABLE, "no-link")


async def test_what_a_device_does_not_have_is_rejected(radio: Radio) -> None:
    with pytest.raises(Rejected, match="no point 'pressure'"):
        await adapter().execute(reading("pressure"), untold)


async def test_who_looks_on_sees_each_advertisement(radio: Radio) -> None:
    seen: list[tuple[Direction, bytes]] = []
    served = adapter()
    async with running(served), repeated(lambda: say(radio)):
        served.tap(lambda direction, data: seen.append((direction, data)))
        await until(lambda: seen)
        served.tap(None)
    direction, data = seen[0]
    assert (direction, data[:7], data[7:14]) == ("rx", bytes.fromhex("C0FFEE000001C4"), b"\x07\x16\xd2\xfc" + WARM[:3])


async def test_a_lost_radio_ends_the_adapter_in_words_and_a_fresh_one_goes_on(radio: Radio) -> None:
    emitted = Emitted()
    served = asyncio.create_task(adapter().run(emitted))
    async with repeated(lambda: say(radio)):
        await emitted.sample("oven")
        radio.set_powered(False)
        with pytest.raises(AdapterError, match="is switched off"):
            await served
    async with running(adapter()) as emitted, repeated(lambda: say(radio)):
        await emitted.sample("oven")


async def test_a_cancelled_adapter_leaves_nothing_open(radio: Radio) -> None:
    async with running(adapter()) as emitted, repeated(lambda: say(radio)):
        await emitted.sample("oven")
    assert left_open() == []


async def test_an_adapter_that_is_cancelled_while_it_opens_leaves_nothing_open(bluez: Bluez, radio: Radio) -> None:
    bluez.inject("ObjectManager.GetManagedObjects", hang=True)
    async with running(adapter()):
        await asyncio.sleep(0.05)
    assert left_open() == []


async def test_without_its_extra_the_adapter_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith(("adapters.ble.session", "adapters.ble.air"))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "dbus_fast", None)
    with pytest.raises(PermanentError, match=r"pip install 'fieldgate\[ble\]'"):
        await adapter().run(Emitted())
