"""Commands against a real Modbus server, and against one that misbehaves."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from pymodbus.constants import ExcCodes

from adapters.modbus import ModbusAdapter
from gateway.adapter import Rejected
from gateway.model import Bad, BadReason, Command, DeviceState, Result, ResultStatus, Value
from tests.modbus.faulty import FaultyServer, faulty_server, hang, well
from tests.modbus.setup import adapter_to, device
from tests.support.emitted import running, untold
from tests.support.modbus import ModbusServer
from tests.support.patience import HANG_S

POINTS: dict[str, dict[str, Any]] = {
    "setpoint": {"address": 110, "type": "int16", "scale": 0.1, "writable": True, "verify": True, "range": [0, 100]},
    "speed": {"address": 120, "type": "float32", "writable": True, "verify": True},
    "total": {"address": 130, "type": "uint64", "writable": True},
    "mode": {"address": 140, "enum": {0: "off", 2: "auto"}, "writable": True},
    "flag": {"address": 145, "type": "bool", "writable": True},
    "pump": {"address": 8, "table": "coil", "type": "bool", "writable": True},
    "alarm": {"address": 9, "table": "discrete", "type": "bool"},
    "serial": {"address": 300},
}


def soon() -> float:
    return asyncio.get_running_loop().time() + 5


async def write(adapter: ModbusAdapter, **values: Value) -> Result:
    return await adapter.execute(Command("c", "d", soon(), write=values), untold)


async def write_pump_within(adapter: ModbusAdapter, seconds: float) -> Result:
    deadline_s = asyncio.get_running_loop().time() + seconds
    return await adapter.execute(Command("c", "d", deadline_s, write={"pump": True}), untold)


async def read(adapter: ModbusAdapter, *points: str) -> Result:
    return await adapter.execute(Command("c", "d", soon(), read=points), untold)


@pytest.fixture
async def server() -> AsyncIterator[FaultyServer]:
    async with faulty_server() as faulty:
        yield faulty


@pytest.mark.parametrize(
    ("order", "words"), [("ABCD", [0x4228, 0x28F6]), ("CDAB", [0x28F6, 0x4228]), ("DCBA", [0xF628, 0x2842])]
)
async def test_a_float_is_written_and_read_in_the_order_of_the_device(
    modbus_server: ModbusServer, order: str, words: list[int]
) -> None:
    adapter = adapter_to(modbus_server.port, {"d": device(POINTS, order=order)})
    async with running(adapter) as emitted:
        await emitted.state("d", DeviceState.ONLINE)
        assert await write(adapter, speed=42.04) == Result(ResultStatus.DONE, values={"speed": 42.04})
        assert modbus_server.get("holding", 120, 2) == words
        assert (await read(adapter, "speed")).values == {"speed": 42.04}
        await emitted.until(lambda: emitted.values("d")["speed"] == 42.04)


async def test_each_kind_of_point_is_written_with_its_own_function(modbus_server: ModbusServer) -> None:
    adapter = adapter_to(modbus_server.port, {"d": device(POINTS)})
    async with running(adapter) as emitted:
        await emitted.sample("d")
        result = await write(adapter, setpoint=55.04, total=2**64 - 1, mode="auto", flag=True, pump=1)
    assert result.status is ResultStatus.DONE
    assert result.values == {"setpoint": 55.0, "total": 2**64 - 1, "mode": "auto", "flag": True, "pump": True}
    written = [(request.function, request.address, request.values) for request in modbus_server.writes()]
    assert written == [(6, 110, [550]), (16, 130, [0xFFFF] * 4), (6, 140, [2]), (6, 145, [1]), (5, 8, [True])]


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"nowhere": 1}, "unknown-point"),
        ({"serial": 1}, "not-writable"),
        ({"setpoint": 100.1}, "out-of-range"),
        ({"setpoint": 5000}, "out-of-range"),
        ({"setpoint": 10**400}, "out-of-range"),
        ({"setpoint": "warm"}, "malformed"),
        ({"mode": "on"}, "out-of-range"),
        ({"pump": 2}, "malformed"),
        ({"pump": True, "setpoint": 1e9}, "out-of-range"),
    ],
)
async def test_what_cannot_be_written_is_rejected_and_nothing_is_touched(
    modbus_server: ModbusServer, values: dict[str, Value], reason: str
) -> None:
    adapter = adapter_to(modbus_server.port, {"d": device(POINTS)})
    async with running(adapter) as emitted:
        await emitted.sample("d")
        with pytest.raises(Rejected) as caught:
            await write(adapter, **values)
    assert caught.value.reason == reason
    assert modbus_server.writes() == []


async def test_an_unknown_device_is_rejected() -> None:
    with pytest.raises(Rejected) as caught:
        await adapter_to(1, {}).execute(Command("c", "d", soon(), read=("x",)), untold)
    assert caught.value.reason == "unknown-device"


async def test_without_a_connection_a_command_is_unreachable() -> None:
    result = await write(adapter_to(1, {"d": device(POINTS)}), pump=True)
    assert (result.status, result.reason) == (ResultStatus.UNREACHABLE, "no-link")


async def test_a_refusal_is_a_failure_in_plain_words(modbus_server: ModbusServer) -> None:
    modbus_server.failures[1, 8] = ExcCodes.ILLEGAL_ADDRESS
    adapter = adapter_to(modbus_server.port, {"d": device(POINTS)})
    async with running(adapter) as emitted:
        await emitted.sample("d")
        result = await write(adapter, pump=True)
    assert (result.status, result.reason) == (ResultStatus.FAILED, "device-error")
    assert result.detail is not None
    assert result.detail.startswith("pump: the device has no such address")


async def test_a_command_that_fails_half_way_says_what_was_written(modbus_server: ModbusServer) -> None:
    modbus_server.failures[1, 8] = ExcCodes.DEVICE_BUSY
    adapter = adapter_to(modbus_server.port, {"d": device(POINTS)})
    async with running(adapter) as emitted:
        await emitted.sample("d")
        result = await write(adapter, flag=True, pump=True, total=1)
    assert (result.status, result.values) == (ResultStatus.FAILED, {"flag": True})
    assert result.detail is not None
    assert result.detail.startswith("written: flag; then pump: the device is busy")


async def test_a_value_that_does_not_stick_is_a_failure(server: FaultyServer) -> None:
    adapter = adapter_to(server.port, {"d": device(POINTS)})
    async with running(adapter) as emitted:
        await emitted.sample("d")
        result = await write(adapter, setpoint=55.0)
    assert (result.status, result.reason) == (ResultStatus.FAILED, "read-back-differs")
    assert result.values == {"setpoint": 11.0}


async def test_a_write_without_an_answer_may_have_happened(server: FaultyServer) -> None:
    server.react = lambda query: b"" if query.function == 5 else query.good()
    adapter = adapter_to(server.port, {"d": device(POINTS)})
    async with running(adapter) as emitted:
        await emitted.sample("d")
        result = await write(adapter, pump=True)
        assert (result.status, result.reason) == (ResultStatus.UNKNOWN, "timeout")
        await emitted.sample("d")


async def test_a_write_whose_connection_breaks_may_have_happened(server: FaultyServer) -> None:
    server.react = lambda query: None if query.function == 5 else query.good()
    adapter = adapter_to(server.port, {"d": device(POINTS)})
    task = asyncio.create_task(adapter.run(_deaf))
    await server.asked(3)
    result = await write(adapter, pump=True)
    assert (result.status, result.reason) == (ResultStatus.UNKNOWN, "no-link")
    await asyncio.gather(task, return_exceptions=True)


async def test_a_write_whose_echo_differs_may_have_happened(server: FaultyServer) -> None:
    server.react = lambda query: query._replace(size=0).good() if query.function == 5 else query.good()
    adapter = adapter_to(server.port, {"d": device(POINTS)})
    async with running(adapter) as emitted:
        await emitted.sample("d")
        result = await write(adapter, pump=True)
    assert (result.status, result.reason) == (ResultStatus.UNKNOWN, "decode-error")


async def test_a_command_whose_time_is_over_is_not_sent(server: FaultyServer) -> None:
    adapter = adapter_to(server.port, {"d": device(POINTS)})
    async with running(adapter) as emitted:
        await emitted.sample("d")
        result = await write_pump_within(adapter, 0)
    assert result.status is ResultStatus.EXPIRED
    assert not any(query.function == 5 for query in server.queries)


async def test_a_command_that_expires_behind_a_hanging_request_is_not_sent(server: FaultyServer) -> None:
    server.react = lambda query: b"" if query.function == 3 else query.good()
    points = {"pump": POINTS["pump"], "r": {"address": 1}}
    adapter = adapter_to(server.port, {"d": device(points, timeout="20s")})
    async with running(adapter), asyncio.timeout(5):
        await server.asked(3)
        result = await write_pump_within(adapter, 0.05)
    assert result.status is ResultStatus.EXPIRED
    assert not any(query.function == 5 for query in server.queries)


async def test_commands_go_before_polls(server: FaultyServer) -> None:
    points = {f"r{address}": {"address": address} for address in range(0, 2000, 200)}
    adapter = adapter_to(server.port, {"d": device({**points, "pump": POINTS["pump"]}, every="10s")})
    server.react = lambda query: query.good() if len(server.queries) > 1 else b""
    async with running(adapter):
        await server.asked(1)
        assert (await write(adapter, pump=True)).status is ResultStatus.DONE
    assert [query.function for query in server.queries].index(5) == 1


async def test_a_cancelled_command_that_still_waits_is_not_sent(server: FaultyServer) -> None:
    server.react = lambda query: b"" if query.function == 3 else query.good()
    adapter = adapter_to(server.port, {"d": device({"pump": POINTS["pump"], "r": {"address": 1}})})
    async with running(adapter) as emitted:
        await server.asked(3)
        command = asyncio.create_task(write(adapter, pump=True))
        await asyncio.sleep(0)
        command.cancel()
        await emitted.sample("d")
    assert not any(query.function == 5 for query in server.queries)


async def test_points_are_read_now_in_the_order_asked_for(server: FaultyServer) -> None:
    adapter = adapter_to(server.port, {"d": device(POINTS, every="1h")})
    async with running(adapter) as emitted:
        await emitted.sample("d")
        result = await read(adapter, "serial", "alarm", "setpoint")
    assert list(result.values.items()) == [("serial", 300), ("alarm", True), ("setpoint", 11.0)]


async def test_a_read_that_is_not_answered_is_unreachable(server: FaultyServer) -> None:
    adapter = adapter_to(server.port, {"d": device(POINTS)})
    async with running(adapter) as emitted:
        await emitted.sample("d")
        server.react = hang
        result = await read(adapter, "serial")
    assert (result.status, result.reason) == (ResultStatus.UNREACHABLE, "timeout")


async def test_a_point_that_does_not_exist_spoils_no_other_read(server: FaultyServer) -> None:
    server.react = lambda query: query.refused(2) if query.touches(110) else query.good()
    adapter = adapter_to(server.port, {"d": device({"a": {"address": 109}, "b": {"address": 110}}, every="1h")})
    async with running(adapter) as emitted:
        await emitted.sample("d")
        result = await read(adapter, "a", "b")
        assert (result.status, result.values) == (ResultStatus.DONE, {"a": 109})
        assert result.bad == {"b": Bad(BadReason.DEVICE_ERROR, code=2)}
        alone = await read(adapter, "b")
        assert (alone.status, alone.reason) == (ResultStatus.FAILED, "device-error")


async def test_a_command_that_is_answered_brings_a_dead_device_back(
    server: FaultyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.line.patience.PAUSE_MIN_S", 2 * HANG_S)
    server.react = lambda query: query.good() if query.function == 5 else b""
    adapter = adapter_to(server.port, {"d": device(POINTS, probe_every="60s")})
    async with running(adapter) as emitted:
        await emitted.state("d", DeviceState.OFFLINE)
        server.react = well
        assert (await write(adapter, pump=True)).status is ResultStatus.DONE
        await emitted.until(lambda: emitted.values("d")["serial"] == 300)


async def test_a_device_that_needs_longer_is_no_failure(server: FaultyServer) -> None:
    server.react = lambda query: query.refused(5) if query.function == 5 else query.good()
    adapter = adapter_to(server.port, {"d": device(POINTS)})
    async with running(adapter) as emitted:
        await emitted.sample("d")
        assert (await write(adapter, pump=True)).status is ResultStatus.UNKNOWN


class _Deaf:
    def __call__(self, item: object, /) -> None:
        pass

    async def durable(self, sample: object, /) -> None:
        pass


_deaf = _Deaf()
