"""Who answers on a link."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from adapters.modbus import ModbusAdapter
from adapters.modbus.config import ModbusLink
from adapters.modbus.search.scan import Scan
from adapters.modbus.search.scope import Scope
from gateway.adapter import AdapterError, Progress, Rejected
from gateway.model import Command, DeviceState, ResultStatus
from tests.modbus.faulty import FaultyServer, faulty_server, hang, well
from tests.modbus.setup import adapter_to, device, registers
from tests.modbus.virtual import COMMAND, POLL, Endless, Rig, simulate
from tests.support.emitted import running, untold
from tests.support.modbus import ModbusServer

METER = 7
FAST = {"timeout": "50ms"}
"""Where nobody answers."""
AMPLE = {"timeout": "500ms"}
"""Where somebody does, if the machine has time for it."""


@pytest.fixture
async def server() -> AsyncIterator[FaultyServer]:
    """Silent, but for the unit `meter`."""
    async with faulty_server() as faulty:
        faulty.react = hang
        faulty.units[METER] = well
        yield faulty


def meter(port: int, **more: Any) -> ModbusAdapter:
    return adapter_to(port, {"meter": registers(7, unit_id=METER, **more)})


def probed(server: FaultyServer) -> list[int]:
    """The units that were probed, as no poll asks for register 0."""
    return [query.unit for query in server.queries if (query.function, query.address, query.size) == (3, 0, 1)]


async def test_what_answers_is_found_with_its_device_and_what_is_polled_is_not_asked_again(
    server: FaultyServer,
) -> None:
    server.units |= {3: well, 4: lambda query: query.refused(2), 5: lambda query: query.good(unit=9)}
    server.units |= dict.fromkeys((6, 8, 9, 10), lambda query: query.refused(0x0B))  # silence that takes no time
    adapter = meter(server.port)
    async with running(adapter) as emitted:
        await emitted.state("meter", DeviceState.ONLINE)
        found = await adapter.scan({"units": "2-10", **AMPLE})
    assert found == [
        {"unit_id": 3, "answer": "registers"},
        {"unit_id": 4, "answer": "exception 2"},
        {"unit_id": 5, "answer": "garbled"},
        {"unit_id": METER, "device": "meter", "answer": "polled"},
    ]
    assert list(found[0]) == ["unit_id", "answer"]
    assert probed(server) == [2, 3, 4, 5, 6, 8, 9, 10]


async def test_a_configured_device_that_is_silent_is_probed_again(server: FaultyServer) -> None:
    server.units[METER] = hang
    adapter = meter(server.port, timeout="50ms")
    async with running(adapter) as emitted:
        await emitted.state("meter", DeviceState.OFFLINE)
        assert await adapter.scan({"units": "7,9", **FAST}) == []
        server.units[METER] = lambda query: query.good() if query.address == 0 else b""
        assert await adapter.scan({"units": "7,9", **AMPLE}) == [
            {"unit_id": METER, "device": "meter", "answer": "registers"}
        ]


async def test_a_device_that_is_polled_once_an_hour_is_probed_since_its_state_may_be_old(server: FaultyServer) -> None:
    adapter = meter(server.port, every="1h")
    async with running(adapter) as emitted:
        await emitted.state("meter", DeviceState.ONLINE)
        server.units[METER] = hang
        assert await adapter.scan({"units": "7", **FAST}) == []


async def test_a_gateway_that_says_that_nobody_is_there_is_believed(server: FaultyServer) -> None:
    server.react = lambda query: query.refused(0x0A if query.unit % 2 else 0x0B)
    adapter = meter(server.port)
    async with running(adapter) as emitted:
        await emitted.state("meter", DeviceState.ONLINE)
        found = await adapter.scan({"units": "1-20"})
    assert [each["unit_id"] for each in found] == [METER]


async def test_devices_that_share_a_unit_are_both_named(server: FaultyServer) -> None:
    devices = {name: registers(7, unit_id=METER) for name in ("a", "b")}
    adapter = adapter_to(server.port, devices)
    async with running(adapter) as emitted:
        await emitted.state("b", DeviceState.ONLINE)
        assert [each["device"] for each in await adapter.scan({"units": "7"})] == ["a, b"]


async def test_a_server_that_ignores_unit_ids_is_one_device_and_that_is_said(server: FaultyServer) -> None:
    server.react = well
    adapter = meter(server.port)
    async with running(adapter) as emitted:
        await emitted.state("meter", DeviceState.ONLINE)
        found = await adapter.scan({})
    assert [(each["unit_id"], each["answer"]) for each in found] == [(1, "registers"), (METER, "polled")]
    assert found[0]["note"] == (
        "the server answers so under 247 ids and even under 248, which no device has: "
        "it ignores unit ids, and this is one device; any id will do"
    )
    assert "note" not in found[1]


async def test_a_gateway_that_refuses_for_who_is_absent_hides_nobody_who_is_there(server: FaultyServer) -> None:
    server.react = lambda query: query.refused(4)
    server.units |= {3: well, 5: lambda query: query.refused(2)}
    adapter = meter(server.port)
    async with running(adapter) as emitted:
        await emitted.state("meter", DeviceState.ONLINE)
        found = await adapter.scan({"units": "1-10"})
    assert [(each["unit_id"], each["answer"]) for each in found] == [
        (1, "exception 4"),
        (3, "registers"),
        (5, "exception 2"),
        (METER, "polled"),
    ]
    assert "devices that are not there" in found[0]["note"]


async def test_neighbours_that_are_all_there_are_told_one_by_one(server: FaultyServer) -> None:
    server.units |= {1: well, 2: well}
    adapter = meter(server.port)
    async with running(adapter) as emitted:
        await emitted.state("meter", DeviceState.ONLINE)
        found = await adapter.scan({"units": "1,2,7", **AMPLE})
    assert [each["unit_id"] for each in found] == [1, 2, METER]
    assert not any("note" in each for each in found)


async def test_a_real_server_is_scanned(modbus_server: ModbusServer) -> None:
    adapter = adapter_to(modbus_server.port, {"d": registers(7, every="1h")})
    async with running(adapter) as emitted:
        await emitted.state("d", DeviceState.ONLINE)
        found = await adapter.scan({"units": "1-5", "timeout": "10s"})  # all answer, late where the machine is busy
    assert found[0] == {"unit_id": 1, "device": "d", "answer": "registers"}
    assert [(each["unit_id"], each["answer"]) for each in found[1:]] == [(2, "exception 4")]
    assert "devices that are not there" in found[1]["note"], "pymodbus answers for whom it does not have"


async def test_one_scan_at_a_time(server: FaultyServer) -> None:
    adapter = meter(server.port)
    async with running(adapter) as emitted:
        await emitted.state("meter", DeviceState.ONLINE)
        first = asyncio.create_task(adapter.scan({"units": "1", **FAST}))
        await asyncio.sleep(0)
        with pytest.raises(Rejected) as caught:
            await adapter.scan({})
        assert caught.value.reason == "busy"
        await first
        assert await adapter.scan({"units": "7"})


async def test_a_scan_that_is_cancelled_makes_room_for_the_next(server: FaultyServer) -> None:
    adapter = meter(server.port)
    async with running(adapter) as emitted:
        await emitted.state("meter", DeviceState.ONLINE)
        first = asyncio.create_task(adapter.scan({"timeout": "5s"}))
        await asyncio.sleep(0)
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        assert await adapter.scan({"units": "7"})


async def test_without_a_connection_there_is_nothing_to_scan() -> None:
    with pytest.raises(Rejected) as caught:
        await adapter_to(1, {}).scan({})
    assert caught.value.reason == "no-link"


async def test_a_scan_whose_link_is_lost_ends_at_once(server: FaultyServer) -> None:
    server.units[2] = lambda _query: None
    adapter = meter(server.port)
    with pytest.raises(AdapterError):  # noqa: PT012 -- it is raised at the end of the context
        async with asyncio.timeout(5), running(adapter) as emitted:
            await emitted.state("meter", DeviceState.ONLINE)
            with pytest.raises(Rejected) as caught:
                await adapter.scan({"units": "2-200", "timeout": "10s"})
            assert caught.value.reason == "no-link"
            await emitted.until(lambda: emitted.over)


async def test_an_adapter_that_ends_ends_its_scan(server: FaultyServer) -> None:
    adapter = meter(server.port)
    async with running(adapter) as emitted:
        await emitted.state("meter", DeviceState.ONLINE)
        scanning = asyncio.create_task(adapter.scan({"timeout": "10s"}))
        await asyncio.sleep(0)
    with pytest.raises(Rejected) as caught:
        async with asyncio.timeout(5):  # half of what the probe might take
            await scanning
    assert caught.value.reason == "no-link"


async def test_a_command_goes_before_what_is_left_of_a_scan(server: FaultyServer) -> None:
    adapter = adapter_to(server.port, {"d": device({"pump": {"address": 8, "writable": True}}, unit_id=METER)})
    async with running(adapter) as emitted:
        await emitted.state("d", DeviceState.ONLINE)
        scanning = asyncio.create_task(adapter.scan({"units": "1-200", **FAST}))
        await server.until(lambda: bool(probed(server)))
        deadline_s = asyncio.get_running_loop().time() + 5
        command = Command("c", "d", deadline_s, write={"pump": 1})
        assert (await adapter.execute(command, untold)).status is ResultStatus.DONE
        assert len(probed(server)) <= 2
        scanning.cancel()
        await asyncio.gather(scanning, return_exceptions=True)


def test_silent_units_take_at_most_half_of_a_bus_that_others_wait_for() -> None:
    async def scanned(rig: Rig) -> None:
        rig.bus.poll([Endless(rig.bus) for _ in range(3)], 0.0)
        assert await Scan(rig.bus, {}, ()).over(Scope(tuple(range(10, 60)), 0.5)) == []
        assert sum(rig.share_of(unit) for unit in range(10, 60)) <= 0.5

    simulate(scanned, {POLL: 0.1})


def test_silent_units_of_a_bus_that_nobody_waits_for_are_passed_one_after_the_other() -> None:
    async def scanned(rig: Rig) -> None:
        assert await Scan(rig.bus, {}, ()).over(Scope(tuple(range(10, 60)), 0.5)) == []
        assert rig.loop.time() == pytest.approx(25)

    simulate(scanned, {})


def test_a_scan_counts_among_the_polls_while_commands_want_the_bus() -> None:
    async def flooded(rig: Rig) -> None:
        scanning = asyncio.create_task(Scan(rig.bus, {}, ()).over(Scope(tuple(range(10, 20)), 0.5)))
        await rig.flood(1000)
        assert rig.share_of(COMMAND) >= 0.65
        assert await scanning == []

    simulate(flooded, {COMMAND: 0.1})


async def test_how_far_it_is_is_told_beside_polls(server: FaultyServer) -> None:
    told: list[Progress] = []
    adapter = meter(server.port)
    async with running(adapter) as emitted:
        await emitted.state("meter", DeviceState.ONLINE)
        await adapter.scan({"units": "6-8", **FAST}, told.append)
    assert [(each.done, each.total, each.at) for each in told] == [
        (0, 3, ""),
        (1, 3, "unit 6"),
        (2, 3, "unit 7"),
        (3, 3, "unit 8"),
    ]
    assert told[2].found == ({"unit_id": METER, "device": "meter", "answer": "polled"},)


async def test_polls_go_on_beside_a_scan_of_silent_units_and_nothing_is_written(server: FaultyServer) -> None:
    adapter = meter(server.port)
    async with running(adapter) as emitted:
        await emitted.state("meter", DeviceState.ONLINE)
        before = len(emitted.samples("meter"))
        await adapter.scan({"units": "20-29", "timeout": "100ms"})
        assert len(emitted.samples("meter")) - before >= 5
        assert emitted.states("meter") == [DeviceState.ONLINE]
    assert {query.function for query in server.queries} <= {1, 2, 3, 4}


async def test_a_server_that_refuses_only_for_nobody_hides_no_device(server: FaultyServer) -> None:
    server.react = lambda query: query.refused(4)
    server.units[3] = well
    adapter = meter(server.port)
    async with running(adapter) as emitted:
        await emitted.state("meter", DeviceState.ONLINE)
        found = await adapter.scan({"units": "3,7"})
    assert [each["unit_id"] for each in found] == [3, METER]


async def test_other_settings_are_not_tried_beside_polls(server: FaultyServer) -> None:
    line = ModbusLink.model_validate({"adapter": "modbus", "transport": "rtu", "port": "/dev/ttyUSB0"})
    assert ModbusAdapter.scans_alone(line, {"serial": True})
    assert not ModbusAdapter.scans_alone(line, {"units": "1-3"})
    with pytest.raises(Rejected):
        await meter(server.port).scan({"baudrate": "9600"})


def test_baud_rates_of_a_network_are_refused_before_anybody_is_asked_to_stop_the_gateway() -> None:
    network = ModbusLink.model_validate({"adapter": "modbus", "transport": "tcp", "host": "10.0.0.1"})
    with pytest.raises(Rejected, match="is reached through a network"):
        ModbusAdapter.scans_alone(network, {"serial": True})


async def test_where_nobody_answers_it_says_what_to_do(server: FaultyServer) -> None:
    told: list[Progress] = []
    server.units[METER] = hang
    adapter = meter(server.port, timeout="50ms")
    async with running(adapter) as emitted:
        await emitted.state("meter", DeviceState.OFFLINE)
        assert await adapter.scan({"units": "1-2", **FAST}, told.append) == []
    assert told[-1].notes == (f"127.0.0.1:{server.port} takes the connection, but nobody answers under these unit ids",)
