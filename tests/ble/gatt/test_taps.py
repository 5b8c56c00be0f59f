import asyncio
from typing import Any

import pytest

from adapters.ble.air.frame import is_advertisement
from adapters.ble.simulator.bluez import AttError, Radio
from gateway.adapter import Direction
from gateway.model import DeviceState
from tests.ble.gatt.site import LEVEL, NAMED, OWN, SENSOR, TOLD, Site, device, sensor, site

Shown = tuple[Direction, bytes]

OWN_POINT = {"characteristic": OWN, "type": "uint32", "writable": True, "every": "1h"}


class Seen(list[Shown]):
    """What went over connections, without the address."""

    def __init__(self, here: Site) -> None:
        super().__init__()
        self._here = here
        here.adapter.tap(self._take)

    def _take(self, direction: Direction, data: bytes) -> None:
        if not is_advertisement(data):
            assert data[:6] == bytes.fromhex(SENSOR.replace(":", ""))
            self.append((direction, data[6:]))
            self._here.emitted.news()

    async def until(self, *wanted: Shown) -> None:
        """Until these were, in this order, among others."""
        await self._here.emitted.until(lambda: [each for each in self if each in wanted] == [*wanted])


def points(**given: Any) -> dict[str, Any]:
    return {"sensor": device(points=given, every="1h")}


async def test_a_read_is_a_request_and_a_response(radio: Radio) -> None:
    peripheral = sensor()
    peripheral.characteristic(OWN).value = b"\x01\x02\x03\x04"
    handle = peripheral.characteristic(OWN).handle + 1
    async with site(radio, [peripheral], points(own=OWN_POINT)) as here:
        await here.emitted.sample("sensor")
        seen = Seen(here)
        await here.read("own")
    assert seen[-2:] == [("tx", b"\x0a" + handle.to_bytes(2, "little")), ("rx", b"\x0b\x01\x02\x03\x04")]


async def test_a_descriptor_is_read_by_its_own_handle(radio: Radio) -> None:
    peripheral = sensor()
    (named,) = peripheral.characteristic(OWN).descriptors
    point = {"characteristic": OWN, "descriptor": NAMED, "type": "string", "length": 5}
    async with site(radio, [peripheral], points(name=point)) as here:
        await here.emitted.sample("sensor")
        seen = Seen(here)
        await here.read("name")
    assert seen[-2:] == [("tx", b"\x0a" + named.handle.to_bytes(2, "little")), ("rx", b"\x0bknobs")]


@pytest.mark.parametrize(
    ("mode", "op", "answer"), [("with-response", b"\x12", [("rx", b"\x13")]), ("without-response", b"\x52", [])]
)
async def test_a_write_is_seen_as_the_audit_is_told_of_it(
    radio: Radio, mode: str, op: bytes, answer: list[Shown]
) -> None:
    peripheral, wrote = sensor(), list[bytes]()
    handle = (peripheral.characteristic(OWN).handle + 1).to_bytes(2, "little")
    async with site(radio, [peripheral], points(own={**OWN_POINT, "write": mode})) as here:
        await here.emitted.sample("sensor")
        seen = Seen(here)
        await here.execute("sensor", 10, wrote.append, write={"own": 0x01020304})
    assert seen == [("tx", op + handle + b"\x01\x02\x03\x04"), *answer]
    assert [each[6:] for each in wrote] == [seen[0][1]]


async def test_a_refusal_is_an_error_response(radio: Radio) -> None:
    peripheral = sensor()

    def refuse(_: bytes) -> None:
        raise AttError(0x13)

    peripheral.characteristic(OWN).write = refuse
    handle = (peripheral.characteristic(OWN).handle + 1).to_bytes(2, "little")
    async with site(radio, [peripheral], points(own=OWN_POINT)) as here:
        await here.emitted.sample("sensor")
        seen = Seen(here)
        await here.write(own=1)
    assert seen[-1] == ("rx", b"\x01\x12" + handle + b"\x13")


@pytest.mark.parametrize(("flag", "op"), [("notify", b"\x1b"), ("indicate", b"\x1d")])
async def test_what_a_device_tells_by_itself_is_seen(radio: Radio, flag: str, op: bytes) -> None:
    peripheral = sensor()
    peripheral.characteristic(TOLD).flags = [flag]
    handle = (peripheral.characteristic(TOLD).handle + 1).to_bytes(2, "little")
    told = {"characteristic": TOLD, "type": "uint8", "notify": True}
    async with site(radio, [peripheral], points(count=told)) as here:
        await here.emitted.state("sensor", DeviceState.ONLINE)
        seen = Seen(here)
        peripheral.notify(TOLD, b"\x07")
        await seen.until(("rx", op + handle + b"\x07"))


async def test_what_bluez_only_repeats_of_a_read_is_not_seen_as_told(radio: Radio) -> None:
    peripheral = sensor()
    level = {"characteristic": LEVEL, "type": "uint8", "notify": True}
    async with site(radio, [peripheral], points(level=level)) as here:
        await here.emitted.sample("sensor")
        seen = Seen(here)
        await here.read("level")
        peripheral.notify(LEVEL, b"\x01")
        await here.emitted.until(lambda: here.emitted.values("sensor") == {"level": 1})
    assert [data[:1] for _, data in seen] == [b"\x0a", b"\x0b", b"\x1b"]


async def test_a_tap_that_fails_is_taken_off_and_told_of(radio: Radio) -> None:
    told: list[BaseException] = []

    def fails(_direction: Direction, _data: bytes) -> None:
        raise LookupError("a bug in what looks on")

    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: told.append(context["exception"]))
    async with site(radio, [sensor()], {"sensor": device(points={"own": OWN_POINT | {"every": "50ms"}})}) as here:
        await here.emitted.sample("sensor")
        here.adapter.tap(fails)
        await here.emitted.sample("sensor", 3)
        assert not here.emitted.bad("sensor")
    assert [type(error) for error in told] == [LookupError]
