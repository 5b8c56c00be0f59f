"""Which requests a command becomes, by the settings of its device; against a real server."""

import asyncio
from typing import Any

import pytest
from pymodbus.constants import ExcCodes

from gateway.adapter import Rejected
from gateway.model import BadReason, Command, Result, ResultStatus, Value
from tests.modbus.faulty import FaultyServer, faulty_server, hang, well
from tests.modbus.setup import adapter_to, device
from tests.support.device import READS, Device
from tests.support.emitted import running, untold
from tests.support.modbus import ModbusServer

POINTS: dict[str, dict[str, Any]] = {
    "a": {"address": 10, "writable": True},
    "b": {"address": 11, "writable": True},
    "far": {"address": 13, "writable": True},
    "long": {"address": 14, "type": "uint32", "writable": True},
    "before": {"address": 19, "writable": True},
    "low": {"address": 20, "bits": "0..3", "writable": True},
    "mid": {"address": 20, "bits": "4..7", "writable": True},
    "flag": {"address": 20, "bits": 15, "type": "bool", "writable": True},
    "upper": {"address": 21, "type": "uint8", "byte": "high", "writable": True},
    "across": {"address": 24, "type": "uint32", "bits": "12..19", "writable": True},
    "c0": {"address": 0, "table": "coil", "type": "bool", "writable": True},
    "c1": {"address": 1, "table": "coil", "type": "bool", "writable": True},
    "power": {"address": 31, "type": "int16", "writable": True},
    "scaled": {"address": 30, "type": "int16", "scale_from": 31, "writable": True, "verify": True},
}
WORDS = {name: point for name, point in POINTS.items() if name not in {"long", "across"}}
Asked = list[tuple[int, int, list[int] | list[bool] | None]]


async def write(server: ModbusServer, values: dict[str, Value], **more: Any) -> tuple[Result, Asked]:
    """What becomes of it, and the requests: function, address and, of writes, values."""
    points = WORDS if more.get("write") == "single" else POINTS
    adapter = adapter_to(server.port, {"d": device(points, every="1h", **more)})
    wire: list[bytes] = []
    async with running(adapter) as emitted:
        await emitted.sample("d")
        server.requests.clear()
        deadline_s = asyncio.get_running_loop().time() + 5
        result = await adapter.execute(Command("c", "d", deadline_s, write=values), wire.append)
    asked: Asked = []
    for function, address, _, written in server.requests:
        if asked[-1:] and asked[-1][:2] == (function, address) and function not in READS:
            asked[-1] = (function, address, written or asked[-1][2])  # the server looks more than once
        else:
            asked.append((function, address, written))
    assert [frame[7] for frame in wire] == [function for function, *_ in asked if function not in READS]
    return result, asked


@pytest.mark.parametrize(
    ("values", "more", "asked"),
    [
        ({"a": 1, "b": 2}, {}, [(16, 10, [1, 2])]),
        ({"b": 2, "a": 1}, {}, [(16, 10, [1, 2])]),
        ({"a": 1, "far": 3, "b": 2}, {}, [(6, 10, [1]), (6, 13, [3]), (6, 11, [2])]),
        ({"far": 3, "long": 0x10002}, {}, [(16, 13, [3, 1, 2])]),
        ({"c1": False, "c0": True}, {}, [(15, 0, [True, False])]),
        ({"c0": True, "a": 1}, {}, [(5, 0, [True]), (6, 10, [1])]),
        ({"c0": True, "a": 1}, {"write": "multiple"}, [(15, 0, [True]), (16, 10, [1])]),
        ({"a": 1, "b": 2, "c1": True, "c0": True}, {"write": "single"},
         [(6, 10, [1]), (6, 11, [2]), (5, 1, [True]), (5, 0, [True])]),
        ({"low": 5}, {}, [(3, 20, None), (6, 20, [0xAAA5])]),
        ({"low": 5}, {"write": "multiple"}, [(3, 20, None), (16, 20, [0xAAA5])]),
        ({"mid": 3, "flag": False, "low": 5}, {}, [(3, 20, None), (6, 20, [0x2A35])]),
        ({"mid": 3, "flag": False, "low": 5}, {"write": "single"}, [(3, 20, None), (6, 20, [0x2A35])]),
        ({"low": 5, "upper": 7}, {}, [(3, 20, None), (16, 20, [0xAAA5, 0x07AA])]),
        ({"before": 1, "low": 5}, {}, [(3, 20, None), (16, 19, [1, 0xAAA5])]),
        ({"across": 0x5F}, {}, [(3, 24, None), (16, 24, [0xAAA5, 0xFAAA])]),
        ({"mid": 3, "flag": False, "low": 5}, {"mask_write": True}, [(22, 20, [0x2A35])]),
        ({"across": 0x5F}, {"mask_write": True}, [(22, 24, [0xAAA5]), (22, 25, [0xFAAA])]),
        ({"low": 5, "upper": 7, "a": 1}, {"mask_write": True}, [(22, 20, [0xAAA5]), (22, 21, [0x07AA]), (6, 10, [1])]),
    ],
)  # fmt: skip
async def test_a_command_becomes_as_few_requests_as_its_device_allows(
    modbus_server: ModbusServer, values: dict[str, Value], more: dict[str, Any], asked: Asked
) -> None:
    for address in (20, 21, 24, 25):
        modbus_server.set("holding", address, [0xAAAA])
    assert await write(modbus_server, values, **more) == (Result(ResultStatus.DONE, values=values), asked)


async def test_function_23_reads_nothing_together_that_a_device_refuses_to_have_read_together(
    modbus_server: ModbusServer,
) -> None:
    both = {name: {**POINTS[name], "verify": True} for name in ("a", "b")}
    adapter = adapter_to(modbus_server.port, {"d": device(both, every="1h", read_write=True, blocks=False)})
    async with running(adapter) as emitted:
        await emitted.sample("d")
        modbus_server.requests.clear()
        deadline_s = asyncio.get_running_loop().time() + 5
        result = await adapter.execute(Command("c", "d", deadline_s, write={"a": 1, "b": 2}), untold)
    assert result == Result(ResultStatus.DONE, values={"a": 1, "b": 2})
    assert [(each.function, each.address, each.size) for each in modbus_server.requests] == [
        (16, 10, 2),
        (3, 10, 1),
        (3, 11, 1),
    ]


async def test_what_fails_together_is_named_together(modbus_server: ModbusServer) -> None:
    modbus_server.failures[1, 11] = ExcCodes.ILLEGAL_VALUE
    result, _ = await write(modbus_server, {"c0": True, "a": 1, "b": 2})
    assert (result.status, result.values) == (ResultStatus.FAILED, {"c0": True})
    assert result.detail is not None
    assert result.detail.startswith("written: c0; then a, b: the device refuses the value or the length")


async def test_when_the_bits_around_cannot_be_read_nothing_is_written(modbus_server: ModbusServer) -> None:
    modbus_server.failures[1, 20] = ExcCodes.ILLEGAL_ADDRESS
    result, asked = await write(modbus_server, {"low": 5})
    assert (result.status, result.reason) == (ResultStatus.FAILED, "device-error")
    assert result.detail is not None
    assert result.detail.startswith("low: nothing was written, since the bits around could not be read: the device has")
    assert [function for function, *_ in asked] == [3]


async def test_half_of_a_masked_field_is_said_to_be_written(modbus_server: ModbusServer) -> None:
    modbus_server.failures[1, 25] = ExcCodes.DEVICE_BUSY
    result, _ = await write(modbus_server, {"across": 1}, mask_write=True)
    assert (result.status, result.values) == (ResultStatus.FAILED, {})
    assert result.detail is not None
    assert result.detail.startswith("across: a part of it is written; then across: the device is busy")


async def test_what_is_scaled_by_the_device_is_written_with_the_power_of_ten_read_just_before(
    modbus_server: ModbusServer,
) -> None:
    modbus_server.set("holding", 31, [0xFFFE])
    result, asked = await write(modbus_server, {"scaled": 12.34})
    assert (result.status, result.values) == (ResultStatus.DONE, {"scaled": 12.34})
    assert asked[:2] == [(3, 31, None), (6, 30, [1234])]


async def test_what_does_not_fit_at_the_devices_power_of_ten_is_rejected(modbus_server: ModbusServer) -> None:
    modbus_server.set("holding", 31, [0xFFFE])
    with pytest.raises(Rejected) as caught:
        await write(modbus_server, {"a": 1, "scaled": 400})
    assert caught.value.reason == "out-of-range"
    assert modbus_server.writes() == []


async def test_without_a_power_of_ten_nothing_is_written(modbus_server: ModbusServer) -> None:
    modbus_server.set("holding", 31, [0x8000])
    result, asked = await write(modbus_server, {"a": 1, "scaled": 12})
    assert (result.status, result.reason) == (ResultStatus.FAILED, BadReason.INVALID)
    assert result.detail == "nothing was written, since the power of ten of scaled is not known: the device gives none"
    assert asked == [(3, 31, None)]


async def test_a_value_and_its_power_of_ten_are_not_written_at_once(modbus_server: ModbusServer) -> None:
    with pytest.raises(Rejected, match="power is the power of ten of scaled"):
        await write(modbus_server, {"power": 0, "scaled": 12})


@pytest.mark.parametrize(
    ("values", "more", "hint"),
    [
        ({"a": 1, "b": 1}, {}, "write: single"),
        ({"a": 1}, {}, "write: multiple"),
        ({"low": 1}, {"mask_write": True}, "without mask_write"),
        ({"scaled": 1}, {}, "write: multiple"),
        ({"long": 1}, {}, None),
    ],
)
async def test_a_device_without_the_function_is_told_of_with_the_setting_that_avoids_it(
    values: dict[str, Value], more: dict[str, Any], hint: str | None
) -> None:
    def react(query: Any) -> bytes:
        refusal: bytes = query.frame[:4] + bytes([0, 3, query.unit, query.function | 0x80, 1])
        return query.registers(*[0] * query.size) if query.function in READS else refusal

    with Device(react) as peer:
        adapter = adapter_to(peer.port, {"d": device(POINTS, every="1h", **more)})
        async with running(adapter) as emitted:
            await emitted.sample("d")
            deadline_s = asyncio.get_running_loop().time() + 5
            result = await adapter.execute(Command("c", "d", deadline_s, write=values), untold)
    assert result.status is ResultStatus.FAILED
    assert result.detail is not None
    assert ("write: " not in result.detail) if hint is None else (hint in result.detail)


@pytest.fixture
async def silent() -> Any:
    async with faulty_server() as server:
        yield server


async def test_when_the_bits_around_are_not_answered_the_device_is_unreachable(silent: FaultyServer) -> None:
    adapter = adapter_to(silent.port, {"d": device(POINTS, every="1h")})
    async with running(adapter) as emitted:
        await emitted.sample("d")
        silent.react = hang
        deadline_s = asyncio.get_running_loop().time() + 5
        result = await adapter.execute(Command("c", "d", deadline_s, write={"low": 5}), untold)
        silent.react = well
    assert (result.status, result.reason) == (ResultStatus.UNREACHABLE, "timeout")
    assert {query.function for query in silent.queries} <= {1, 3}
