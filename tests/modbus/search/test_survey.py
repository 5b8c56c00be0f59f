"""Who answers on a link that nobody serves, at which settings."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from adapters.modbus import ModbusAdapter
from adapters.modbus.config import ModbusLink
from adapters.modbus.search.course import Course
from adapters.modbus.search.scan import Scan
from adapters.modbus.search.scope import Scope
from adapters.modbus.wire.connect import pace_of
from gateway.adapter import Progress, Rejected
from tests.modbus.faulty import faulty_server, hang, well
from tests.modbus.port import port
from tests.modbus.setup import link_to, registers
from tests.modbus.slave import LineRig, Manner
from tests.support.simulated import in_simulated_time

FAST = {"timeout": "30ms"}
"""Where nobody answers."""
AMPLE = {"timeout": "500ms"}
"""Where somebody does, if the machine has time for it."""
READS = {1, 2, 3, 4}


def serial_link(path: str) -> ModbusLink:
    return ModbusLink.model_validate({"adapter": "modbus", "transport": "rtu", "port": path})


async def surveyed(link: ModbusLink, options: Mapping[str, Any]) -> tuple[list[dict[str, Any]], list[Progress]]:
    told: list[Progress] = []
    return await ModbusAdapter.survey(link, {}, options, told.append), told


async def test_a_network_link_without_devices_is_scanned() -> None:
    async with faulty_server() as server:
        server.react = hang
        server.units |= {3: well, 4: lambda query: query.refused(2)}
        found, _ = await surveyed(link_to(server.port), {"units": "2-5", **AMPLE})
        await server.all_closed()
    assert found == [{"unit_id": 3, "answer": "registers"}, {"unit_id": 4, "answer": "exception 2"}]
    assert {query.function for query in server.queries} <= READS


async def test_a_configured_device_is_named() -> None:
    async with faulty_server() as server:
        found = await ModbusAdapter.survey(
            link_to(server.port), {"meter": registers(7, unit_id=2)}, {"units": "2"}, lambda _: None
        )
    assert found == [{"unit_id": 2, "device": "meter", "answer": "registers"}]


async def test_first_it_says_how_long_it_takes_at_most_then_how_far_it_is() -> None:
    async with faulty_server() as server:
        server.react = hang
        server.units[2] = well
        _, told = await surveyed(link_to(server.port), {"units": "1-3", **AMPLE})
    assert (told[0].done, told[0].total) == (0, 3)
    assert told[0].left_s == pytest.approx(1.5)
    assert [(each.done, each.total, each.at) for each in told[1:]] == [(n, 3, f"unit {n}") for n in (1, 2, 3)]
    assert [each.found for each in told[1:]] == [(), ({"unit_id": 2, "answer": "registers"},), ()]
    assert told[1].left_s > told[3].left_s == 0


async def test_baud_rates_are_tried_one_after_the_other_and_only_read_at() -> None:
    async with port({5: 19200}) as line:
        options = {"units": "4,5", "baudrate": "9600,19200", "parity": "none", **AMPLE}
        found, told = await surveyed(serial_link(line.path), options)
    assert found == [{"unit_id": 5, "baudrate": 19200, "parity": "none", "answer": "registers"}]
    assert [(each.baudrate, each.unit) for each in line.heard] == [(rate, n) for rate in (9600, 19200) for n in (4, 5)]
    assert line.functions <= READS
    assert (told[0].total, told[-1].done, told[-1].at) == (4, 4, "19200 8N1 unit 5")


async def test_the_usual_settings_are_tried_where_none_is_named_the_likeliest_first() -> None:
    async with port({}) as line:
        found, told = await surveyed(serial_link(line.path), {"serial": True, "units": "1", "timeout": "5ms"})
    rates = [int(each.at.split()[0]) for each in told if each.at.endswith("unit 1")]
    assert told[0].left_s > 24 * 0.005 + 3 * 2 * 8 * 11 / 1200, "with the time on the wire at the slowest"
    assert (found, told[0].total, len(rates)) == ([], 24, 24)
    assert list(dict.fromkeys(rates)) == [9600, 19200, 38400, 57600, 115200, 4800, 2400, 1200]
    assert {each.baudrate for each in line.heard} <= set(rates)
    (note,) = told[-1].notes
    assert note.startswith(f"nobody answers on {line.path} at any setting: A and B are swapped")


async def test_what_comes_damaged_is_no_device_but_a_hint() -> None:
    async with port({5: 19200}, noisy=True) as line:
        options = {"units": "5", "baudrate": "9600,19200", "parity": "none", **AMPLE}
        found, told = await surveyed(serial_link(line.path), options)
    assert [(each["unit_id"], each["baudrate"]) for each in found] == [(5, 19200)]
    (note,) = [note for each in told for note in each.notes]
    assert note.startswith("something is heard at 9600 8N1, but damaged")


async def test_at_one_setting_the_hint_is_to_try_others() -> None:
    async with port({5: 9600}) as line:
        found, told = await surveyed(serial_link(line.path), {"units": "5", **FAST})
    assert found == []
    assert f"nobody answers on {line.path} (19200 8E1)" in told[-1].notes[0]
    assert "--serial tries others" in told[-1].notes[0]


async def test_a_port_that_is_not_there_is_told() -> None:
    with pytest.raises(Rejected, match="there is no serial port") as caught:
        await surveyed(serial_link("/dev/no-such-port"), {})
    assert caught.value.reason == "no-link"


async def test_a_port_that_is_pulled_out_ends_it() -> None:
    async with port({}) as line:
        survey = asyncio.create_task(surveyed(serial_link(line.path), {"timeout": "10s"}))
        await line.until(1)
        line.close()
        async with asyncio.timeout(5):
            with pytest.raises(Rejected, match="lost before the scan had ended"):
                await survey


async def test_whoever_ends_it_ends_it_at_once_and_the_port_is_free() -> None:
    async with port({}) as line:
        link = serial_link(line.path)
        survey = asyncio.create_task(surveyed(link, {"timeout": "10s"}))
        await line.until(1)
        survey.cancel()
        async with asyncio.timeout(5):  # half of what the probe might take
            await asyncio.gather(survey, return_exceptions=True)
        await surveyed(link, {"units": "1", **FAST})


async def test_a_network_has_no_baud_rate() -> None:
    with pytest.raises(Rejected, match="through a network"):
        await surveyed(link_to(1), {"serial": True})


@pytest.mark.parametrize("transport", ["rtu", "ascii"])
def test_no_setting_takes_longer_than_was_told(transport: str) -> None:
    async def scanned() -> None:
        most_s: list[float] = []
        for rate in (1200, 115200):
            link = ModbusLink.model_validate(
                {"adapter": "modbus", "transport": transport, "port": "/dev/ttyUSB0", "baudrate": rate}
            )
            rig = LineRig(lambda _: Manner(silent=True), ascii_frames=transport == "ascii", pace=pace_of(link))
            told: list[Progress] = []
            began_s = rig.loop.time()
            assert await Scan(rig.bus, {}, (), Course(told.append)).over(Scope((1, 2, 3), 0.02)) == []
            most_s.append(told[0].left_s)
            assert rig.loop.time() - began_s <= most_s[-1]
            await rig.close()
        assert most_s[0] > most_s[1]

    in_simulated_time(scanned)


async def test_what_is_left_shrinks_to_nothing() -> None:
    async with port({}) as line:
        _, told = await surveyed(serial_link(line.path), {"units": "1-4", "baudrate": "9600,1200", "timeout": "10ms"})
    left_s = [each.left_s for each in told]
    assert left_s[0] > left_s[-3] > left_s[-2] == left_s[-1] == 0, "before the last try, after it, and with the note"


async def test_a_scan_that_would_take_for_ever_is_refused_before_the_port_is_opened() -> None:
    with pytest.raises(Rejected, match="name fewer units or settings") as caught:
        await surveyed(serial_link("/dev/no-such-port"), {"serial": True, "timeout": "10s"})
    assert caught.value.reason == "malformed"
