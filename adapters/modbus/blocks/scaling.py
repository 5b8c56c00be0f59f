"""Numbers whose power of ten is held in another register: put together once both have been read. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from adapters.modbus.blocks.plan import Cell
from gateway.model import Bad, BadReason, Value
from gateway.values import Decode, Quantity, Spoiled, meaning

MIN_EXPONENT, MAX_EXPONENT = -10, 10
"""What a power of ten can be (SunSpec Device Information Model Specification, sunssf); else there is none."""

NOT_SCALED = Bad(BadReason.INVALID)
"""Of a point whose power of ten the device does not give."""


class Powers(dict[int, Decode]):
    """A quantity's decoders by exponent, made when first needed; raises Spoiled where there is no such power of ten."""

    def __init__(self, quantity: Quantity) -> None:
        super().__init__()
        self._quantity = quantity

    def __missing__(self, exponent: int) -> Decode:
        if not MIN_EXPONENT <= exponent <= MAX_EXPONENT:
            raise Spoiled(NOT_SCALED)
        decode = self[exponent] = meaning(self._quantity.at(exponent)) or float
        return decode


class _Pair(NamedTuple):
    """A number and its power of ten, by their places."""

    name: str
    place: int
    factor: int
    factor_name: str
    powers: Powers


class Scaling:
    """What is still to do to the numbers of these cells, which `with_factors` has completed; false if nothing."""

    def __init__(self, cells: Iterable[Cell]) -> None:
        cells = tuple(cells)
        factors = {(cell.table, cell.start, cell.order): cell for cell in cells if cell.hidden}
        self._points = len(cells) - len(factors)
        self._hidden = [cell.name for cell in factors.values()]
        self._pairs = [
            _Pair(cell.name, cell.place, factor.place, factor.name, Powers(cell.quantity))
            for cell in cells
            if cell.scale_from is not None and (factor := factors[cell.table, cell.scale_from, cell.order])
        ]

    def __bool__(self) -> bool:
        return bool(self._pairs)

    def values(self, numbers: Sequence[Any]) -> tuple[Value, ...]:
        """The points' values, from numbers by place; raises Spoiled when one is not good."""
        values = list(numbers)
        for _, place, factor, _, powers in self._pairs:
            values[place] = powers[numbers[factor]](numbers[place])
        return tuple(values[: self._points])

    def sift(self, numbers: Sequence[Any], bad: dict[str, Bad]) -> tuple[Value | None, ...]:
        """The points' values, None where `bad` says why; what was bad of the powers of ten becomes the points'."""
        values = list(numbers)
        for name, place, factor, factor_name, powers in self._pairs:
            number, exponent = numbers[place], numbers[factor]
            if number is None:
                continue
            values[place] = None
            if exponent is None:
                bad[name] = bad.get(factor_name, NOT_SCALED)
                continue
            try:
                values[place] = powers[exponent](number)
            except Spoiled as spoiled:
                bad[name] = spoiled.bad
        for name in self._hidden:
            bad.pop(name, None)
        return tuple(values[: self._points])

    def exponents(self, numbers: Sequence[Any]) -> dict[str, int | None]:
        """The points' powers of ten by name, None where the device gives none that can be."""
        found = {pair.name: numbers[pair.factor] for pair in self._pairs}
        return {
            name: exponent if isinstance(exponent, int) and MIN_EXPONENT <= exponent <= MAX_EXPONENT else None
            for name, exponent in found.items()
        }
