"""Registers of SunSpec devices, made by pysunspec2, and what our points say is in them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sunspec2 import device as oracle

from adapters.modbus.blocks.plan import Block, cell_of, with_factors
from adapters.modbus.blocks.registers import layout
from adapters.modbus.blocks.scaling import Scaling
from adapters.modbus.config import ModbusDevice
from adapters.modbus.sunspec.completion import with_points
from adapters.modbus.sunspec.definitions import ModelDef, definition
from adapters.modbus.sunspec.walk import Found, Look, walk
from gateway.model import Bad, Value

MARK = [0x5375, 0x6E53]
END = [0xFFFF, 0]

COMMON = {"Mn": "Sunny", "Md": "Tripower", "Vr": "1.0", "SN": "4711"}
INVERTER = {
    "A": 123, "AphA": 41, "A_SF": -1, "PhVphA": 2301, "V_SF": -1, "W": 2800, "W_SF": 0, "Hz": 5001, "Hz_SF": -2,
    "WH": 987654, "WH_SF": 1, "TmpCab": 405, "Tmp_SF": -1, "St": 4, "StVnd": 307, "Evt1": 0,
}  # fmt: skip


def model(number: int, values: Mapping[str, Any]) -> list[int]:
    """A model with its header; what has no value here is not implemented."""
    return words_of(oracle.Model(number, data=dict(values)).get_mb())


def chain(*models: Sequence[int], end: Sequence[int] = END) -> list[int]:
    """All of it, from the mark on."""
    return [*MARK, *(word for each in models for word in each), *end]


def words_of(data: bytes) -> list[int]:
    return [int.from_bytes(data[at : at + 2], "big") for at in range(0, len(data), 2)]


def bytes_of(words: Iterable[int]) -> bytes:
    return b"".join(word.to_bytes(2, "big") for word in words)


def inverter(**values: Any) -> list[int]:
    """A device with a common and a three-phase inverter model."""
    return chain(model(1, COMMON), model(103, {**INVERTER, **values}))


class Device:
    """Registers from a base on; what it does not have it refuses. `looks` are what it was asked."""

    def __init__(self, words: Sequence[int], base: int = 0) -> None:
        self.words = list(words)
        self.base = base
        self.looks: list[Look] = []
        self.refuses: set[int] = set()

    def answer(self, look: Look) -> list[int] | None:
        self.looks.append(look)
        start = look.address - self.base
        wanted = range(look.address, look.address + look.size)
        if start < 0 or start + look.size > len(self.words) or self.refuses.intersection(wanted):
            return None
        return self.words[start : start + look.size]


def found_on(there: Device, bases: Sequence[int] = (40000, 50000, 0), most: int = 125) -> Found:
    """Walk it to the end; raises NoSunSpec."""
    steps = walk(bases, most, definition)
    look = next(steps)
    while True:
        try:
            look = steps.send(there.answer(look))
        except StopIteration as end:
            found: Found = end.value
            return found


def sunspec(**more: Any) -> ModbusDevice:
    return ModbusDevice.model_validate({"link": "plc", "every": "50ms", "timeout": "200ms", "sunspec": True, **more})


def completed(there: Device, **more: Any) -> ModbusDevice:
    """The device as it is configured once it has been looked at."""
    return with_points(sunspec(**more), found_on(there))


def read(device: ModbusDevice, there: Device) -> tuple[dict[str, Value], dict[str, Bad]]:
    """What its points are worth, from its registers."""
    names = list(device.points)
    cells = with_factors([cell_of(device, name, place) for place, name in enumerate(names)])
    ordered = sorted(cells, key=lambda cell: (cell.start, cell.end))
    block = Block(tuple(ordered))
    start = block.start - there.base
    shape = layout(block)
    numbers, bad = shape.sift(bytes_of(there.words[start : start + block.size]), 0)
    by_place = {cell.place: number for cell, number in zip(shape.cells, numbers, strict=True)}
    values = Scaling(cells).sift([by_place[cell.place] for cell in cells], bad)
    return {name: value for name, value in zip(names, values, strict=True) if value is not None}, bad


def known(number: int) -> ModelDef:
    found = definition(number)
    assert found is not None
    return found
