"""A search at the link's own settings, beside what the adapter does there."""

import asyncio
from typing import Any

import pytest

from adapters.serial import SerialAdapter
from gateway.adapter import Direction, Rejected
from tests.serial.search.samples import SAMPLES
from tests.serial.test_adapter_listens import SCALE
from tests.serial.test_adapter_ports import adapter, at_work
from tests.support.patience import HANG_S

AS_SET = {"as_set": True, "listen": f"{HANG_S}s"}


async def test_what_devices_say_is_heard_while_they_are_served() -> None:
    seen: list[tuple[Direction, bytes]] = []
    async with at_work(SCALE) as (served, emitted, far, _):
        served.tap(lambda direction, data: seen.append((direction, data)))
        search = asyncio.ensure_future(served.scan(AS_SET))
        while not search.done():
            far.say(b"".join(SAMPLES["scale"].said))
            await asyncio.sleep(0.05)
        found: list[dict[str, Any]] = search.result()
        before = len(emitted.samples("d"))
        far.say(b"ST,GS,   12.34kg\r\n")
        await emitted.until(lambda: len(emitted.samples("d")) > before)

    assert (found[0]["setting"], found[0]["link"]["framing"]) == ("9600 8N1", SAMPLES["scale"].framing)
    assert seen[-1][0] == "rx"


async def test_there_is_nothing_to_hear_without_a_connection() -> None:
    with pytest.raises(Rejected) as caught:
        await adapter("/dev/no-such", SCALE).scan(AS_SET)

    assert caught.value.reason == "no-link"


def test_only_the_links_own_settings_leave_the_link_to_its_devices() -> None:
    link = SerialAdapter.link_to("/dev/ttyS0")

    assert SerialAdapter.scans_alone(link, {})
    assert not SerialAdapter.scans_alone(link, AS_SET)
    with pytest.raises(Rejected):
        SerialAdapter.scans_alone(link, {"units": "1"})
