"""What was learned of a device, in sentences that are told once. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from adapters.modbus.blocks.learn import Learned
from adapters.modbus.blocks.plan import Cell, Cut
from adapters.modbus.wire.words import explain
from gateway.model import Bad, BadReason, Notice

NAMED = 8
"""Points in one sentence; all of them are marked bad, with their code, in each sample."""


def news(
    device: str, learned: Learned, cells: Iterable[Cell], read: Iterable[Cell], address_base: int
) -> Iterator[Notice]:
    """What nobody has been told yet of these cells, of which some have just been `read`."""
    missing = learned.untold([cell.span for cell in cells])
    found = sorted((learned.absent[cell.span], cell.start, cell) for cell in cells if cell.span in missing)
    for code, those in groupby(found, key=lambda each: each[0]):
        yield Notice(device, _missing([cell for _, _, cell in those], code, address_base))
    for cut in sorted(learned.untold_cuts()):
        yield Notice(device, _apart(cut, address_base))
    back = learned.returned([cell.span for cell in read])
    if back:
        yield Notice(device, _back([cell for cell in read if cell.span in back], address_base), mended=True)


def _missing(cells: Sequence[Cell], code: int, base: int) -> str:
    why = explain(Bad(BadReason.DEVICE_ERROR, code=code))
    return (
        f"{_named(cells, base)} can't be read: {why}. Compare with the manual, then correct or remove what is wrong. "
        "All else is read; this is tried again in a minute, then less and less often, at last once a day"
    )


def _apart(cut: Cut, base: int) -> str:
    table, address = cut
    return (
        f"it refuses to have {table} {address + base} read together with addresses before it, so they are read apart; "
        "set max_registers, max_hole or blocks to tell it from the beginning"
    )


def _back(cells: Sequence[Cell], base: int) -> str:
    return f"{_named(cells, base)} can be read again"


def _named(cells: Sequence[Cell], base: int) -> str:
    """By name, and with the address as the configuration writes it."""
    named = [f"{cell.name} ({_addresses(cell, base)})" for cell in cells[:NAMED]]
    rest = len(cells) - NAMED
    return ", ".join(named) + (f" and {rest} more" if rest > 0 else "")


def _addresses(cell: Cell, base: int) -> str:
    first, last = cell.start + base, cell.end - 1 + base
    return f"{cell.table} {first}" if first == last else f"{cell.table} {first} to {last}"
