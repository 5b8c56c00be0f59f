"""Who answers on a wire, and who obeys without a word."""

import pytest

from adapters.modbus.blocks.plan import Cell
from adapters.modbus.config.link import Transport
from adapters.modbus.simulator.asked import Asked, frames_of
from adapters.modbus.simulator.faults import Fault
from adapters.modbus.simulator.memory import Memory
from adapters.modbus.simulator.unit import Reaction, Unit, react
from gateway.values import Quantity

WRITE = bytes([6, 0, 1, 0, 99])
LINES: list[Transport] = ["rtu", "ascii", "rtu-over-tcp", "ascii-over-tcp"]
NUMBERED: list[Transport] = ["tcp", "tls", "udp"]


@pytest.fixture
def units() -> dict[int, Unit]:
    """Units 3, 4 and 5, of which 5 is dead; each with a register 1."""
    made = {unit: Unit(Memory([Cell(0, "", "holding", 1, 2, Quantity("uint16"), "ABCD")])) for unit in (3, 4, 5)}
    made[5].fault = Fault(silent=True)
    return made


def held(units: dict[int, Unit]) -> list[int]:
    return [(unit.memory.read("holding", 1, 1) or [-1])[0] for unit in units.values()]


@pytest.mark.parametrize("transport", [*LINES, *NUMBERED])
def test_only_the_unit_that_is_asked_obeys_and_answers(units: dict[int, Unit], transport: Transport) -> None:
    frames, asked = frames_of(transport), Asked(7, 4, WRITE)
    assert react(units, transport, frames, asked).said == ((0.0, frames.frame(asked, 4, WRITE)),)
    assert held(units) == [0, 99, 0]


@pytest.mark.parametrize("transport", LINES)
def test_on_a_line_all_obey_a_broadcast_and_nobody_answers(units: dict[int, Unit], transport: Transport) -> None:
    assert react(units, transport, frames_of(transport), Asked(0, 0, WRITE)) == Reaction()
    assert held(units) == [99, 99, 0]


@pytest.mark.parametrize("transport", LINES)
def test_on_a_line_nobody_answers_for_a_unit_that_is_not_there(units: dict[int, Unit], transport: Transport) -> None:
    assert react(units, transport, frames_of(transport), Asked(0, 9, WRITE)) == Reaction()
    assert held(units) == [0, 0, 0]


@pytest.mark.parametrize("transport", NUMBERED)
def test_a_bridge_says_that_a_unit_is_not_there(units: dict[int, Unit], transport: Transport) -> None:
    frames, asked = frames_of(transport), Asked(7, 9, WRITE)
    assert react(units, transport, frames, asked).said == ((0.0, frames.frame(asked, 9, bytes([0x86, 0x0B]))),)
    assert held(units) == [0, 0, 0]


def test_a_dead_unit_does_nothing(units: dict[int, Unit]) -> None:
    assert react(units, "tcp", frames_of("tcp"), Asked(7, 5, WRITE)) == Reaction()
    assert held(units) == [0, 0, 0]
