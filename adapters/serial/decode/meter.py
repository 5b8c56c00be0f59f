"""Data blocks of IEC 62056-21, 6.5: sets of an address and values, as electricity meters send them. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from typing_extensions import override

from adapters.serial.config import SerialPoint
from adapters.serial.decode.match import MatchedShape, Plan
from adapters.serial.decode.obis import Obis, numbered, obis_of
from adapters.serial.decode.texts import text_reader, undecodable
from adapters.serial.framing.frame import Frame
from adapters.serial.patterns import Encoding
from gateway.model import Value
from gateway.values import Read, Reading, reading

_BREAKS = re.compile(rb"[\r\n/!\x02(]")
"""What no address has in it."""
UNIT = b"*"
_PREFIXED = re.compile(r"([kMG]?)(Wh?|varh?|VAh?|V|A)")
"""Units that meters give with one prefix or another."""


class MeterValue(NamedTuple):
    """What stands between brackets, its unit apart."""

    text: bytes
    unit: bytes


Sets = Mapping[str, Sequence[MeterValue]]


class MeterShape(MatchedShape):
    """Each point is a value by its address; in a block that does not have it, it is a decode error."""

    def __init__(self, plan: Plan) -> None:
        super().__init__(plan)
        self._wanted = [_Wanted(called) for called in plan.calls]
        self._reads = [_reader(point, plan.encoding) for point in plan.points.values()]

    @override
    def decode(self, frame: Frame) -> Reading | None:
        sets = data_sets(frame.body)
        if not sets:
            return None
        known = {address: obis_of(address) for address in sets}
        return reading(self.group.points, self._reads, [wanted.of(sets, known) for wanted in self._wanted])


def data_sets(block: bytes) -> Sets:
    """The values of each address, in their order; nothing for what is no data block."""
    found: dict[str, list[MeterValue]] = {}
    address = ""
    for part in block.split(b")")[:-1]:
        before, bracket, content = part.rpartition(b"(")
        if not bracket:
            continue
        address = _BREAKS.split(before)[-1].strip().decode("latin-1") or address
        text, _, unit = content.partition(UNIT)
        found.setdefault(address, []).append(MeterValue(text, unit))
    return found


class _Wanted:
    """Which value a point is."""

    def __init__(self, called: str) -> None:
        self._address, self._number = numbered(called)
        self._obis = obis_of(self._address)

    def of(self, sets: Sets, known: Mapping[str, Obis]) -> MeterValue | None:
        """None where there is none, or where several could be meant."""
        values = sets.get(self._address)
        if values is None:
            meant = [address for address, obis in known.items() if obis.means(self._obis)]
            values = sets[meant[0]] if len(meant) == 1 else ()
        return values[self._number] if self._number < len(values) else None


def _reader(point: SerialPoint, encoding: Encoding) -> Read:
    """Where the meter gives another unit than the configuration, and nothing is scaled, one of both is wrong."""
    read = text_reader(point, encoding)
    wanted = _PREFIXED.fullmatch(point.unit or "")
    plain = point.scale == 1 and point.offset == 0

    def value(given: MeterValue | None) -> Value:
        if given is None:
            raise undecodable()
        if wanted is not None and plain and given.unit:
            said = _PREFIXED.fullmatch(given.unit.decode("latin-1"))
            if said is not None and said[2] == wanted[2] and said[1] != wanted[1]:
                raise undecodable()
        return read(given.text)

    return value
