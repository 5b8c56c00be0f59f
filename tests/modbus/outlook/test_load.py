"""What polls cost, against what the specification says by hand."""

import asyncio
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.modbus.config import ModbusLink
from adapters.modbus.outlook.load import ANSWER_S, load_of
from adapters.modbus.wire.timing import silence_s
from adapters.modbus.wire.wire import Pace
from tests.modbus.setup import device, link_to, registers
from tests.modbus.slave import LineRig, Manner
from tests.support.simulated import in_simulated_time


def serial(**more: Any) -> ModbusLink:
    return ModbusLink.model_validate({"adapter": "modbus", "transport": "rtu", "port": "/dev/ttyS0", **more})


def test_ten_registers_at_9600_baud_take_what_the_specification_says() -> None:
    (demand,) = load_of(serial(baudrate=9600), {"d": registers(*range(10), every="1s")}).demands
    character_s = 11 / 9600  # a start bit, 8 data bits, parity, a stop bit (V1.02, 2.5.1)
    assert (demand.requests, demand.registers, demand.sent, demand.received) == (1, 10, 8, 25)
    assert demand.bus_s == pytest.approx((8 + 25 + 2 * 3.5) * character_s + ANSWER_S)


def test_above_19200_baud_silence_has_a_fixed_length() -> None:
    (demand,) = load_of(serial(baudrate=115200, parity="none"), {"d": registers(1)}).demands
    assert demand.bus_s == pytest.approx((8 + 7) * 10 / 115200 + 2 * 0.00175 + ANSWER_S)


def test_ascii_takes_two_characters_a_byte_and_tells_its_end_by_itself() -> None:
    (demand,) = load_of(serial(transport="ascii", baudrate=9600), {"d": registers(1)}).demands
    assert (demand.sent, demand.received) == (17, 15)
    assert demand.bus_s == pytest.approx((17 + 15 + 3.5) * 10 / 9600 + ANSWER_S)


@pytest.mark.parametrize(("transport", "sent", "received"), [
    ("tcp", 12, 11), ("tls", 12, 11), ("udp", 12, 11), ("rtu-over-tcp", 8, 7), ("ascii-over-tcp", 17, 15),
])  # fmt: skip
def test_frames_have_the_length_that_their_transport_gives_them(transport: str, sent: int, received: int) -> None:
    (demand,) = load_of(link_to(502, transport=transport), {"d": registers(1)}).demands
    assert (demand.sent, demand.received, demand.bus_s) == (sent, received, None)


def test_bits_are_counted_as_bits_and_travel_eight_to_the_byte() -> None:
    points = {f"c{at}": {"address": at, "table": "coil", "type": "bool"} for at in range(9)}
    (demand,) = load_of(serial(), {"d": device(points)}).demands
    assert (demand.registers, demand.bits, demand.received) == (0, 9, 3 + 2 + 2)


def test_each_period_of_each_device_is_a_demand_and_all_add_up() -> None:
    points: dict[str, dict[str, Any]] = {"a": {"address": 1}, "b": {"address": 2, "every": "1h"}}
    load = load_of(serial(), {"d": device(points, every="1s"), "e": registers(1, every="2s")})
    assert [(each.device, each.every_s, each.points) for each in load.demands] == [
        ("d", 1, ("a",)),
        ("d", 3600, ("b",)),
        ("e", 2, ("r1",)),
    ]
    assert load.share == pytest.approx(sum((each.bus_s or 0) / each.every_s for each in load.demands))
    assert load.requests_per_s == pytest.approx(1 + 1 / 3600 + 1 / 2)


def test_through_a_network_the_load_is_how_long_an_answer_may_take() -> None:
    devices = {"d": registers(*range(0, 1000, 100), every="1s")}
    assert load_of(link_to(502), devices).answer_within_s == pytest.approx(0.1)
    assert load_of(link_to(502, max_in_flight=4), devices).answer_within_s == pytest.approx(0.4)
    assert load_of(link_to(502, pause_between="60ms"), devices).answer_within_s == pytest.approx(0.04)


@pytest.mark.parametrize(("transport", "baudrate", "pause"), [
    ("rtu", 9600, "0s"), ("rtu", 115200, "0s"), ("rtu", 19200, "30ms"), ("ascii", 9600, "0s"),
])  # fmt: skip
def test_the_scheduler_keeps_a_line_busy_for_just_the_time_that_is_reckoned(
    transport: str, baudrate: int, pause: str
) -> None:
    link = serial(transport=transport, baudrate=baudrate, pause_between=pause)
    character = link.settings.character_s
    silence = silence_s(baudrate, character)
    (demand,) = load_of(link, {"d": registers(*range(10))}).demands
    travel_s = (demand.sent + demand.received) * character
    answers = Manner(after_s=travel_s + (silence if transport == "rtu" else 0) + ANSWER_S)

    async def happens() -> None:
        pace = Pace(between_s=link.pause_between, character_s=character, silence_s=silence)
        rig = LineRig(lambda _request: answers, ascii_frames=transport == "ascii", pace=pace)
        rig.poll((1, 0, 10))
        await asyncio.sleep(10)
        times = [at for at, _ in rig.slaves.asked]
        assert [b - a for a, b in pairwise(times)] == pytest.approx([demand.bus_s] * (len(times) - 1), abs=1e-6)
        assert len(times) > 100
        await rig.close()

    in_simulated_time(happens)


@given(st.integers(50, 1_000_000), st.integers(50, 1_000_000), st.sets(st.integers(0, 500), min_size=1))
def test_a_faster_line_is_never_busier(one: int, other: int, addresses: set[int]) -> None:
    slow, fast = sorted((one, other))
    devices = {"d": registers(*addresses)}
    assert _share(serial(baudrate=fast), devices) <= _share(serial(baudrate=slow), devices)


@given(st.sets(st.integers(0, 500), min_size=1), st.sets(st.integers(0, 500), min_size=1))
def test_more_devices_are_never_less_load(some: set[int], others: set[int]) -> None:
    devices = {"d": registers(*some), "e": registers(*others, unit_id=2)}
    alone = [_share(serial(), {name: each}) for name, each in devices.items()]
    assert _share(serial(), devices) == pytest.approx(sum(alone))


def _share(link: ModbusLink, devices: Any) -> float:
    share = load_of(link, devices).share
    assert share is not None
    return share
