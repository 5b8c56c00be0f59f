"""The simulator seen by the adapter: over a pseudo terminal and over TCP, with every fault."""

import asyncio
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from adapters.serial import SerialAdapter
from adapters.serial.config import SerialDevice, SerialLink
from adapters.serial.simulator import Playback, Simulation
from gateway.adapter import AdapterError, Rejected
from gateway.model import Command, DeviceState, ResultStatus
from gateway.values import Unwritable
from tests.serial.simulator.setup import Gateway, device_of, link_of
from tests.support.emitted import Emitted, running, untold
from tests.support.patience import HANG_S

PLACES: dict[str, dict[str, Any]] = {"pty": {}, "tcp": {"tcp": 0}}
SCALE: dict[str, Any] = {
    "match": r"^(?P<status>ST|US),(?P<weight>[-+ ]\d{4}\.\d)kg$",
    "example": "ST,+0012.3kg",
    "points": {
        "weight": {"type": "float"},
        "stable": {"from": "status", "type": "bool", "enum": {"ST": True, "US": False}},
    },
    "commands": {"tare": {"send": "T\r\n", "expect": "^OK$", "error": "^E(?P<code>.)$", "errors": {"1": "in motion"}}},
}
CHAIN: dict[str, Any] = {
    "framing": {"type": "length", "start": {"hex": "AA"}, "at": 1, "size": 1, "extra": 2},
    "checksum": {"type": "crc-16/modbus", "endian": "little"},
    "address": {"at": 2, "type": "number"},
}
SENSOR: dict[str, Any] = {
    "every": "20ms",
    "timeout": "100ms",
    "probe_every": "100ms",
    "poll": {"send": {"hex": "AA 02 {address:uint8} 01 {checksum}"}},
    "points": {
        "t": {"at": 3, "type": "int16", "scale": 0.1},
        "sp": {
            "at": 5, "type": "int16", "scale": 0.1, "writable": {"min": 0, "max": 50}, "verify": True,
            "write": {"send": {"hex": "AA 04 {address:uint8} 06 {value:int16} {checksum}"}},
        },
    },
}  # fmt: skip
SPONTANEOUS = {"every": "20ms"}


def open_files() -> set[str]:
    return {each.name for each in Path("/proc/self/fd").iterdir()}


@asynccontextmanager
async def simulated(
    link: SerialLink, devices: Mapping[str, SerialDevice], place: str = "pty", **options: Any
) -> AsyncIterator[tuple[Any, SerialAdapter]]:
    """The simulation, and an adapter that has been told where it is."""
    async with SerialAdapter.simulate(link, devices, PLACES[place] | options) as simulation:
        reached = link.model_copy(update=dict(simulation.settings))
        yield simulation, SerialAdapter(reached, devices, {name: {} for name in devices})


async def execute(adapter: SerialAdapter, device: str, **what: Any) -> Any:
    deadline_s = asyncio.get_running_loop().time() + 5
    return await adapter.execute(Command("c", device, deadline_s=deadline_s, **what), untold)


def sensors(**more: Any) -> dict[str, SerialDevice]:
    given = SENSOR | more
    return {"d": device_of(address=7, **given), "e": device_of(address=8, **given)}


@pytest.mark.parametrize("place", PLACES)
async def test_a_device_that_speaks_by_itself_is_read_and_obeys(place: str) -> None:
    link, devices = link_of(), {"d": device_of(**SCALE)}
    async with simulated(link, devices, place, **SPONTANEOUS) as (simulation, adapter):
        await simulation.set("d", "weight", -7.5)
        await simulation.set("d", "stable", False)
        async with running(adapter) as emitted:
            await emitted.until(
                lambda: emitted.samples("d") and emitted.values("d") == {"weight": -7.5, "stable": False}
            )
            assert (await execute(adapter, "d", invoke="tare")).status is ResultStatus.DONE
            await simulation.fault("d", "refuse:1")
            result = await execute(adapter, "d", invoke="tare")
            assert (result.status, result.detail) == (ResultStatus.FAILED, "in motion")


@pytest.mark.parametrize("place", PLACES)
async def test_devices_on_a_line_are_polled_and_written(place: str) -> None:
    devices = sensors()
    async with simulated(link_of(**CHAIN), devices, place) as (simulation, adapter):
        await simulation.set("d", "t", -1.5)
        async with running(adapter) as emitted:
            await emitted.until(lambda: emitted.samples("d") and emitted.values("d")["t"] == -1.5)
            result = await execute(adapter, "e", write={"sp": 21.5})
            assert result.status is ResultStatus.DONE
            assert (await simulation.get("d", "sp"), await simulation.get("e", "sp")) == (0.0, 21.5)
            await emitted.until(lambda: emitted.samples("e") and emitted.values("e")["sp"] == 21.5)


@pytest.mark.parametrize("fault", ["noise:50%", "split"])
async def test_what_can_be_lived_with_is(fault: str) -> None:
    async with simulated(link_of(**CHAIN), sensors(timeout="20s")) as (simulation, adapter):
        await simulation.set("d", "t", 5.5)
        await simulation.fault("d", fault)
        async with running(adapter) as emitted:
            await emitted.sample("d", 3)
    assert {sample.values for sample in emitted.samples("d")} == {(5.5, 0.0)}


@pytest.mark.parametrize("place", PLACES)
async def test_a_line_that_is_hung_up_can_be_opened_again(place: str) -> None:
    async with simulated(link_of(**CHAIN), sensors(), place) as (simulation, adapter):
        await simulation.fault("d", "hang-up")
        with pytest.raises(AdapterError):
            async with asyncio.timeout(HANG_S):
                await adapter.run(Emitted())
        await simulation.fault("d", "well")
        async with running(adapter) as emitted:
            await emitted.state("d", DeviceState.ONLINE)


async def test_values_are_good_from_the_start_and_move_if_they_may() -> None:
    points = {
        "moves": {"type": "float", "range": [-40, 150]}, "held": {"type": "float", "range": [0, 10]},
        "label": {"type": "string", "enum": {"A": "one", "B": "two"}}, "text": {"type": "string"},
    }  # fmt: skip
    match = r"^(?P<moves>[-+]\d+\.\d{3}) (?P<held>\d+\.\d) (?P<label>[AB]) (?P<text>\w+)$"
    devices = {"d": device_of(points=points, match=match)}
    async with simulated(link_of(), devices, moving=True, **SPONTANEOUS) as (simulation, adapter):
        await simulation.set("d", "held", 9.5)
        first = {name: await simulation.get("d", name) for name in points}
        async with running(adapter) as emitted:
            await emitted.until(lambda: emitted.samples("d") and emitted.values("d")["moves"] != first["moves"])
            assert not emitted.bad("d")
            values = emitted.values("d")
    assert (values["held"], values["text"]) == (9.5, "text")


def test_what_an_interlock_waits_for_is_so_and_stays_so_until_somebody_sets_it() -> None:
    points = {
        "weight": {"type": "float"},
        "stable": {"type": "bool", "from": "status", "enum": {"US": False, "ST": True, "OL": False}},
        "overload": {"type": "bool", "from": "status", "enum": {"US": False, "ST": False, "OL": True}},
        "mode": {"type": "string", "enum": {"G": "gross", "N": "net"}},
    }
    match = r"^(?P<status>ST|US|OL)(?P<mode>[GN]) (?P<weight>\d+\.\d)$"
    commands = {"tare": {"send": "T", "interlock": {"stable": True}}}
    unit = Gateway(link_of(), {"d": device_of(points=points, match=match, commands=commands)}).chain.units["d"]
    assert unit.steady() == {"stable", "overload"}
    assert (unit.get("stable"), unit.get("overload")) == (True, False)


async def test_a_point_is_not_set_to_what_it_cannot_hold() -> None:
    async with simulated(link_of(), {"d": device_of(**SCALE)}) as (simulation, _):
        with pytest.raises(Unwritable):
            await simulation.set("d", "weight", 12345.6)


@pytest.mark.parametrize("fault", ["ded", "late:soon", "", "checksum", "wrong-address"])
async def test_a_fault_that_there_is_not_is_refused_with_a_word(fault: str) -> None:
    async with simulated(link_of(), {"d": device_of(**SCALE)}) as (simulation, _):
        with pytest.raises(Rejected):
            await simulation.fault("d", fault)


@pytest.mark.parametrize("options", [
    {"pty": "", "tcp": 0}, {"every": "soon"}, {"every": "0s"}, {"tcp": -1}, {"nothing": 1}, {"replay": "/nowhere"},
])  # fmt: skip
async def test_options_that_make_no_sense_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises((Rejected, OSError)):
        async with SerialAdapter.simulate(link_of(), {"d": device_of(**SCALE)}, options):
            pass


@pytest.mark.parametrize(("port", "options", "settings"), [
    ("/dev/nowhere", {"pty": "{tmp}/port"}, {"port": "{tmp}/port"}),
    ("tcp://127.0.0.1:1", {"pty": "{tmp}/port"}, {"port": "{tmp}/port"}),
    ("rfc2217://127.0.0.1:1", {"pty": "{tmp}/port"}, {"port": "{tmp}/port"}),
    ("/dev/nowhere", {"tcp": 0}, {"port": "tcp://127.0.0.1:{port}", "baudrate": None}),
])  # fmt: skip
async def test_it_tells_how_it_is_reached(
    tmp_path: Path, port: str, options: dict[str, Any], settings: dict[str, Any]
) -> None:
    link = link_of(port=port, **({} if port.startswith("tcp") else {"baudrate": 9600}))
    given = {name: each.format(tmp=tmp_path) if isinstance(each, str) else each for name, each in options.items()}
    async with SerialAdapter.simulate(link, {"d": device_of(**SCALE)}, given) as simulation:
        known = {"tmp": tmp_path, "port": simulation.port}
        assert simulation.settings == {name: value and value.format(**known) for name, value in settings.items()}


async def test_where_its_own_port_is_taken_any_other_does_if_that_is_allowed() -> None:
    devices = {"d": device_of(**SCALE)}
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        link = link_of(port=f"tcp://127.0.0.1:{taken.getsockname()[1]}")
        async with SerialAdapter.simulate(link, devices, {"elsewhere": True}) as simulation:
            assert simulation.settings == {"port": f"tcp://127.0.0.1:{simulation.port}"}
        with pytest.raises(OSError, match="in use"):
            async with SerialAdapter.simulate(link, devices, {}):
                pass


CAPTURE = """
+1s rx "ST,+0001.0kg" 0D 0A
+20ms rx "ST,+0002.0kg" 0D 0A
+0ms tx "T" 0D 0A
+10ms rx "OK" 0D 0A
"""


@pytest.mark.parametrize("place", PLACES)
async def test_a_capture_is_played_to_whoever_opens_the_port(tmp_path: Path, place: str) -> None:
    path = tmp_path / "wire.txt"
    path.write_text(CAPTURE)
    async with simulated(link_of(), {"d": device_of(**SCALE)}, place, replay=str(path)) as (simulation, adapter):
        assert isinstance(simulation, Playback)
        async with running(adapter) as emitted:
            await emitted.until(lambda: len(emitted.samples("d")) >= 2)
            assert (await execute(adapter, "d", invoke="tare")).status is ResultStatus.DONE
            await simulation.ended()
    assert [sample.values[0] for sample in emitted.samples("d")] == [1.0, 2.0]
    assert (simulation.played, simulation.missed, dict(simulation.devices)) == (3, 0, {})


async def test_a_capture_begins_anew_for_who_opens_the_port_again(tmp_path: Path) -> None:
    path = tmp_path / "wire.txt"
    path.write_text('+0ms rx "ST,+0001.0kg" 0D 0A\n')
    devices = {"d": device_of(**SCALE)}
    async with simulated(link_of(), devices, replay=str(path)) as (simulation, adapter):
        for _ in range(2):
            async with running(adapter) as emitted:
                await emitted.sample("d")
    assert simulation.played == 2


async def test_a_capture_needs_no_devices_and_may_be_played_for_ever(tmp_path: Path) -> None:
    path = tmp_path / "wire.txt"
    path.write_text('rx "a" 0A\n')
    link = link_of()
    async with SerialAdapter.simulate(link, {}, {"replay": str(path), "tcp": 0, "loop": True}) as simulation:
        reader, writer = await asyncio.open_connection("127.0.0.1", simulation.port)
        assert [await reader.readline() for _ in range(3)] == [b"a\n"] * 3
        writer.close()
        with pytest.raises(Rejected):
            await simulation.fault("d", "dead")
        with pytest.raises(Unwritable):
            await simulation.set("d", "t", 1)


async def test_what_is_no_capture_is_refused_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "wire.txt"
    path.write_text("# a capture\nhello\n")
    with pytest.raises(Rejected, match=r"wire\.txt:2: "):
        async with SerialAdapter.simulate(link_of(), {}, {"replay": str(path)}):
            pass


async def test_what_is_said_is_heard_again_where_there_is_an_echo() -> None:
    link = link_of(local_echo=True, **CHAIN)
    async with simulated(link, sensors()) as (simulation, adapter), running(adapter) as emitted:
        assert isinstance(simulation, Simulation)
        await emitted.state("d", DeviceState.ONLINE)


async def test_all_is_closed_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "wire.txt"
    path.write_text(CAPTURE)
    tasks, files = asyncio.all_tasks(), open_files()
    for place in PLACES:
        for options in ({"moving": True, **SPONTANEOUS}, {"replay": str(path)}):
            devices = {"d": device_of(**SCALE)}
            async with simulated(link_of(), devices, place, **options) as (_, adapter), running(adapter) as emitted:
                await emitted.sample("d")
    await asyncio.sleep(0)
    assert asyncio.all_tasks() == tasks
    assert open_files() <= files
