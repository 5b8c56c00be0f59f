"""Replies that come late across a new connection, or a new process: the memory of a device knows of them."""

import asyncio
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.modbus.wire.carried import MAX_CARRIED, OWED, carried, carry
from adapters.modbus.wire.framing import Rtu
from adapters.modbus.wire.line import DRAIN_S
from adapters.modbus.wire.owed import LATE_S
from tests.modbus.bus.test_dead import Site
from tests.modbus.setup import registers
from tests.modbus.slave import WELL, Manner
from tests.support.simulated import in_simulated_time

AHEAD_S = 1e9
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=9)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=4), inner, max_size=2)),
    max_leaves=9,
)


@given(st.lists(st.tuples(st.binary(min_size=2, max_size=8), st.floats(0, 1000)), max_size=2 * MAX_CARRIED))
def test_what_is_carried_comes_out_again_unless_it_is_too_old(signs: list[tuple[bytes, float]]) -> None:
    memory: dict[str, Any] = {"cuts": [1]}
    carry(memory, signs, AHEAD_S)
    again = carried(json.loads(json.dumps(memory)), AHEAD_S, 1000.0)
    newest = sorted(signs, key=lambda each: each[1])[-MAX_CARRIED:]
    assert [sign for sign, _ in again] == [sign for sign, at_s in newest if 1000.0 - at_s < LATE_S]
    assert carried(memory, AHEAD_S, 1000.0) == again
    assert memory == {"cuts": [1]}


@given(JSON)
def test_whatever_stands_in_the_memory_is_a_debt_or_nothing(kept: Any) -> None:
    memory = {OWED: kept}
    for sign, since_s in carried(memory, 0.0, 50.0):
        assert 2 <= len(sign) <= 8
        assert 50.0 - LATE_S < since_s <= 50.0
    assert memory == {}


def test_a_clock_that_was_set_back_makes_no_debt_older_or_younger_than_now() -> None:
    memory: dict[str, Any] = {}
    carry(memory, [(b"\x01\x03\x02", 5.0)], AHEAD_S)
    assert carried(memory, AHEAD_S - 3600, 9.0) == [(b"\x01\x03\x02", 9.0)]


@pytest.mark.parametrize("survives", [True, False])
def test_a_reply_to_the_last_connection_is_no_value_of_the_next(survives: bool) -> None:
    """Without the memory it is one: this is what the memory is for."""
    memory: dict[str, dict[str, Any]] = {"a": {}}
    stale = Rtu().frame(bytes([1, 3, 2, 0xBE, 0xEF]))

    async def happens() -> None:
        site = Site({"a": registers(10, unit_id=1, every="1s", timeout="500ms")}, memory)
        await asyncio.sleep(DRAIN_S + 0.01)
        assert len(site.rig.slaves.asked) == 1
        await site.close()
        if not survives:
            memory["a"].clear()
        again = Site({"a": registers(20, unit_id=1, every="1s", timeout="500ms")}, memory)
        again.manner = Manner(after_s=0.3)
        again.loop.call_later(DRAIN_S + 0.02, again.rig.line.data_received, stale)
        await asyncio.sleep(2)
        values = {value for _, sample in again.samples("a") for value in sample.values}
        assert (0xBEEF in values) is not survives
        assert values & set(range(20 * 16, 21 * 16))
        await again.close()

    in_simulated_time(happens)


def test_a_line_that_owes_nothing_leaves_nothing_in_the_memory() -> None:
    memory: dict[str, dict[str, Any]] = {"a": {}}

    async def happens() -> None:
        site = Site({"a": registers(10, unit_id=1, every="1s", timeout="500ms")}, memory)
        await asyncio.sleep(WELL.after_s + 0.1)
        await site.close()

    in_simulated_time(happens)
    assert OWED not in memory["a"]
