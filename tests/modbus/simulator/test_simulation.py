"""The simulator seen by the adapter: every transport, every type, every fault."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from adapters.modbus import ModbusAdapter
from adapters.modbus.config import ModbusDevice, ModbusLink
from adapters.modbus.simulator import Simulation
from gateway.adapter import AdapterError, Rejected
from gateway.model import BadReason, Command, DeviceState, ResultStatus, Value
from gateway.values import Unwritable
from tests.modbus.setup import device, link_to
from tests.support.emitted import Emitted, running, untold

TLS = Path(__file__).parents[1] / "tls"
ANYWHERE = {"tcp": 0}
TRANSPORTS = ["tcp", "tls", "udp", "rtu-over-tcp", "ascii-over-tcp", "rtu", "ascii"]

POINTS: dict[str, dict[str, Any]] = {
    "temp": {"address": 100, "type": "float32", "table": "input"},
    "far": {"address": 60000, "type": "int64"},
    "mode": {"address": 7, "enum": {0: "off", 1: "on"}},
    "coil": {"address": 8, "table": "coil", "type": "bool", "writable": True},
    "high": {"address": 1999, "table": "discrete", "type": "bool"},
    "setpoint": {"address": 9, "scale": 0.5, "type": "int16", "writable": True, "verify": True},
    "alarm": {"address": 20, "type": "bool", "bits": 3},
    "state": {"address": 20, "bits": "4..6", "enum": {0: "off", 5: "run"}},
    "level": {"address": 20, "type": "uint8", "byte": "high"},
    "serial": {"address": 30, "type": "string", "length": 4},
    "mac": {"address": 34, "type": "bytes", "length": 3},
    "counter": {"address": 40, "type": "bcd32"},
    "half": {"address": 42, "type": "float16"},
}
SET: dict[str, Value] = {"temp": 21.7, "far": -5, "mode": "on", "coil": True, "high": True, "setpoint": -3.5}
SET |= {"alarm": True, "state": "run", "level": 200, "serial": "SN 7-1", "mac": "00a0b1c2d3ff", "counter": 12345678}
SET |= {"half": 0.1}
ZERO: dict[str, Value] = {**dict.fromkeys(SET, 0), "mode": "off", "state": "off", "serial": "", "mac": "00" * 6}
ONE = {"a": {"address": 1, "writable": True}}


def open_files() -> set[str]:
    return {each.name for each in Path("/proc/self/fd").iterdir()}


def link_over(transport: str) -> ModbusLink:
    where = {"port": "/dev/nowhere"} if transport in {"rtu", "ascii"} else {"host": "127.0.0.1", "port": 1}
    tls = {"tls": {"ca": str(TLS / "device.pem")}} if transport == "tls" else {}
    return ModbusLink.model_validate({"adapter": "modbus", "transport": transport, **where, **tls})


def options_for(transport: str) -> dict[str, Any]:
    if transport in {"rtu", "ascii"}:
        return {}
    certificate = {"cert": str(TLS / "device.pem"), "key": str(TLS / "device.key")}
    return ANYWHERE | (certificate if transport == "tls" else {})


@asynccontextmanager
async def simulated(
    devices: Mapping[str, ModbusDevice], transport: str = "tcp"
) -> AsyncIterator[tuple[Simulation, ModbusAdapter]]:
    """The simulation, and an adapter that has been told where it is."""
    link = link_over(transport)
    async with ModbusAdapter.simulate(link, devices, options_for(transport)) as simulation:
        reached = link.model_copy(update=dict(simulation.settings))
        yield simulation, ModbusAdapter(reached, devices, {name: {} for name in devices})


async def execute(adapter: ModbusAdapter, device: str, **what: Any) -> Any:
    deadline_s = asyncio.get_running_loop().time() + 5
    return await adapter.execute(Command("c", device, deadline_s=deadline_s, **what), untold)


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_devices_are_read_and_written_over(transport: str) -> None:
    devices = {"d": device(POINTS, timeout="2s"), "e": device(POINTS, unit_id=2, timeout="2s")}
    async with simulated(devices, transport) as (simulation, adapter):
        for point, value in SET.items():
            await simulation.set("d", point, value)
        async with running(adapter) as emitted:
            await emitted.until(lambda: emitted.samples("d") and emitted.values("d") == SET)
            result = await execute(adapter, "e", write={"setpoint": 8.5, "coil": True})
            assert result.status is ResultStatus.DONE
            assert (await simulation.get("e", "setpoint"), await simulation.get("e", "coil")) == (8.5, True)
            counted = adapter.counters()
            assert [counted[name] for name in ("timeouts", "late", "garbage", "exceptions")] == [0, 0, 0, 0]


@pytest.mark.parametrize("order", ["ABCD", "CDAB", "BADC", "DCBA"])
async def test_the_adapter_reads_what_the_simulator_was_set_to(order: str) -> None:
    devices = {"d": device(POINTS, order=order), "e": device(POINTS, unit_id=2, address_base=1)}
    async with simulated(devices) as (simulation, adapter):
        for point, value in SET.items():
            await simulation.set("d", point, value)
            assert await simulation.get("d", point) == value
        async with running(adapter) as emitted:
            await emitted.until(lambda: emitted.samples("d") and emitted.samples("e"))
            assert emitted.values("d") == SET
            assert emitted.values("e") == ZERO


async def test_a_number_with_a_power_of_ten_of_its_own_is_served_with_it() -> None:
    points = {
        "power": {"address": 40, "type": "int16", "scale_from": 60},
        "factor": {"address": 60, "type": "int16", "writable": True},
    }
    devices = {"d": device(points)}
    async with simulated(devices) as (simulation, adapter):
        await simulation.set("d", "factor", -2)
        await simulation.set("d", "power", 12.34)
        async with running(adapter) as emitted:
            await emitted.until(lambda: emitted.samples("d") and emitted.values("d") == {"power": 12.34, "factor": -2})
        await simulation.set("d", "factor", 77)
        assert await simulation.get("d", "power") is None
        with pytest.raises(Unwritable):
            await simulation.set("d", "power", 1)


async def test_two_devices_may_share_a_unit() -> None:
    devices = {"d": device({"a": {"address": 1}}), "e": device({"b": {"address": 1}, "c": {"address": 4}})}
    async with simulated(devices) as (simulation, _):
        await simulation.set("d", "a", 9)
        assert await simulation.get("e", "b") == 9


async def test_a_point_is_not_set_to_what_it_cannot_hold() -> None:
    async with simulated({"d": device(ONE)}) as (simulation, _):
        with pytest.raises(Unwritable):
            await simulation.set("d", "a", -1)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(("transport", "fault", "reason"), [
    *[(transport, "dead", BadReason.TIMEOUT) for transport in ("tcp", "udp", "rtu")],
    ("tcp", "late:250ms", BadReason.TIMEOUT), ("udp", "half", None), ("rtu", "late:250ms", None),
    ("rtu", "half", None), ("ascii", "half", None), ("rtu-over-tcp", "late:250ms", None),
    *[(transport, "exception:4", BadReason.DEVICE_ERROR) for transport in TRANSPORTS],
    ("tcp", "wrong-unit", BadReason.DECODE_ERROR), ("udp", "wrong-unit", BadReason.DECODE_ERROR),
    ("rtu", "wrong-unit", None),
])  # fmt: skip
async def test_a_fault_spoils_its_device_and_no_other_and_ends_when_it_is_well_again(
    transport: str, fault: str, reason: BadReason | None
) -> None:
    devices = {"d": device(ONE, timeout="100ms", probe_every="100ms"), "e": device(ONE, unit_id=7, timeout="1s")}
    async with simulated(devices, transport) as (simulation, adapter):
        await simulation.set("d", "a", 5)
        await simulation.set("e", "a", 6)
        async with running(adapter) as emitted:
            await emitted.state("d", DeviceState.ONLINE)
            await emitted.state("e", DeviceState.ONLINE)
            await simulation.fault("d", fault)
            await emitted.until(lambda: emitted.states("d")[-1] is not DeviceState.ONLINE)
            assert reason in (emitted.bad("d")["a"].reason, None)
            await emitted.sample("e", 3)
            await simulation.fault("d", "well")
            await emitted.state("d", DeviceState.ONLINE)
    assert (emitted_value(emitted, "d"), emitted_value(emitted, "e")) == (5, 6)
    assert emitted.states("e") == [DeviceState.ONLINE]


@pytest.mark.parametrize(
    ("transport", "fault"), [("tcp", "half"), ("tcp", "noise"), ("tcp", "hang-up"), ("rtu", "hang-up")]
)
async def test_a_fault_may_take_the_whole_link(transport: str, fault: str) -> None:
    async with simulated({"d": device(ONE, timeout="300ms")}, transport) as (simulation, adapter):
        await simulation.fault("d", fault)
        with pytest.raises(AdapterError):
            async with asyncio.timeout(5):
                await adapter.run(Emitted())
        await simulation.fault("d", "well")
        async with running(adapter) as emitted:
            await emitted.state("d", DeviceState.ONLINE)


def emitted_value(emitted: Emitted, device: str) -> Value | None:
    (value,) = {sample.values[0] for sample in emitted.samples(device) if sample.values[0] is not None}
    return value


@pytest.mark.parametrize("transport", ["rtu-over-tcp", "rtu"])
@pytest.mark.parametrize("fault", ["slow:100ms", "noise", "twice"])
async def test_what_can_be_lived_with_on_a_line_is(transport: str, fault: str) -> None:
    devices = {"d": device(ONE, timeout="1s"), "e": device(ONE, unit_id=7, timeout="1s")}
    async with simulated(devices, transport) as (simulation, adapter):
        await simulation.set("d", "a", 5)
        await simulation.set("e", "a", 6)
        await simulation.fault("d", fault)
        async with running(adapter) as emitted:
            await emitted.sample("d", 5)
            await emitted.sample("e", 5)
    assert (emitted_value(emitted, "d"), emitted_value(emitted, "e")) == (5, 6)


async def test_late_takes_the_device_s_own_timeout_where_no_time_is_said() -> None:
    devices = {"d": device(ONE, timeout="300ms", probe_every="300ms")}
    async with simulated(devices) as (simulation, adapter), running(adapter) as emitted:
        await emitted.state("d", DeviceState.ONLINE)
        await simulation.fault("d", "slow")
        await emitted.sample("d", 3)
        assert emitted.states("d") == [DeviceState.ONLINE]
        await simulation.fault("d", "late")
        await emitted.state("d", DeviceState.OFFLINE)


async def test_what_is_refused_by_a_fault_is_not_written() -> None:
    async with simulated({"d": device(ONE)}) as (simulation, adapter):
        async with running(adapter) as emitted:
            await emitted.sample("d")
            await simulation.fault("d", "exception:4")
            result = await execute(adapter, "d", write={"a": 7})
        assert (result.status, await simulation.get("d", "a")) == (ResultStatus.FAILED, 0)


@pytest.mark.parametrize("fault", ["ded", "exception:0", "exception:256", "exception:two", "late:soon", "dead:1s", ""])
async def test_a_fault_that_there_is_not_is_refused_with_a_word(fault: str) -> None:
    async with simulated({"d": device(ONE)}) as (simulation, _):
        with pytest.raises(Rejected):
            await simulation.fault("d", fault)


async def test_values_are_good_from_the_start_and_move_if_they_may() -> None:
    points = {
        "moves": {"address": 1, "type": "int16", "scale": 0.1, "range": [-40, 150]},
        "high": {"address": 2, "range": [1000, 2000]},
        "set": {"address": 3, "writable": {"min": 20, "max": 80}},
        "label": {"address": 4, "enum": {3: "three", 7: "seven"}},
        "tiny": {"address": 5, "type": "int16", "scale": 0.0001},
        "held": {"address": 6, "type": "float32", "range": [0, 10]},
        "scaled": {"address": 8, "type": "int16", "scale_from": 9},
        "bits": {"address": 10, "bits": "3..5", "invalid": 0},
        "text": {"address": 12, "type": "string", "length": 4},
        "bytes": {"address": 16, "type": "bytes", "length": 2},
        "tens": {"address": 18, "type": "bcd16"},
    }
    devices = {"d": device(points)}
    async with ModbusAdapter.simulate(link_to(1), devices, ANYWHERE | {"moving": True}) as simulation:
        await simulation.set("d", "held", 9.5)
        first = {name: await simulation.get("d", name) for name in points}
        assert None not in first.values()
        adapter = ModbusAdapter(link_to(simulation.port), devices, {"d": {}})
        async with running(adapter) as emitted:
            await emitted.until(lambda: emitted.samples("d") and emitted.values("d")["moves"] != first["moves"])
            assert not emitted.bad("d")
            values = emitted.values("d")
    assert {name: values[name] for name in ("set", "held")} == {"set": first["set"], "held": 9.5}


async def test_all_is_closed_at_the_end() -> None:
    tasks, files = asyncio.all_tasks(), open_files()
    for transport in TRANSPORTS:
        async with simulated({"d": device(ONE, timeout="1s")}, transport) as (_, adapter), running(adapter) as emitted:
            await emitted.sample("d")
    await asyncio.sleep(0)
    assert asyncio.all_tasks() == tasks
    assert open_files() <= files
