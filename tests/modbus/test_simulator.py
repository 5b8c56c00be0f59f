from typing import Any

import pytest

from adapters.modbus import ModbusAdapter
from gateway.model import Value
from gateway.values import Unwritable
from tests.modbus.setup import adapter_to, device, link_to
from tests.support.emitted import running

POINTS: dict[str, dict[str, Any]] = {
    "temp": {"address": 100, "type": "float32", "table": "input"},
    "far": {"address": 60000, "type": "int64"},
    "mode": {"address": 7, "enum": {0: "off", 1: "on"}},
    "coil": {"address": 8, "table": "coil", "type": "bool"},
    "high": {"address": 1999, "table": "discrete", "type": "bool"},
    "setpoint": {"address": 9, "scale": 0.5, "type": "int16"},
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


@pytest.mark.parametrize("order", ["ABCD", "CDAB", "BADC", "DCBA"])
async def test_the_adapter_reads_what_the_simulator_was_set_to(order: str) -> None:
    devices = {"d": device(POINTS, order=order), "e": device(POINTS, unit_id=2, address_base=1)}
    async with ModbusAdapter.simulate(link_to(1).model_copy(update={"port": 0}), devices) as simulation:
        for point, value in SET.items():
            await simulation.set("d", point, value)
            assert await simulation.get("d", point) == value
        async with running(adapter_to(simulation.port, devices)) as emitted:
            await emitted.until(lambda: emitted.samples("d") and emitted.samples("e"))
            assert emitted.values("d") == SET
            assert emitted.values("e") == ZERO


async def test_two_devices_may_share_a_unit() -> None:
    devices = {"d": device({"a": {"address": 1}}), "e": device({"b": {"address": 1}, "c": {"address": 4}})}
    async with ModbusAdapter.simulate(link_to(1).model_copy(update={"port": 0}), devices) as simulation:
        await simulation.set("d", "a", 9)
        assert await simulation.get("e", "b") == 9


async def test_a_point_is_not_set_to_what_it_cannot_hold() -> None:
    devices = {"d": device({"a": {"address": 1}})}
    async with ModbusAdapter.simulate(link_to(1).model_copy(update={"port": 0}), devices) as simulation:
        with pytest.raises(Unwritable):
            await simulation.set("d", "a", -1)
