"""What was written is read back: how near, and by which request."""

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.modbus import ModbusAdapter
from adapters.modbus.commands.bundle import bundles
from adapters.modbus.commands.verdict import compared
from adapters.modbus.commands.writes import writes_of
from gateway.adapter import Rejected
from gateway.model import Command, DeviceState, Result, ResultStatus, Value
from tests.modbus.setup import adapter_to, device
from tests.support.device import Device, Query
from tests.support.emitted import running, untold
from tests.support.modbus import ModbusServer


def points(verify: Any = True, **more: Any) -> dict[str, dict[str, Any]]:
    return {
        "level": {"address": 10, "type": "int16", "scale": 0.1, "writable": True, "verify": verify, **more},
        "next": {"address": 11, "type": "int16", "scale": 0.1, "writable": True, **more},
    }


async def write(adapter: ModbusAdapter, **values: Value) -> Result:
    deadline_s = asyncio.get_running_loop().time() + 5
    return await adapter.execute(Command("c", "d", deadline_s, write=values), untold)


class Drifting:
    """Registers that are not quite what was written."""

    def __init__(self, off: int = 0) -> None:
        self.off = off
        self.held = dict.fromkeys(range(10, 30), 0)

    def __call__(self, query: Query) -> bytes:
        if query.function == 6:
            self.held[query.address] = (query.size + self.off) & 0xFFFF
        elif query.function == 23:
            read, count, at, words = (int.from_bytes(query.frame[n : n + 2], "big") for n in (8, 10, 12, 14))
            for n in range(words):
                value = int.from_bytes(query.frame[17 + 2 * n : 19 + 2 * n], "big")
                self.held[at + n] = (value + self.off) & 0xFFFF
            query.size = count
            return query.registers(*(self.held[read + n] for n in range(count)))
        elif query.function == 3:
            return query.registers(*(self.held[query.address + n] for n in range(query.size)))
        return query.well()


async def outcome(peer: Device, verify: Any, **more: Any) -> Result:
    adapter = adapter_to(peer.port, {"d": device(points(verify), every="1h", **more)})
    async with running(adapter) as emitted:
        await emitted.sample("d")
        return await write(adapter, level=50)


@pytest.mark.parametrize("more", [{}, {"read_write": True}])
@pytest.mark.parametrize(
    ("off", "verify", "holds"),
    [
        (0, True, True),
        (1, True, False),
        (2, {"tolerance": 0.2}, True),
        (-2, {"tolerance": 0.2}, True),
        (3, {"tolerance": 0.2}, False),
    ],
)
async def test_what_is_read_back_may_be_off_by_the_tolerance(
    off: int, verify: Any, holds: bool, more: dict[str, Any]
) -> None:
    with Device(Drifting(off)) as peer:
        result = await outcome(peer, verify, **more)
    if holds:
        assert result == Result(ResultStatus.DONE, values={"level": 50.0})
    else:
        assert (result.status, result.reason) == (ResultStatus.FAILED, "read-back-differs")
        assert result.values == {"level": pytest.approx(50 + off / 10)}


@given(st.integers(-32768, 32767), st.integers(-9, 9), st.integers(0, 9))
def test_a_tolerance_in_tenths_is_meant_in_tenths(raw: int, off: int, tolerance: int) -> None:
    target = device(points({"tolerance": tolerance / 10}))
    (bundle,) = bundles(target, writes_of(target, {"level": raw / 10}))
    progress = compared(bundle, {"level": (raw + off) / 10}, {}, "")
    assert (progress.trouble is None) == (abs(off) <= tolerance)


@given(st.integers(0, 2**64 - 1), st.integers(-2, 2), st.integers(0, 2))
def test_long_whole_numbers_are_compared_exactly(written: int, off: int, tolerance: int) -> None:
    verify = {"tolerance": tolerance}
    target = device({"p": {"address": 1, "type": "uint64", "writable": True, "verify": verify}})
    (bundle,) = bundles(target, writes_of(target, {"p": written}))
    assert (compared(bundle, {"p": written + off}, {}, "").trouble is None) == (abs(off) <= tolerance)


async def test_what_only_its_neighbour_failed_at_is_done() -> None:
    class Stubborn(Drifting):
        def __call__(self, query: Query) -> bytes:
            answer = super().__call__(query)
            if query.function == 16:
                self.held |= {10: 1, 11: 70}
            return answer

    with Device(Stubborn()) as peer:
        adapter = adapter_to(peer.port, {"d": device(points(), every="1h")})
        async with running(adapter) as emitted:
            await emitted.sample("d")
            result = await write(adapter, level=50, next=7)
    assert (result.status, result.reason) == (ResultStatus.FAILED, "read-back-differs")
    assert result.values == {"next": 7.0, "level": 0.1}
    assert result.detail == "written: next; then level: 50.0 was written and accepted, but 0.1 was read back"


async def test_what_is_not_read_back_is_not_verified() -> None:
    with Device(lambda query: b"" if query.function == 3 and len(peer.writes) else query.well()) as peer:
        adapter = adapter_to(peer.port, {"d": device(points(), every="1h")})
        async with running(adapter) as emitted:
            await emitted.sample("d")
            result = await write(adapter, level=50)
    assert (result.status, result.reason) == (ResultStatus.UNKNOWN, "not-verified")
    assert result.detail == "level was written, but not read back: the device does not answer in time"


async def test_function_23_writes_and_reads_back_in_one_request() -> None:
    with Device(Drifting()) as peer:
        assert (await outcome(peer, True, read_write=True)).status is ResultStatus.DONE
        assert [query.function for query in peer.writes] == [23]
        assert {query.size for query in peer.queries if query.function == 3} == {2}, "polls of both points"


@pytest.mark.parametrize("verify", [False, {"settle": "1s"}])
async def test_function_23_is_for_what_is_read_back_at_once(verify: Any) -> None:
    with Device(Drifting()) as peer:
        assert (await outcome(peer, verify, read_write=True)).status is ResultStatus.DONE
        assert [query.function for query in peer.writes] == [6]


async def test_function_23_without_an_answer_may_have_written() -> None:
    with Device(lambda query: b"" if query.function == 23 else query.well()) as peer:
        result = await outcome(peer, True, read_write=True)
        assert (result.status, result.reason) == (ResultStatus.UNKNOWN, "timeout")
        assert [query.function for query in peer.writes] == [23]


@pytest.mark.parametrize(("holds", "status"), [(500, ResultStatus.DONE), (499, ResultStatus.UNKNOWN)])
async def test_when_function_23_is_answered_with_nonsense_a_read_tells(holds: int, status: ResultStatus) -> None:
    def react(query: Query) -> bytes:
        if query.function == 23:
            return query.frame[:4] + b"\0\5" + query.frame[6:8] + b"\x09\x00\x00"
        return query.registers(*[holds] * query.size)

    with Device(react) as peer:
        result = await outcome(peer, True, read_write=True)
    assert result.status is status


async def test_text_and_labels_are_read_back_exactly(modbus_server: ModbusServer) -> None:
    named: dict[str, dict[str, Any]] = {
        "name": {"address": 50, "type": "string", "length": 3, "writable": True, "verify": True},
        "key": {"address": 60, "type": "bytes", "length": 2, "writable": True, "verify": True},
        "mode": {"address": 70, "enum": {0: "off", 1: "on"}, "writable": True, "verify": True},
    }
    adapter = adapter_to(modbus_server.port, {"d": device(named, every="1h")})
    async with running(adapter) as emitted:
        await emitted.state("d", DeviceState.ONLINE)
        values: dict[str, Value] = {"name": "pump", "key": "00ff10ab", "mode": "on"}
        assert await write(adapter, **values) == Result(ResultStatus.DONE, values=values)
        with pytest.raises(Rejected):
            await write(adapter, name="too long a name")
    assert modbus_server.get("holding", 50, 3) == [0x7075, 0x6D70, 0]
