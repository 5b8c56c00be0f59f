"""Simulated devices that say themselves what they have, with the points that a gateway finds. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from adapters.modbus.config import ModbusDevice
from adapters.modbus.config.tables import ADDRESSES, MAX_READ_REGISTERS
from adapters.modbus.simulator.chain import chain
from adapters.modbus.sunspec.completion import with_points
from adapters.modbus.sunspec.definitions import definition
from adapters.modbus.sunspec.shape import places
from adapters.modbus.sunspec.walk import BASES, COMMON, Found, named, walk
from gateway.adapter import Rejected

RATINGS = (range(COMMON, 100), range(120, 160), range(702, 713))
"""Models whose numbers are ratings and settings, which move only when they are set."""


class Image(NamedTuple):
    """Registers of a unit, from a base on."""

    unit: int
    base: int
    words: Sequence[int]


class Met(NamedTuple):
    """Devices with all their points; points by device that stay as they are, and among them those that are ratings."""

    devices: Mapping[str, ModbusDevice]
    images: Sequence[Image]
    still: Mapping[str, frozenset[str]]
    ratings: Mapping[str, frozenset[str]]


def met(devices: Mapping[str, ModbusDevice]) -> Met:
    """These devices as they are served; raises Rejected where there is no room for one."""
    tellers = {name: each for name, each in devices.items() if each.sunspec is not None}
    images = {where: _image(where, devices) for where in sorted(set(map(_where, tellers.values())))}
    whole = dict(devices)
    still: dict[str, frozenset[str]] = {}
    ratings: dict[str, frozenset[str]] = {}
    for name, device in tellers.items():
        found = _found(images[_where(device)], device.max_registers)
        numbers = _numbers(found)
        whole[name] = with_points(device, found)
        ratings[name] = frozenset(point for point, is_rating in numbers.items() if is_rating)
        still[name] = frozenset(whole[name].points) - (numbers.keys() - ratings[name]) - device.points.keys()
    return Met(whole, tuple(images.values()), still, ratings)


def _where(device: ModbusDevice) -> tuple[int, int]:
    """The unit, and where its chain begins."""
    base = None if device.sunspec is None else device.sunspec.base
    return device.unit_id, BASES[0] if base is None else base


def _image(where: tuple[int, int], devices: Mapping[str, ModbusDevice]) -> Image:
    """Of all that are configured at one place: an inverter and its meter may be two devices there."""
    unit, base = where
    wanted = [each.sunspec for each in devices.values() if each.sunspec is not None and _where(each) == where]
    words = chain(wanted, unit)
    if base + len(words) > ADDRESSES:
        raise Rejected(
            "out-of-range",
            f"the models of unit {unit} take {len(words)} registers, and from {base} on there are only"
            f" {ADDRESSES - base}: name fewer models (sunspec: only), or a lower base",
        )
    return Image(unit, base, words)


def _found(image: Image, most: int) -> Found:
    """What a gateway finds there."""
    steps = walk((image.base,), min(most, MAX_READ_REGISTERS), definition)
    look = next(steps)
    while True:
        start = look.address - image.base
        try:
            look = steps.send(image.words[start : start + look.size])
        except StopIteration as end:
            found: Found = end.value
            return found


def _numbers(found: Found) -> dict[str, bool]:
    """What has a unit, and whether it is a rating or a setting."""
    return {
        f"{name}_{place.name}": place.point.static or any(model.id in each for each in RATINGS)
        for name, model, known in named(found.models, definition)
        for place in places(known, model.length, model.counts)
        if place.point.unit is not None and place.name in model.points
    }
