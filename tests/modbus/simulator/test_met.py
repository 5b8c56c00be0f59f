"""SunSpec devices in the simulator: served whole, read by the names of their points, and moving."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest
from sunspec2.modbus.client import SunSpecModbusClientDeviceTCP

from adapters.modbus import ModbusAdapter
from adapters.modbus.config import ModbusDevice
from adapters.modbus.simulator import Simulation
from adapters.modbus.simulator.met import met
from adapters.modbus.sunspec.completion import complete
from gateway.adapter import Rejected
from gateway.model import DeviceState, Relearned, Value
from tests.modbus.setup import link_to
from tests.modbus.sunspec.images import sunspec
from tests.support.emitted import Emitted, running

STILL, MOVING = {"tcp": 0}, {"tcp": 0, "moving": True}
W, ST, WH = "inverter_three_phase_W", "inverter_three_phase_St", "inverter_three_phase_WH"
SN = "common_SN"
STAYS = (ST, SN, "nameplate_WRtg", "controls_WMaxLimPct")


async def met_at(simulation: Simulation, devices: Mapping[str, ModbusDevice]) -> ModbusAdapter:
    """An adapter that knows the devices' points, because it has met them there."""
    link = link_to(simulation.port)
    memory: dict[str, dict[str, Any]] = {name: {} for name in devices}
    async with running(ModbusAdapter(link, devices, memory)) as emitted:
        await emitted.until(
            lambda: {each.device for each in emitted.items if isinstance(each, Relearned)} == {*devices}
        )
    return ModbusAdapter(link, complete(link, devices, memory), memory)


def seen(emitted: Emitted, device: str) -> dict[str, Value | None]:
    """The newest values of all points."""
    return {
        point: value
        for sample in emitted.samples(device)
        for point, value in zip(sample.group.points, sample.values, strict=True)
    }


async def test_all_points_are_found_and_read_as_they_are_set() -> None:
    devices = {"inv": sunspec()}
    async with ModbusAdapter.simulate(link_to(1), devices, STILL) as simulation:
        await simulation.set("inv", W, 4321)
        await simulation.set("inv", ST, "THROTTLED")
        async with running(await met_at(simulation, devices)) as emitted:
            await emitted.until(lambda: seen(emitted, "inv").keys() == simulation.devices["inv"].points.keys())
        wanted = {name: await simulation.get("inv", name) for name in simulation.devices["inv"].points}
    assert (wanted[W], wanted[ST], wanted[SN]) == (4321, "THROTTLED", "SIM-001")
    assert seen(emitted, "inv") == wanted
    assert None not in wanted.values()


async def test_numbers_move_and_labels_ratings_and_names_stay() -> None:
    devices = {"inv": sunspec()}
    async with ModbusAdapter.simulate(link_to(1), devices, MOVING) as simulation:
        first = {name: await simulation.get("inv", name) for name in (W, WH, *STAYS)}
        async with running(await met_at(simulation, devices)) as emitted:
            await emitted.until(lambda: seen(emitted, "inv").get(W) not in (None, first[W]))
            await emitted.until(lambda: float(seen(emitted, "inv").get(WH) or 0) > float(first[WH] or 0))
        later = {name: await simulation.get("inv", name) for name in STAYS}
    assert later == {name: first[name] for name in STAYS}


async def test_a_fault_hits_it_as_any_device() -> None:
    devices = {"inv": sunspec(probe_every="100ms")}
    async with ModbusAdapter.simulate(link_to(1), devices, STILL) as simulation:
        adapter = await met_at(simulation, devices)
        async with running(adapter) as emitted:
            await emitted.state("inv", DeviceState.ONLINE)
            await simulation.fault("inv", "dead")
            await emitted.state("inv", DeviceState.OFFLINE)
            await simulation.fault("inv", "well")
            await emitted.state("inv", DeviceState.ONLINE)


async def test_it_is_where_its_base_says_and_has_points_of_the_configuration_too() -> None:
    devices = {
        "inv": sunspec(sunspec={"base": 50000, "only": [103]}, points={"extra": {"address": 7, "type": "uint16"}})
    }
    async with ModbusAdapter.simulate(link_to(1), devices, STILL) as simulation:
        await simulation.set("inv", "extra", 5)
        async with running(await met_at(simulation, devices)) as emitted:
            await emitted.until(lambda: {W, "extra"} <= seen(emitted, "inv").keys())
    values = seen(emitted, "inv")
    assert values["extra"] == 5
    assert {name for name in values if not name.startswith("inverter_three_phase_")} == {"extra"}


def test_models_that_do_not_fit_behind_the_base_are_refused_with_what_to_do() -> None:
    with pytest.raises(Rejected, match="only"):
        met({"inv": sunspec(sunspec={"base": 65500})})


async def test_others_find_the_same_models() -> None:
    async with ModbusAdapter.simulate(link_to(1), {"inv": sunspec()}, STILL) as simulation:
        power = await simulation.get("inv", W)
        models, theirs = await asyncio.to_thread(read_by_pysunspec2, simulation.port)
    assert models == [1, 103, 120, 121, 123, 160, 203]
    assert theirs == power


def read_by_pysunspec2(port: int) -> tuple[list[int], float]:
    device = SunSpecModbusClientDeviceTCP(slave_id=1, ipaddr="127.0.0.1", ipport=port, timeout=5)
    try:
        device.scan()
        models = [key for key in device.models if isinstance(key, int)]
        return models, device.models[103][0].W.cvalue
    finally:
        device.close()
