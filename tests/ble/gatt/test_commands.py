import asyncio
from typing import Any

import pytest

from adapters.ble.simulator.bluez import AttError, Bluez, Peripheral, Radio
from gateway.adapter import Rejected
from gateway.model import BadReason, Result, ResultStatus
from tests.ble.gatt.site import LEVEL, NAMED, OWN, SENSOR, TEMPERATURE, TOLD, device, sensor, site, until

POINTS = {
    "a": {"characteristic": OWN, "type": "uint8", "at": 0, "writable": True},
    "b": {"characteristic": OWN, "type": "uint8", "at": 2, "writable": True},
    "all": {"characteristic": OWN, "type": "uint32", "writable": True, "verify": True},
    "quick": {"characteristic": OWN, "type": "uint32", "writable": True, "write": "without-response"},
    "near": {"characteristic": OWN, "type": "uint32", "writable": True, "verify": {"tolerance": 2}},
    "level": {"characteristic": LEVEL, "type": "uint8", "writable": True},
    "count": {"characteristic": TOLD, "type": "uint8", "every": "1h"},
}
COMMANDS = {
    "open": {"characteristic": OWN, "send": {"hex": "01 02 03 {code:uint8}"}, "args": {"code": {"type": "int"}}},
    "ask": {
        "characteristic": OWN,
        "send": {"hex": "00 00 00 01"},
        "answer": {"characteristic": TOLD, "starts": "06", "timeout": "1s"},
    },
    "look": {"characteristic": OWN, "send": {"hex": "00 00 00 01"}, "answer": {"by": "read"}},
}
GIVEN = device(points=POINTS, every="1h", commands=COMMANDS)
UNSURE = "it may or may not have happened"


def value(peripheral: Peripheral) -> bytes:
    return peripheral.characteristic(OWN).value


async def test_a_field_is_written_and_what_stands_beside_it_stays(radio: Radio) -> None:
    peripheral = sensor()
    peripheral.characteristic(OWN).value = b"\x01\x02\x03\x04"
    async with site(radio, [peripheral], {"sensor": GIVEN}) as here:
        assert await here.write(b=9) == Result(ResultStatus.DONE, values={"b": 9})
    assert value(peripheral) == b"\x01\x02\x09\x04"


async def test_several_points_of_a_characteristic_are_written_at_once(radio: Radio) -> None:
    peripheral, writes = sensor(), list[bytes]()
    peripheral.characteristic(OWN).write = writes.append
    async with site(radio, [peripheral], {"sensor": GIVEN}) as here:
        assert (await here.write(a=1, b=2)).values == {"a": 1, "b": 2}
    assert writes == [b"\x01\x00\x02\x00"]


async def test_what_is_written_without_response_is_written(radio: Radio) -> None:
    peripheral = sensor()
    async with site(radio, [peripheral], {"sensor": GIVEN}) as here:
        assert (await here.write(quick=258)).status is ResultStatus.DONE
        assert (await here.read("all")).values == {"all": 258}


async def test_the_audit_is_told_of_what_goes_out_when_it_does(radio: Radio) -> None:
    wrote: list[bytes] = []
    async with site(radio, [sensor()], {"sensor": GIVEN}) as here:
        await here.execute("sensor", 10, wrote.append, write={"all": 1})
    (frame,) = wrote
    assert frame[:7] == bytes.fromhex(SENSOR.replace(":", "")) + b"\x12"
    assert frame[9:] == b"\x00\x00\x00\x01"


async def test_a_written_value_is_read_back(radio: Radio) -> None:
    async with site(radio, [sensor()], {"sensor": GIVEN}) as here:
        assert await here.write(all=77) == Result(ResultStatus.DONE, values={"all": 77})


async def test_a_value_that_is_not_there_then_has_failed(radio: Radio) -> None:
    peripheral = sensor()
    peripheral.characteristic(OWN).write = lambda _: None
    async with site(radio, [peripheral], {"sensor": GIVEN}) as here:
        result = await here.write(all=77)
    assert (result.status, result.reason) == (ResultStatus.FAILED, "read-back-differs")
    assert result.detail == "all: 77 was written and accepted, but 0 was read back"
    assert result.values == {"all": 0}


async def test_what_is_near_enough_is_done(radio: Radio) -> None:
    peripheral = sensor()

    def less(data: bytes) -> None:
        peripheral.characteristic(OWN).value = data[:3] + bytes([data[3] - 2])

    peripheral.characteristic(OWN).write = less
    async with site(radio, [peripheral], {"sensor": GIVEN}) as here:
        assert (await here.write(near=7)).status is ResultStatus.DONE
        assert (await here.write(all=7)).status is ResultStatus.FAILED


async def test_what_can_not_be_read_back_is_not_known(radio: Radio) -> None:
    peripheral = sensor()
    peripheral.characteristic(OWN).flags = ["write"]
    async with site(radio, [peripheral], {"sensor": GIVEN}) as here:
        result = await here.write(all=77)
    assert (result.status, result.reason) == (ResultStatus.UNKNOWN, "not-verified")
    assert value(peripheral) == b"\x00\x00\x00\x4d"


async def test_a_refused_write_has_failed_in_words(radio: Radio) -> None:
    peripheral = sensor()

    def refuse(_: bytes) -> None:
        raise AttError(0x13)

    peripheral.characteristic(OWN).write = refuse
    async with site(radio, [peripheral], {"sensor": GIVEN}) as here:
        result = await here.write(quick=1, all=1)
        refused = await here.write(all=1)
    assert refused.status is ResultStatus.FAILED
    assert refused.reason == BadReason.DEVICE_ERROR
    assert "does not take that value" in (refused.detail or "")
    assert result.status is ResultStatus.FAILED
    assert (result.detail or "").startswith("written: quick; then ")


async def test_what_can_not_be_written_is_not_sent(radio: Radio) -> None:
    wrote: list[bytes] = []
    async with site(radio, [sensor()], {"sensor": GIVEN}) as here:
        result = await here.execute("sensor", 10, wrote.append, write={"level": 1})
    assert result.status is ResultStatus.FAILED
    assert result.detail == "nothing was written: battery_level can't be written: it offers only read, notify"
    assert not wrote


@pytest.mark.parametrize(
    ("what", "reason"),
    [
        ({"write": {"a": 256}}, "out-of-range"),
        ({"write": {"nothing": 1}}, "unknown-point"),
        ({"write": {"count": 1}}, "not-writable"),
        ({"read": ("nothing",)}, "unknown-point"),
        ({"invoke": "nothing"}, "unknown-command"),
        ({"invoke": "open", "args": {"code": 300}}, "out-of-range"),
    ],
)
async def test_what_makes_no_sense_is_rejected_before_anybody_connects(
    radio: Radio, what: dict[str, Any], reason: str
) -> None:
    given = device(points={"a": POINTS["a"]} | {"count": POINTS["count"]}, every="1h", commands=COMMANDS)
    async with site(radio, [], {"sensor": given}) as here:
        with pytest.raises(Rejected) as rejected:
            await here.execute("sensor", 10, **what)
    assert rejected.value.reason == reason


async def test_points_are_read_on_demand_and_refusals_beside_values(radio: Radio) -> None:
    async with site(radio, [sensor()], {"sensor": GIVEN}) as here:
        result = await here.read("a", "count")
    assert result.status is ResultStatus.DONE
    assert result.values == {"a": 0}
    assert result.bad["count"].reason is BadReason.DEVICE_ERROR
    assert "does not let that be read" in (result.detail or "")


async def test_a_named_command_is_written_with_its_arguments(radio: Radio) -> None:
    peripheral = sensor()
    async with site(radio, [peripheral], {"sensor": GIVEN}) as here:
        assert (await here.invoke("open", code=4)).status is ResultStatus.DONE
    assert value(peripheral) == b"\x01\x02\x03\x04"


def answering(data: bytes) -> Peripheral:
    peripheral = sensor()
    peripheral.characteristic(OWN).write = lambda _: peripheral.notify(TOLD, data)
    return peripheral


async def test_the_answer_of_a_command_is_its_result(radio: Radio) -> None:
    async with site(radio, [answering(b"\x06\x42")], {"sensor": GIVEN}) as here:
        assert await here.invoke("ask") == Result(ResultStatus.DONE, values={"answer": "0642"})
        assert await here.invoke("ask") == Result(ResultStatus.DONE, values={"answer": "0642"})


async def test_another_answer_is_a_failure(radio: Radio) -> None:
    async with site(radio, [answering(b"\x15")], {"sensor": GIVEN}) as here:
        result = await here.invoke("ask")
    assert result.status is ResultStatus.FAILED
    assert result.detail == "it answered 15, and should begin with 06"


async def test_no_answer_leaves_it_unknown(radio: Radio) -> None:
    async with site(radio, [sensor()], {"sensor": GIVEN}) as here:
        result = await here.invoke("ask")
    assert (result.status, result.reason) == (ResultStatus.UNKNOWN, "timeout")


async def test_an_answer_may_be_read(radio: Radio) -> None:
    async with site(radio, [sensor()], {"sensor": GIVEN}) as here:
        assert (await here.invoke("look")).values == {"answer": "00000001"}


async def test_a_write_without_an_answer_is_unknown(radio: Radio, bluez: Bluez) -> None:
    bluez.inject("GattCharacteristic1.WriteValue", hang=True, times=1)
    given = device(points=POINTS, every="1h", gatt={"timeout": "200ms"})
    async with site(radio, [sensor()], {"sensor": given}) as here:
        result = await here.write(all=1)
        assert (result.status, result.reason) == (ResultStatus.UNKNOWN, "timeout")
        assert UNSURE in (result.detail or "")
        assert (await here.write(all=2)).status is ResultStatus.DONE


async def test_a_device_that_vanishes_in_a_write_leaves_it_unknown(radio: Radio) -> None:
    peripheral = sensor()

    async def vanish(_: bytes) -> None:
        radio.vanish(peripheral.address)
        await asyncio.Event().wait()

    peripheral.characteristic(OWN).write = vanish
    async with site(radio, [peripheral], {"sensor": GIVEN}) as here:
        result = await here.write(all=1)
    assert (result.status, result.reason) == (ResultStatus.UNKNOWN, "no-link")
    assert UNSURE in (result.detail or "")


async def test_a_connection_that_went_down_before_anything_was_sent_is_made_again(radio: Radio) -> None:
    peripheral, reads = sensor(), 0

    def read() -> bytes:
        nonlocal reads
        reads += 1
        if reads == 2:
            peripheral.hang_up()
        return bytes(4)

    peripheral.characteristic(OWN).read = read
    async with site(radio, [peripheral], {"sensor": device(points={"a": POINTS["a"]}, every="1h")}) as here:
        await here.emitted.sample("sensor")
        assert (await here.write(a=1)).status is ResultStatus.DONE
    assert value(peripheral) == b"\x01\x00\x00\x00"


async def test_a_device_that_takes_no_connection_is_unreachable(radio: Radio) -> None:
    given = device(points=POINTS, every="1h", gatt={"attempts": 1})
    async with site(radio, [sensor(connect_s=None)], {"sensor": given}, connect_timeout="300ms") as here:
        result = await here.write(all=1)
    assert (result.status, result.reason) == (ResultStatus.UNREACHABLE, "unreachable")


async def test_a_command_to_a_device_that_is_not_heard_until_its_deadline_is_unreachable(radio: Radio) -> None:
    async with site(radio, [], {"sensor": GIVEN}) as here:
        result = await here.write(all=1, within_s=0.3)
    assert (result.status, result.reason) == (ResultStatus.UNREACHABLE, "out-of-range")


async def test_a_command_to_a_device_that_takes_no_connection_until_its_deadline_is_unreachable(radio: Radio) -> None:
    async with site(radio, [sensor(connect_s=None)], {"sensor": GIVEN}) as here:
        await until(lambda: here.adapter.counters()["connect_tries"])
        result = await here.write(all=1, within_s=0.1)
    assert (result.status, result.reason) == (ResultStatus.UNREACHABLE, "unreachable")


async def test_a_command_that_only_others_have_kept_from_its_device_expires(radio: Radio) -> None:
    busy, free = sensor("C0:FF:EE:00:00:11", connect_s=None), sensor()
    heard_only = device(decoder="bthome", points={"temperature": {}}, commands=COMMANDS)
    given = {"busy": device(busy.address, points=POINTS, every="1h"), "sensor": heard_only}
    async with site(radio, [busy, free], given, connections=1) as here:
        await until(lambda: here.adapter.counters()["connect_tries"])
        result = await here.invoke("open", code=1, within_s=0.1)
    assert result.status is ResultStatus.EXPIRED


async def test_after_its_deadline_nothing_is_sent(radio: Radio) -> None:
    wrote: list[bytes] = []
    async with site(radio, [sensor()], {"sensor": GIVEN}) as here:
        await here.emitted.sample("sensor")
        result = await here.execute("sensor", -1.0, wrote.append, write={"all": 1})
    assert result.status is ResultStatus.EXPIRED
    assert not wrote


async def test_a_command_goes_before_the_reads_that_are_left(radio: Radio) -> None:
    peripheral, order = sensor(), list[str]()

    async def slow() -> bytes:
        order.append("read")
        await asyncio.sleep(0.1)
        return b"\x01"

    peripheral.characteristic(LEVEL).read = slow
    peripheral.characteristic(OWN).write = lambda _: order.append("write")
    points = {"level": {"characteristic": LEVEL, "type": "uint8"}, "all": POINTS["quick"]}
    async with site(radio, [peripheral], {"sensor": device(points=points)}) as here:
        for _ in range(5):
            await here.write(all=1)
    assert order.count("write") == 5
    assert order.count("read") < 15


async def test_many_commands_leave_reads_their_share(radio: Radio) -> None:
    points = {"level": {"characteristic": LEVEL, "type": "uint8"}, "all": POINTS["quick"]}
    async with site(radio, [sensor()], {"sensor": device(points=points)}) as here:
        await here.emitted.sample("sensor")
        reading = asyncio.create_task(here.emitted.sample("sensor", 5))
        while not reading.done():
            await asyncio.gather(*(here.write(all=number) for number in range(4)))
        await reading


async def test_a_write_that_is_cut_short_by_the_end_of_the_adapter_is_unknown(radio: Radio) -> None:
    peripheral, arrived = sensor(), asyncio.Event()

    async def hang(_: bytes) -> None:
        arrived.set()
        await asyncio.Event().wait()

    peripheral.characteristic(OWN).write = hang
    async with site(radio, [peripheral], {"sensor": GIVEN}) as here:
        writing = asyncio.create_task(here.write(all=1))
        await arrived.wait()
    result = await writing
    assert (result.status, result.reason) == (ResultStatus.UNKNOWN, "no-link")
    assert UNSURE in (result.detail or "")


async def test_a_descriptor_is_written(radio: Radio) -> None:
    peripheral = sensor()
    descriptor = peripheral.characteristic(OWN).descriptors[-1]
    descriptor.flags = ["read", "write"]
    points = {"label": {"characteristic": OWN, "descriptor": NAMED, "type": "string", "writable": True, "verify": True}}
    async with site(radio, [peripheral], {"sensor": device(points=points, every="1h")}) as here:
        assert (await here.write(label="dials")).status is ResultStatus.DONE
    assert descriptor.value == b"dials"


async def test_what_settles_first_is_left_to_be_read_back_later(radio: Radio) -> None:
    peripheral = sensor()
    peripheral.characteristic(OWN).write = lambda _: None
    point = {"characteristic": OWN, "type": "uint32", "writable": True, "verify": {"settle": "1s"}}
    async with site(radio, [peripheral], {"sensor": device(points={"all": point}, every="1h")}) as here:
        assert await here.write(all=7) == Result(ResultStatus.DONE, values={"all": 7})


async def test_what_is_longer_than_a_packet_goes_with_response_only(radio: Radio) -> None:
    peripheral = sensor(mtu=23)
    points = {
        "long": {"characteristic": OWN, "type": "string", "writable": True, "verify": True},
        "quick": {"characteristic": OWN, "type": "string", "writable": True, "write": "without-response"},
    }
    async with site(radio, [peripheral], {"sensor": device(points=points, every="1h")}) as here:
        assert (await here.write(long="x" * 300)).status is ResultStatus.DONE
        result = await here.write(quick="x" * 300)
    assert result.detail == "nothing was written: 300 bytes are more than the 20 that go without response"


async def test_a_standard_characteristic_is_written_in_its_format(radio: Radio) -> None:
    peripheral = sensor()
    peripheral.characteristic(TEMPERATURE).flags = ["read", "write"]
    points = {"goal": {"characteristic": "temperature", "writable": True, "verify": True}}
    async with site(radio, [peripheral], {"sensor": device(points=points, every="1h")}) as here:
        assert (await here.write(goal=19.5)).values == {"goal": 19.5}
    assert peripheral.characteristic(TEMPERATURE).value == (1950).to_bytes(2, "little")
