"""What is written in any type and order is read back as the same value: through a real server."""

import asyncio
import random
from typing import Any, get_args

import pytest

from gateway.adapter import Rejected
from gateway.model import Command, ResultStatus, Value
from gateway.values import Order
from tests.modbus.setup import adapter_to, device
from tests.support.emitted import running, untold
from tests.support.modbus import ModbusServer

CHANCE = random.Random(6)
WHOLE = {f"{sign}int{bits}": bits for sign in ("", "u") for bits in (8, 16, 32, 64)}
FLOATS: dict[str, tuple[Value, ...]] = {
    "float16": (0.0, -1.5, 65504.0, 0.333),
    "float32": (0.0, -1.5, 42.04, 3.4e38, 1e-38),
    "float64": (0.0, -1.5, 42.04, 1.7e308, 0.1),
}
TEXTS: dict[str, tuple[Value, ...]] = {
    "string": ("", "a", "abcde", "sixsix"),
    "bytes": ("00ff10abcdef", "000000000000"),
}
TOO_MUCH: dict[str, Value] = {
    "int8": 128, "uint8": 256, "int16": -32769, "uint16": -1, "int32": 2**31, "uint32": 2**32, "int64": 2**63,
    "uint64": 2**64, "float16": 65520.0, "float32": 1e39, "bcd16": 10000, "bcd32": -1, "string": "too long",
    "bytes": "00112233445566", "bool": 2, "field": 8, "scaled": 3276.8,
}  # fmt: skip
MORE: dict[str, dict[str, Any]] = {
    "string": {"length": 3},
    "bytes": {"length": 3},
    "field": {"type": "uint32", "bits": "15..17"},
    "scaled": {"type": "int16", "scale": 0.1},
}


def values_of(kind: str) -> list[Value]:
    """The limits of what a point of this kind can be, and something in between."""
    if kind in WHOLE:
        low = 0 if kind.startswith("u") else -(2 ** (WHOLE[kind] - 1))
        high = low + 2 ** WHOLE[kind] - 1
        return [low, high, *(CHANCE.randint(low, high) for _ in range(3))]
    if kind.startswith("bcd"):
        high = 10 ** (int(kind[3:]) // 4) - 1
        return [0, high, CHANCE.randint(0, high)]
    if kind == "bool":
        return [True, False]
    if kind == "field":
        return list(range(8))
    if kind == "scaled":
        return [-3276.8, 3276.7, 0.0, 21.7]
    return list({**FLOATS, **TEXTS}[kind])


KINDS = [*WHOLE, *FLOATS, *TEXTS, "bcd16", "bcd32", "bool", "field", "scaled"]


def everything(order: Order, **more: Any) -> Any:
    """A device with a point of each kind, four registers each."""
    points = {
        kind: {"address": 4 * place, "type": kind, "order": order, "writable": True, **more, **MORE.get(kind, {})}
        for place, kind in enumerate(KINDS)
    }
    return device(points, every="1h")


@pytest.mark.parametrize("order", get_args(Order))
async def test_what_is_written_is_read(modbus_server: ModbusServer, order: Order) -> None:
    adapter = adapter_to(modbus_server.port, {"d": everything(order)})
    rounds = [
        {kind: values[number % len(values)] for kind, values in {kind: values_of(kind) for kind in KINDS}.items()}
        for number in range(8)
    ]
    async with running(adapter) as emitted:
        await emitted.sample("d")
        for values in rounds:
            deadline_s = asyncio.get_running_loop().time() + 10
            written = await adapter.execute(Command("c", "d", deadline_s, write=values), untold)
            read = await adapter.execute(Command("c", "d", deadline_s, read=tuple(values)), untold)
            assert (written.status, read.status, read.bad) == (ResultStatus.DONE, ResultStatus.DONE, {})
            assert read.values == written.values
            exact = {kind: value for kind, value in values.items() if kind != "float16"}
            assert {kind: read.values[kind] for kind in exact} == exact
            assert read.values["float16"] == pytest.approx(values["float16"], rel=2**-11)


@pytest.mark.parametrize("order", get_args(Order))
@pytest.mark.parametrize("kind", TOO_MUCH)
async def test_what_registers_cannot_hold_is_rejected_whatever_the_order(kind: str, order: Order) -> None:
    adapter = adapter_to(1, {"d": everything(order)})
    deadline_s = asyncio.get_running_loop().time() + 10
    with pytest.raises(Rejected) as caught:
        await adapter.execute(Command("c", "d", deadline_s, write={kind: TOO_MUCH[kind]}), untold)
    assert caught.value.reason in {"out-of-range", "malformed"}
