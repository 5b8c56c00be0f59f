"""mbpoll (Debian) as another master on the simulator: what it and the adapter see must be the same."""

import asyncio
import re
from typing import Any

import pytest

from adapters.modbus import ModbusAdapter
from gateway.model import DeviceState
from tests.modbus.setup import device, link_to
from tests.support.emitted import running

POINTS: dict[str, dict[str, Any]] = {
    "float": {"address": 100, "type": "float32"},
    "swapped": {"address": 102, "type": "float32", "order": "CDAB"},
    "signed": {"address": 104, "type": "int16", "scale": 0.1},
    "input": {"address": 50, "table": "input"},
    "coil": {"address": 0, "table": "coil", "type": "bool"},
    "far_coil": {"address": 9, "table": "coil", "type": "bool"},
    "discrete": {"address": 12, "table": "discrete", "type": "bool"},
}
SET = {"float": 71.3, "swapped": -4.5, "signed": -12.3, "input": 4711, "coil": True, "discrete": True}
SHOWN = re.compile(r"^\[(\d+)\]:\s+(\S+)", re.MULTILINE)


async def mbpoll(*arguments: str) -> dict[int, str]:
    """What it shows, by address."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec("mbpoll", "-0", "-1", *arguments, stdout=pipe, stderr=pipe)
    out, err = await asyncio.wait_for(process.communicate(), 20)
    assert process.returncode == 0, (out + err).decode()
    return {int(address): value for address, value in SHOWN.findall(out.decode())}


async def looks_through(where: list[str]) -> dict[str, str]:
    """Each of the tables, as mbpoll reads it."""

    async def one(*arguments: str) -> str:
        (value,) = (await mbpoll(*arguments, *where)).values()
        return value

    return {
        "float": await one("-t", "4:float", "-B", "-r", "100"),
        "swapped": await one("-t", "4:float", "-r", "102"),
        "signed": await one("-t", "4", "-r", "104"),
        "input": await one("-t", "3", "-r", "50"),
        "coil": await one("-t", "0", "-r", "0"),
        "discrete": await one("-t", "1", "-r", "12"),
    }


EXPECTED = {"float": "71.3", "swapped": "-4.5", "signed": "65413", "input": "4711", "coil": "1", "discrete": "1"}


async def test_over_tcp_both_masters_see_the_same_and_what_one_writes_the_other_reads() -> None:
    devices = {"d": device(POINTS, timeout="1s"), "e": device(POINTS, unit_id=9, timeout="1s")}
    async with ModbusAdapter.simulate(link_to(1), devices, {"tcp": 0}) as simulation:
        for point, value in SET.items():
            await simulation.set("d", point, value)
        where = ["-p", str(simulation.port), "127.0.0.1"]
        adapter = ModbusAdapter(link_to(simulation.port), devices, {"d": {}, "e": {}})
        async with running(adapter) as emitted:
            await emitted.state("d", DeviceState.ONLINE)

            assert await looks_through(where) == EXPECTED
            assert emitted.values("d") == {**SET, "far_coil": False}

            await mbpoll("-t", "0", "-r", "8", *where, "1", "1")
            await mbpoll("-t", "4:float", "-B", "-r", "100", *where, "--", "-1.25", "8.5")
            await mbpoll("-t", "4", "-r", "104", *where, "77")
            written = {"float": -1.25, "signed": 7.7, "far_coil": True}
            await emitted.until(lambda: {name: emitted.values("d")[name] for name in written} == written)
            assert not any(emitted.values("e").values())
            assert emitted.states("d") == [DeviceState.ONLINE]


async def test_over_a_pty_it_reads_and_writes_what_the_simulator_holds() -> None:
    devices = {"d": device(POINTS)}
    async with ModbusAdapter.simulate(link_to(1), devices, {"pty": ""}) as simulation:
        for point, value in SET.items():
            await simulation.set("d", point, value)
        where = ["-m", "rtu", "-b", "19200", "-P", "none", simulation.path]

        assert await looks_through(where) == EXPECTED

        await mbpoll("-t", "4", "-r", "104", *where, "77")
        await mbpoll("-t", "0", "-r", "8", *where, "1", "1")
        assert (await simulation.get("d", "signed"), await simulation.get("d", "far_coil")) == (7.7, True)


@pytest.mark.parametrize(("arguments", "complaint"), [
    (["-t", "4", "-r", "300"], "Illegal data address"),
    (["-a", "77", "-t", "4", "-r", "100"], "Target device failed to respond"),
])  # fmt: skip
async def test_what_does_not_exist_is_refused(arguments: list[str], complaint: str) -> None:
    async with ModbusAdapter.simulate(link_to(1), {"d": device(POINTS)}, {"tcp": 0}) as simulation:
        with pytest.raises(AssertionError, match=complaint):
            await mbpoll(*arguments, "-p", str(simulation.port), "127.0.0.1")
