"""What a line without transaction numbers still owes us: replies that may come late, and must not be mistaken. Pure.

Devices answer in the order in which they were asked, or not at all. So once a reply has come that can only belong to
the last request, none of those before it will come any more; until then a request whose reply would look like one
that is owed is not sent, but one that asks for another size.
"""

from __future__ import annotations

import struct
from collections import deque
from collections.abc import Iterator
from typing import NamedTuple

from adapters.modbus.config.tables import ADDRESSES, MAX_READ_BITS, MAX_READ_REGISTERS
from adapters.modbus.wire.frames import DATA_AT, Frames

LATE_S = 30.0
"""What has not come for so long after its time does not come any more: no bridge keeps it longer."""

READ_BITS = frozenset({1, 2})
READ_REGISTERS = frozenset({3, 4})
READS = READ_BITS | READ_REGISTERS
TELLING = READS | {23}
"""Functions whose replies hold what was read, also where they write (MODBUS Application Protocol V1.1b3, 6.17)."""
TWINS = {1: 2, 2: 1, 3: 4, 4: 3}
COILS = frozenset({5, 15})
"""Functions that write bits; all others of ours touch holding registers (MODBUS Application Protocol V1.1b3, 6)."""

_REQUEST = struct.Struct(">BBHH")
"""Unit, function, first address, and how many, in every request to read (V1.1b3, 6.1 to 6.4)."""


class _Debt(NamedTuple):
    """A reply that did not come: how it would begin, and since when it is missed."""

    sign: bytes
    since_s: float


class Owed:
    """The replies that each unit owes, oldest first. Times are the loop's, in seconds."""

    def __init__(self) -> None:
        self._debts: dict[int, deque[_Debt]] = {}

    def missed(self, expected: bytes, now_s: float) -> None:
        """A reply that would begin like this has not come, or not whole."""
        self._debts.setdefault(expected[0], deque()).append(_Debt(expected, now_s))

    @property
    def signs(self) -> list[tuple[bytes, float]]:
        """All that are owed: how each would begin, and since when it is missed."""
        return [(debt.sign, debt.since_s) for debts in self._debts.values() for debt in debts]

    @property
    def missing(self) -> list[Frames]:
        """The replies that are owed, to look for them; not to which requests."""
        return [Frames(b"", sign, _size(sign)) for sign, _ in self.signs]

    def answered(self, expected: bytes) -> None:
        """The last request has got its reply, which can only have been its own."""
        if self._debts:
            self._debts.pop(expected[0], None)

    def refused(self, expected: bytes, now_s: float) -> None:
        """An exception has come, which does not say what it refuses."""
        debts = self._debts.get(expected[0])
        if not debts:
            return
        if all(debt.sign[1] != expected[1] for debt in debts):
            self.answered(expected)
            return
        while debts.popleft().sign[1] != expected[1]:
            pass
        self.missed(expected, now_s)

    def mistakable(self, expected: bytes, now_s: float) -> bool:
        """Whether what is owed could be taken for the reply to this request."""
        if not self._debts:
            return False
        debts, function = self._current(expected[0], now_s), expected[1]
        if function in READS:
            return any(debt.sign == expected for debt in debts)
        return any(debt.sign[1] == function for debt in debts)

    def question(self, request: bytes) -> Frames | None:
        """A small read about the same address whose reply can't be mistaken; None where there is none."""
        return _unlike(request, {debt.sign for debt in self._debts.get(request[0], ())})

    def _current(self, unit: int, now_s: float) -> deque[_Debt]:
        debts = self._debts.get(unit)
        if debts is None:
            return deque()
        while debts and now_s - debts[0].since_s > LATE_S:
            debts.popleft()
        if not debts:
            del self._debts[unit]
        return debts


def _size(sign: bytes) -> int:
    """Bytes of a reply that begins so: what confirms a write is known whole."""
    return DATA_AT + sign[DATA_AT - 1] if sign[1] in TELLING and len(sign) == DATA_AT else len(sign)


def _unlike(request: bytes, owed: set[bytes]) -> Frames | None:
    unit, function, address, _ = _REQUEST.unpack_from(request)
    if function not in READS:
        function = 1 if function in COILS else 3
    for asked, size in _ways(function):
        data = (size + 7) // 8 if asked in READ_BITS else size * 2
        sign = bytes([unit, asked, data])
        if sign not in owed:
            return Frames(_REQUEST.pack(unit, asked, min(address, ADDRESSES - size), size), sign, DATA_AT + data)
    return None


def _ways(function: int) -> Iterator[tuple[int, int]]:
    """Other functions and sizes; some devices are silent to any size but one, others to the functions they lack."""
    sizes = range(1, (MAX_READ_BITS if function in READ_BITS else MAX_READ_REGISTERS) + 1)
    yield from ((function, size) for size in sizes[:2])
    yield TWINS[function], 1
    yield from ((function, size) for size in sizes[2:])
