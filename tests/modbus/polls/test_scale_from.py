"""Points whose power of ten is in another register, against a server."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from gateway.model import Bad, BadReason, Command, DeviceState, ResultStatus
from tests.modbus.faulty import FaultyServer, Query, faulty_server, well
from tests.modbus.setup import adapter_to, device
from tests.support.emitted import running, untold

POINTS: dict[str, dict[str, Any]] = {
    "near": {"address": 500, "scale_from": 2},
    "far": {"address": 501, "scale_from": 900, "scale": 0.1},
    "plain": {"address": 502},
}
"""Every register holds its address: 2 says two decimals more, 900 is no power of ten."""
GOOD = {"near": 50000.0, "far": None, "plain": 502}
NO_ADDRESS = Bad(BadReason.DEVICE_ERROR, code=2)


def lacking(address: int) -> Any:
    def react(query: Query) -> bytes:
        return query.refused(2) if query.touches(address) else query.good()

    return react


@pytest.fixture
async def server() -> AsyncIterator[FaultyServer]:
    async with faulty_server() as faulty:
        yield faulty


async def test_a_point_is_scaled_by_what_another_register_holds(server: FaultyServer) -> None:
    points = {name: POINTS[name] for name in ("near", "plain")}
    async with running(adapter_to(server.port, {"d": device(points)})) as emitted:
        await emitted.state("d", DeviceState.ONLINE)
        sample = await emitted.sample("d")
        assert sample.values == (50000.0, 502)
        assert not sample.bad


async def test_a_register_that_holds_no_power_of_ten_spoils_only_what_it_scales(server: FaultyServer) -> None:
    async with running(adapter_to(server.port, {"d": device(POINTS)})) as emitted:
        await emitted.state("d", DeviceState.DEGRADED)
        await emitted.sample("d")
        assert emitted.values("d") == GOOD
        assert emitted.bad("d") == {"far": Bad(BadReason.INVALID)}


async def test_a_missing_power_of_ten_is_found_and_only_its_points_are_bad(server: FaultyServer) -> None:
    server.react = lacking(900)
    memory: dict[str, dict[str, Any]] = {"d": {}}
    async with running(adapter_to(server.port, {"d": device(POINTS)}, memory)) as emitted:
        await emitted.until(lambda: emitted.samples("d") and memory["d"].get("absent"))
        await emitted.sample("d", 2)
        assert emitted.values("d") == GOOD
        assert emitted.bad("d") == {"far": NO_ADDRESS}
    assert memory["d"]["absent"] == [["holding", 900, 901, 2]]


async def test_a_missing_power_of_ten_in_the_same_block_is_told_from_its_points(server: FaultyServer) -> None:
    server.react = lacking(503)
    points = {"a": {"address": 500, "scale_from": 503}, "b": {"address": 502}, "c": {"address": 504}}
    async with running(adapter_to(server.port, {"d": device(points)})) as emitted:
        await emitted.until(lambda: emitted.samples("d") and set(emitted.bad("d")) == {"a"})
        assert emitted.values("d") == {"a": None, "b": 502, "c": 504}
        assert emitted.bad("d") == {"a": NO_ADDRESS}


async def test_a_point_that_is_missing_itself_says_so(server: FaultyServer) -> None:
    server.react = lacking(500)
    async with running(adapter_to(server.port, {"d": device(POINTS)})) as emitted:
        await emitted.until(lambda: emitted.samples("d") and "near" in emitted.bad("d"))
        assert emitted.bad("d") == {"near": NO_ADDRESS, "far": Bad(BadReason.INVALID)}


async def test_bits_of_a_register_that_is_missing_are_one_search_and_all_bad(server: FaultyServer) -> None:
    server.react = lacking(7)
    bits: dict[str, dict[str, Any]] = {f"b{n}": {"address": 7, "type": "bool", "bits": n} for n in range(16)}
    async with running(adapter_to(server.port, {"d": device({"r6": {"address": 6}, **bits})})) as emitted:
        await emitted.until(lambda: emitted.samples("d") and emitted.values("d")["r6"] == 6)
        assert emitted.bad("d") == dict.fromkeys(bits, NO_ADDRESS)
        assert len([query for query in server.queries if query.touches(7)]) == 2  # together with 6, then alone


async def test_a_command_reads_the_power_of_ten_along(server: FaultyServer) -> None:
    adapter = adapter_to(server.port, {"d": device(POINTS)})
    async with running(adapter) as emitted:
        await emitted.sample("d")
        deadline_s = float("inf")
        result = await adapter.execute(Command("c", "d", deadline_s, read=("far", "near")), untold)
    assert result.status is ResultStatus.DONE
    assert result.values == {"near": 50000.0}
    assert result.bad == {"far": Bad(BadReason.INVALID)}


async def test_a_device_that_falls_silent_has_no_scaled_values_either(server: FaultyServer) -> None:
    points = {name: POINTS[name] for name in ("near", "plain")}
    async with running(adapter_to(server.port, {"d": device(points, timeout="50ms")})) as emitted:
        await emitted.state("d", DeviceState.ONLINE)
        server.react = lambda _query: b""
        await emitted.state("d", DeviceState.OFFLINE)
        await emitted.until(lambda: set(emitted.bad("d")) == {"near", "plain"})
        server.react = well
        await emitted.until(lambda: emitted.values("d") == {"near": 50000.0, "plain": 502})
