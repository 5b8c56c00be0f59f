"""What is an answer to a command, and what is only told at the same time, or too late."""

import asyncio

from adapters.ble.simulator.bluez import Bluez, Peripheral, Radio
from gateway.model import Result, ResultStatus
from tests.ble.bluez import repeated
from tests.ble.gatt.site import OWN, TOLD, device, sensor, site, until

ASK = {
    "characteristic": OWN,
    "send": {"hex": "00 00 00 01"},
    "answer": {"characteristic": TOLD, "starts": "06", "timeout": "500ms"},
}
GIVEN = device(
    points={"knobs": {"characteristic": OWN, "type": "uint32", "writable": True}}, every="1h", commands={"ask": ASK}
)
TELLING = {**GIVEN, "points": {"told": {"characteristic": TOLD, "type": "bytes", "notify": True}}}
DONE = Result(ResultStatus.DONE, values={"answer": "0642"})


def answering(*answers: bytes, after_s: float = 0.0) -> Peripheral:
    peripheral = sensor()

    def answer(_: bytes) -> None:
        for data in answers:
            asyncio.get_running_loop().call_later(after_s, peripheral.notify, TOLD, data)

    peripheral.characteristic(OWN).write = answer
    return peripheral


async def test_an_answer_that_comes_too_late_is_not_the_next_command_s(radio: Radio) -> None:
    peripheral = answering(b"\x06\x01", after_s=0.7)
    async with site(radio, [peripheral], {"sensor": GIVEN}) as here:
        assert (await here.invoke("ask")).status is ResultStatus.UNKNOWN
        peripheral.characteristic(OWN).write = lambda _: None
        assert (await here.invoke("ask")).status is ResultStatus.UNKNOWN


async def test_where_a_device_tells_other_things_too_its_answer_is_found(radio: Radio) -> None:
    peripheral = answering(b"\x15", b"\x06\x42", after_s=0.1)
    async with (
        site(radio, [peripheral], {"sensor": TELLING}) as here,
        repeated(lambda: peripheral.notify(TOLD, b"\x01")),
    ):
        await here.emitted.sample("sensor", 3)
        assert await here.invoke("ask") == DONE


async def test_where_a_device_only_tells_other_things_nobody_knows_what_came_of_it(radio: Radio) -> None:
    peripheral = answering(b"\x15")
    async with site(radio, [peripheral], {"sensor": TELLING}) as here:
        await until(lambda: peripheral.notify(TOLD, b"\x01"))
        result = await here.invoke("ask")
    assert (result.status, result.reason) == (ResultStatus.UNKNOWN, "timeout")
    assert "told only 15, which is not its answer" in (result.detail or "")


async def test_a_write_that_bluez_puts_off_is_not_made_after_its_deadline(radio: Radio, bluez: Bluez) -> None:
    peripheral, writes = sensor(), list[bytes]()
    peripheral.characteristic(OWN).write = writes.append
    async with site(radio, [peripheral], {"sensor": GIVEN}) as here:
        await here.emitted.sample("sensor")
        busy = bluez.inject("GattCharacteristic1.WriteValue", ("org.bluez.Error.InProgress", "In Progress"))
        result = await here.write(knobs=1, within_s=0.3)
        assert result.status is ResultStatus.UNKNOWN
        await until(lambda: not peripheral.connected)  # what was sent before its deadline has arrived
        bluez.mend(busy)
        assert (await here.write(knobs=2)).status is ResultStatus.DONE
    assert writes == [b"\0\0\0\2"]
