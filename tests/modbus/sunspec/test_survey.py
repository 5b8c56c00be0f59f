"""A device that says what it has, behind a real server."""

import asyncio
import time
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pymodbus.constants import ExcCodes
from sunspec2.modbus import client as oracle

from adapters.modbus import ModbusAdapter
from adapters.modbus.config import ModbusDevice
from adapters.modbus.config.sunspec import SunSpec
from adapters.modbus.config.tables import ADDRESSES
from adapters.modbus.sunspec.memory import Notes
from adapters.modbus.sunspec.shape import NO_POINT
from adapters.modbus.sunspec.walk import Found, Model
from gateway.adapter import Rejected
from gateway.model import Command, DeviceState, Relearned, ResultStatus
from tests.modbus.setup import link_to, registers
from tests.modbus.sunspec.images import COMMON, INVERTER, chain, inverter, model, sunspec
from tests.modbus.sunspec.test_oracle import labels
from tests.support.device import Device, Query
from tests.support.emitted import Emitted, running, untold
from tests.support.modbus import ModbusServer

HEADER, IDENTITY = 2, 68
"""Registers: what no poll of this device reads."""

KEYS = st.sampled_from(["place", "looked_s", "found", "base", "identified", "identity", "models"])
JSON = st.recursive(st.none() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(KEYS, inner))
MODEL = {"id": 1, "address": 2, "length": 66, "counts": {}, "points": ["Mn"]}

Memory = dict[str, dict[str, Any]]


@pytest.fixture
def server() -> Iterator[ModbusServer]:
    with ModbusServer() as server:
        server.set("holding", 0, inverter())
        yield server


@pytest.fixture
def memory() -> Memory:
    return {"inv": {}}


def adapter_to(server: ModbusServer, memory: Memory, **more: Any) -> ModbusAdapter:
    """As the core makes it."""
    link = link_to(server.port)
    return ModbusAdapter(link, ModbusAdapter.complete(link, {"inv": sunspec(**more)}, memory), memory)


def relearned(emitted: Emitted) -> list[Relearned]:
    return [item for item in emitted.items if isinstance(item, Relearned)]


async def learn(server: ModbusServer, memory: Memory, **more: Any) -> None:
    """Run until the device has told what it has."""
    async with running(adapter_to(server, memory, **more)) as emitted:
        await emitted.until(lambda: relearned(emitted))


async def test_a_device_that_is_met_tells_that_it_has_points_and_is_online(
    server: ModbusServer, memory: Memory
) -> None:
    async with running(adapter_to(server, memory)) as emitted:
        await emitted.until(lambda: relearned(emitted))

        await emitted.state("inv", DeviceState.ONLINE)

    (notice,) = emitted.notices("inv")
    assert notice.startswith("SunSpec models at 0: common (1), inverter_three_phase (103), with ")


async def test_what_was_learned_is_polled_as_points(server: ModbusServer, memory: Memory) -> None:
    await learn(server, memory)

    async with running(adapter_to(server, memory)) as emitted:
        await emitted.until(lambda: len({sample.group for sample in emitted.samples("inv")}) == 2)

    values = {
        name: value
        for sample in emitted.samples("inv")
        for name, value in zip(sample.group.points, sample.values, strict=True)
    }
    assert values["common_Mn"] == "Sunny"
    assert values["inverter_three_phase_A"] == 12.3
    assert values["inverter_three_phase_Hz"] == 50.01
    assert values["inverter_three_phase_WH"] == 9876540
    assert values["inverter_three_phase_St"] == "MPPT"
    assert "inverter_three_phase_AphB" not in values


async def test_a_device_that_is_known_is_only_asked_whether_it_is_the_same(
    server: ModbusServer, memory: Memory
) -> None:
    await learn(server, memory)
    server.requests.clear()

    async with running(adapter_to(server, memory)) as emitted:
        await emitted.until(lambda: any(request.size == IDENTITY for request in server.requests))
        await emitted.sample("inv", 2)

    assert not relearned(emitted)
    assert [request for request in server.requests if request.size == HEADER] == []


async def test_another_device_at_its_place_is_told(server: ModbusServer, memory: Memory) -> None:
    await learn(server, memory)
    server.set("holding", 0, chain(model(1, {**COMMON, "SN": "4712"}), model(101, INVERTER)))

    async with running(adapter_to(server, memory)) as emitted:
        await emitted.until(lambda: relearned(emitted))

    assert "inverter_single_phase_W" in adapter_points(server, memory)


async def test_nothing_is_read_as_points_of_the_device_that_was_there_before(
    server: ModbusServer, memory: Memory
) -> None:
    await learn(server, memory)
    server.set("holding", 0, chain(model(1, {**COMMON, "SN": "4712"}), model(101, INVERTER)))

    adapter = adapter_to(server, memory)
    async with running(adapter) as emitted:
        await emitted.until(lambda: relearned(emitted))
        command = Command("c", "inv", asyncio.get_running_loop().time() + 5, read=("inverter_three_phase_W",))
        with pytest.raises(Rejected, match="another device answers"):
            await adapter.execute(command, untold)

    assert all(len(sample.bad) == len(sample.values) for sample in emitted.samples("inv"))


async def test_points_that_have_moved_are_not_read_on_the_next_connection_either(
    server: ModbusServer, memory: Memory
) -> None:
    await learn(server, memory)
    link, stale = link_to(server.port), adapter_devices(server, memory)
    server.set("holding", 0, chain(model(1, {**COMMON, "SN": "4712"}), model(101, INVERTER)))
    await learn(server, memory)

    async with running(ModbusAdapter(link, stale, memory)) as emitted:
        await emitted.state("inv", DeviceState.DEGRADED)

    assert all(len(sample.bad) == len(sample.values) for sample in emitted.samples("inv"))


async def test_a_command_to_the_device_that_is_known_is_carried_out_at_once(
    server: ModbusServer, memory: Memory
) -> None:
    await learn(server, memory)
    adapter = adapter_to(server, memory)

    async with running(adapter) as emitted:
        await emitted.sample("inv")
        command = Command("c", "inv", asyncio.get_running_loop().time() + 5, read=("inverter_three_phase_W",))
        result = await adapter.execute(command, untold)

    assert result.values == {"inverter_three_phase_W": 2800}


async def test_new_firmware_with_the_same_points_is_not_told(server: ModbusServer, memory: Memory) -> None:
    await learn(server, memory)
    server.set("holding", 0, chain(model(1, {**COMMON, "Vr": "1.1"}), model(103, INVERTER)))

    async with running(adapter_to(server, memory)) as emitted:
        await emitted.until(lambda: emitted.notices("inv"))

    assert not relearned(emitted)


async def test_a_point_that_comes_later_is_found_when_all_is_looked_at_again(
    server: ModbusServer, memory: Memory
) -> None:
    await learn(server, memory)
    memory["inv"]["sunspec"]["looked_s"] -= 86400
    server.set("holding", 0, inverter(AphB=42, AphA=None))

    async with running(adapter_to(server, memory)) as emitted:
        await emitted.until(lambda: relearned(emitted))

    assert {"inverter_three_phase_AphA", "inverter_three_phase_AphB"} <= adapter_points(server, memory)


async def test_what_was_learned_at_another_place_is_not_believed(server: ModbusServer, memory: Memory) -> None:
    await learn(server, memory)

    assert adapter_points(server, memory)
    assert not adapter_points(server, memory, unit_id=2)


async def test_a_memory_of_another_shape_is_begun_afresh(server: ModbusServer, memory: Memory) -> None:
    memory["inv"]["sunspec"] = {"found": 7}

    await learn(server, memory)

    assert adapter_points(server, memory)


async def test_a_device_without_sunspec_is_degraded_and_says_why_once(server: ModbusServer, memory: Memory) -> None:
    server.set("holding", 0, [0, 0])

    async with running(adapter_to(server, memory)) as emitted:
        await emitted.state("inv", DeviceState.DEGRADED)

    (notice,) = emitted.notices("inv")
    assert "no SunSpec device" in notice
    assert "sunspec: base" in notice


async def test_what_was_found_is_not_read_any_more_once_the_models_are_gone(
    server: ModbusServer, memory: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    await learn(server, memory)
    monkeypatch.setattr("adapters.modbus.sunspec.survey.LOOK_S", 1.0)
    memory["inv"]["sunspec"]["looked_s"] = time.time()
    memory["neighbour"] = {}
    link = link_to(server.port)
    devices = {**ModbusAdapter.complete(link, {"inv": sunspec()}, memory), "neighbour": registers(0)}

    async with running(ModbusAdapter(link, devices, memory)) as emitted:
        await emitted.until(lambda: any(not sample.bad for sample in emitted.samples("inv")))
        server.set("holding", 0, [7] * len(inverter()))
        await emitted.state("inv", DeviceState.DEGRADED)
        before = len(emitted.samples("inv"))
        await emitted.sample("neighbour", 5)

    assert not emitted.samples("inv")[before:]


async def test_a_device_that_refuses_everything_is_degraded(server: ModbusServer, memory: Memory) -> None:
    server.failures[1, 0] = ExcCodes.ILLEGAL_ADDRESS

    async with running(adapter_to(server, memory)) as emitted:
        await emitted.state("inv", DeviceState.DEGRADED)


async def test_a_device_that_is_silent_about_registers_it_lacks_is_found_all_the_same(memory: Memory) -> None:
    words = inverter()

    def react(query: Query) -> bytes:
        return query.registers(*words[query.address :][: query.size]) if query.address < 1000 else b""

    with Device(react) as there:
        link = link_to(there.port)
        async with running(ModbusAdapter(link, {"inv": sunspec()}, memory)) as emitted:
            await emitted.until(lambda: relearned(emitted))


@pytest.mark.usefixtures("impatient")
async def test_another_device_that_comes_back_on_the_same_connection_is_not_read_as_the_one_before(
    memory: Memory,
) -> None:
    words, is_silent = inverter(), False

    def react(query: Query) -> bytes:
        return b"" if is_silent else query.registers(*words[query.address :][: query.size])

    with Device(react) as there:
        link = link_to(there.port)
        asked = {"inv": sunspec(sunspec={"base": 0})}
        async with running(ModbusAdapter(link, asked, memory)) as emitted:
            await emitted.until(lambda: relearned(emitted))
        async with running(ModbusAdapter(link, ModbusAdapter.complete(link, asked, memory), memory)) as emitted:
            await emitted.until(lambda: any(not sample.bad for sample in emitted.samples("inv")))
            is_silent = True
            await emitted.state("inv", DeviceState.OFFLINE)
            before = len(emitted.samples("inv"))
            words = chain(model(1, {**COMMON, "SN": "4712"}), model(101, {**INVERTER, "W": 9}))
            is_silent = False
            await emitted.until(lambda: relearned(emitted))
            await emitted.state("inv", DeviceState.DEGRADED)

    since = emitted.samples("inv")[before:]
    assert all(len(sample.bad) == len(sample.values) for sample in since)


async def test_nothing_is_written_to_a_device_that_does_not_say_whether_it_is_the_one_that_is_known(
    memory: Memory,
) -> None:
    words, is_silent = inverter(), False
    queries: list[Query] = []

    def react(query: Query) -> bytes:
        queries.append(query)
        is_poll = query.size < IDENTITY
        return b"" if is_silent and not is_poll else query.registers(*words[query.address :][: query.size])

    with Device(react) as there:
        link = link_to(there.port)
        asked = {"inv": sunspec(sunspec={"base": 0, "points": {"inverter_three_phase_W": {"writable": True}}})}
        async with running(ModbusAdapter(link, asked, memory)) as emitted:
            await emitted.until(lambda: relearned(emitted))
        is_silent = True
        adapter = ModbusAdapter(link, ModbusAdapter.complete(link, asked, memory), memory)
        async with running(adapter) as emitted:
            await emitted.state("inv", DeviceState.ONLINE)
            deadline_s = asyncio.get_running_loop().time() + 20
            result = await adapter.execute(Command("c", "inv", deadline_s, write={"inverter_three_phase_W": 9}), untold)

    assert (result.status, result.reason) == (ResultStatus.UNREACHABLE, "timeout")
    assert "does not answer" in (result.detail or "")
    assert {query.function for query in queries} == {3}


@pytest.mark.parametrize("base", [0, 40000, 50000])
async def test_over_the_wire_values_are_those_of_the_oracle(memory: Memory, base: int) -> None:
    with ModbusServer(registers=51000) as server:
        server.set("holding", base, inverter())
        await learn(server, memory)
        async with running(adapter_to(server, memory)) as emitted:
            await emitted.until(lambda: len({sample.group for sample in emitted.samples("inv")}) == 2)
        theirs = await asyncio.to_thread(scanned, server.port)

    ours = {
        name: value
        for sample in emitted.samples("inv")
        for name, value in zip(sample.group.points, sample.values, strict=True)
    }
    assert ours == pytest.approx(theirs)


def scanned(port: int) -> dict[str, Any]:
    """What pysunspec2's own client reads."""
    client = oracle.SunSpecModbusClientDeviceTCP(slave_id=1, ipaddr="127.0.0.1", ipport=port, timeout=5)
    try:
        client.scan()
        return {
            f"{each.gname}_{name}": labels(point).get(point.cvalue, point.cvalue)
            for each in client.model_list
            for name, point in each.points.items()
            if point.pdef["type"] not in NO_POINT and name not in {"ID", "L"} and point.cvalue is not None
        }
    finally:
        client.close()


@given(JSON)
def test_whatever_is_in_the_memory_is_either_known_or_begun_afresh(kept: Any) -> None:
    notes = Notes({"sunspec": kept}, "here", SunSpec())

    assert notes.known is None or notes.known.place == "here"


@pytest.mark.parametrize("change", [
    {"base": 65536}, {"identified": 126}, {"identified": 0}, {"models": [{**MODEL, "address": 65536}]},
    {"models": [{**MODEL, "length": -1}]}, {"models": [{**MODEL, "points": [1]}]},
])  # fmt: skip
def test_what_no_device_can_have_is_not_believed(change: dict[str, Any]) -> None:
    found = {"base": 0, "identified": 68, "identity": "x", "models": [MODEL]}
    kept = {"place": "here", "looked_s": 1.0, "found": found}
    assert Notes({"sunspec": kept}, "here", SunSpec()).known is not None

    kept["found"] = {**found, **change}

    assert Notes({"sunspec": kept}, "here", SunSpec()).known is None


@given(
    st.lists(
        st.builds(
            Model,
            id=st.sampled_from([1, 103, 160, 705]),
            address=st.integers(0, 65535),
            length=st.integers(0, 300),
            counts=st.dictionaries(st.sampled_from(["N", "NPt", "NCrv"]), st.integers(-1, 3)),
            points=st.just(("Mn", "SN", "W", "WH", "St", "module_1_DCW", "module_3_DCWH", "Crv_1_Pt_2_V")),
        ),
        max_size=3,
    ).map(tuple)
)
@example((Model(1, 65534, 16, {}, ("Mn",)),))  # begins where addresses end
def test_models_that_no_device_can_have_make_no_points_and_no_trouble(models: tuple[Model, ...]) -> None:
    wanted, memory = sunspec(), Memory(inv={})
    assert wanted.sunspec is not None
    Notes(memory["inv"], wanted.address_on(link_to(1)), wanted.sunspec).keep(Found(0, 2, "x", models), 0.0)

    found = ModbusAdapter.complete(link_to(1), {"inv": wanted}, memory)["inv"]

    assert all(point.address < ADDRESSES for point in found.points.values())


async def test_what_makes_no_points_is_looked_at_again(server: ModbusServer, memory: Memory) -> None:
    await learn(server, memory)
    memory["inv"]["sunspec"]["found"]["models"][1]["address"] = ADDRESSES - 10
    assert adapter_points(server, memory) == set()

    await learn(server, memory)

    assert "inverter_three_phase_W" in adapter_points(server, memory)


def adapter_points(server: ModbusServer, memory: Memory, **more: Any) -> set[str]:
    """What it would have after the next start."""
    return set(adapter_devices(server, memory, **more)["inv"].points)


def adapter_devices(server: ModbusServer, memory: Memory, **more: Any) -> Mapping[str, ModbusDevice]:
    return ModbusAdapter.complete(link_to(server.port), {"inv": sunspec(**more)}, memory)
