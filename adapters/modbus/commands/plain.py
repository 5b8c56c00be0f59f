"""Why a device can't be read or written, in the words of whoever stands before it. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from msgspec.structs import replace

from adapters.modbus.config import ModbusPoint, Table
from adapters.modbus.wire.words import EXCEPTIONS, REASONS
from gateway.model import BadReason, Result, ResultStatus

DAMAGED_SHARE = 0.02
"""Of the answers on a line: fewer are a motor that starts; more have a cause that can be mended."""
DAMAGED_MIN = 3
"""So many at least: one of the first ten is no share."""
MAX_TOLD = 3
"""Points in one sentence."""

FUNCTIONS: Mapping[Table, int] = {"coil": 1, "discrete": 2, "holding": 3, "input": 4}
"""To read (MODBUS Application Protocol V1.1b3, 6.1 to 6.4)."""
OTHERS: Mapping[Table, Table] = {"coil": "discrete", "discrete": "coil", "holding": "input", "input": "holding"}
NO_PATH = frozenset({0x0A, 0x0B})
FIRST_NUMBERS: Mapping[Table, int] = {"discrete": 10_001, "input": 30_001, "holding": 40_001}
"""What many manuals add to an address to say which table it is in (as the Modicon 984 numbered its references)."""
LAST_OF_NUMBERS = 9_999
"""So many references has a table that is numbered so."""

WORDS = (*EXCEPTIONS.values(), *REASONS.values())
"""What stands in the place of what is said here."""


class Around(NamedTuple):
    """A device, and what is known of its bus: how many others there are, and how many of these answer.

    `where`: the port with its setting, or the host. `answers`, `damaged`: what has come on this line so far.
    """

    device: str
    unit_id: int
    where: str
    is_serial: bool
    others: int
    alive: int
    answers: int = 0
    damaged: int = 0

    @property
    def is_damaged(self) -> bool:
        """Whether too much of what comes is."""
        return self.damaged >= DAMAGED_MIN and self.damaged > DAMAGED_SHARE * (self.answers + self.damaged)


def plainly(result: Result, around: Around, points: Mapping[str, ModbusPoint], base: int) -> Result:
    """The same result of a read with a detail that says what to do, where that is known."""
    return _with(result, [*_sentences(result, around), *_refusals(result, around, points, base)])


def plainly_written(result: Result, around: Around) -> Result:
    """The same of a write, whose own detail says what was refused."""
    return _with(result, list(_sentences(result, around)))


def _with(result: Result, sentences: list[str]) -> Result:
    if not sentences:
        return result
    said = result.detail or ""
    if result.status is ResultStatus.UNKNOWN:  # what may have happened must be said first
        sentences = [f"{said}.", *sentences]
    elif said and not said.startswith(WORDS):  # it says more than what is said here
        sentences.append(said)
    return replace(result, detail=" ".join(sentences).strip())


def silent(around: Around) -> str:
    """It does not answer."""
    who = f"{around.device} (id {around.unit_id} on {around.where}) does not answer."
    return f"{who} {_about_others(around)}"


def damaged(around: Around) -> str:
    """Answers are there, and can't be trusted."""
    return (
        f"Answers arrive damaged ({around.damaged} of {around.answers + around.damaged}): termination or bias, the"
        f" cable, or two devices with id {around.unit_id}."
    )


def _about_others(around: Around) -> str:
    if around.alive:
        return "Other ids on this bus do: wrong id, or the device is off."
    if around.is_serial:
        alone = "Nobody else on this bus does" if around.others else "Nobody else is configured on this bus"
        return f"{alone}: A and B swapped, wrong baud rate or parity, wrong id, or no power. `fieldgate scan` tells."
    alone = "Nor does any other id there" if around.others else "The connection itself stands"
    return f"{alone}: wrong id, or what is behind it is off or not connected. `fieldgate scan` tells."


def _sentences(result: Result, around: Around) -> Iterator[str]:
    if around.is_damaged and (result.reason in {BadReason.TIMEOUT, BadReason.DECODE_ERROR} or result.bad):
        yield damaged(around)
    if result.reason == BadReason.TIMEOUT:
        yield silent(around)


def _refusals(result: Result, around: Around, points: Mapping[str, ModbusPoint], base: int) -> Iterator[str]:
    coded = {name: bad.code for name, bad in result.bad.items() if bad.code is not None and name in points}
    if any(code in NO_PATH for code in coded.values()):
        yield f"The Modbus gateway {around.where} was reached, but the device with id {around.unit_id} behind it not."
        return
    for name, code in list(coded.items())[:MAX_TOLD]:
        yield _refusal(name, code, points[name], base)
    if len(coded) > MAX_TOLD:
        yield f"{len(coded) - MAX_TOLD} more points are refused."


def _refusal(name: str, code: int, point: ModbusPoint, base: int) -> str:
    table, address = point.table, point.address
    if code == 1:
        return (
            f"The device does not know function {FUNCTIONS[table]} ({table} table): try `table: {OTHERS[table]}` for"
            f" the point {name}."
        )
    if code == 2:
        factor = "" if point.scale_from is None else f", or that of its scale_from, {point.scale_from},"
        where = f"Address {address} of the {table} table (point {name}){factor}"
        return f"{where} does not exist; {_elsewhere(table, address, base)}."
    return f"Point {name}: {EXCEPTIONS.get(code, 'the device refuses it')} (exception {code})."


def _elsewhere(table: Table, address: int, base: int) -> str:
    """Which other address the manual may mean."""
    first = FIRST_NUMBERS.get(table)
    if first is not None and first <= address < first + LAST_OF_NUMBERS:
        number = address - first + base
        return f"in manuals {address} often is number {address - first + 1} of the {table} table: try {number}"
    near = address - 1 if base == 0 else address + 1
    return f"manuals often count from {1 - base}: try {near}"
