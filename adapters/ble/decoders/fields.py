"""Values by their places in the data of advertisements, as the configuration says. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from adapters.ble.advert import Advert
from adapters.ble.config import AdvertData, BlePoint
from gateway.model import Bad, Value
from gateway.values import Layouts, Reading


class FieldDecoder:
    """Points that stand `at` places in advertisements; `points` are their names, in the order of its readings."""

    def __init__(self, points: Mapping[str, BlePoint], data: AdvertData | None) -> None:
        placed = {name: point for name, point in points.items() if point.at is not None and point.attribute is None}
        self.points = tuple(placed)
        self._parts: list[_Part] = []
        for meant in dict.fromkeys(_key(point.data or data) for point in placed.values()):
            mine = {name: point for name, point in placed.items() if _key(point.data or data) == meant}
            self._parts.append(_Part(meant, mine, self.points))

    def read(self, advert: Advert) -> Reading | None:
        """Their values; None: it has none of the data that is meant.

        Of several kinds of data an advertisement may have some: the points of others have None, and are not in `bad`.
        """
        readings = [(part, reading) for part in self._parts if (reading := part.read(advert)) is not None]
        if not readings:
            return None
        if len(self._parts) == 1:
            return readings[0][1]
        values: list[Value | None] = [None] * len(self.points)
        bad: dict[str, Bad] = {}
        for part, reading in readings:
            bad.update(reading.bad)
            for place, value in zip(part.places, reading.values, strict=True):
                values[place] = value
        return Reading(tuple(values), bad)


_Key = tuple[int | None, str | None, bytes, int | None]
"""Of the data that is meant: manufacturer, service, first bytes, length."""


def _key(data: AdvertData | None) -> _Key:
    if data is None:
        raise ValueError("a point with `at` needs data, its own or its device's")
    return data.manufacturer, data.service, data.prefix, data.length


class _Part:
    """The points of one kind of data, and where they are among all."""

    def __init__(self, meant: _Key, points: Mapping[str, BlePoint], among: tuple[str, ...]) -> None:
        manufacturer, service, self._starts, self._length = meant
        self.places = [among.index(name) for name in points]
        self._layouts = Layouts(points)
        self._find = _finder(manufacturer, service)

    def read(self, advert: Advert) -> Reading | None:
        data = self._find(advert)
        if data is None or not data.startswith(self._starts):
            return None
        if self._length is not None and len(data) != self._length:
            return None
        return self._layouts.read(data)


def _finder(manufacturer: int | None, service: str | None) -> Callable[[Advert], bytes | None]:
    if manufacturer is not None:
        return lambda advert: advert.manufacturer.get(manufacturer)
    return lambda advert: advert.services.get(service or "")
