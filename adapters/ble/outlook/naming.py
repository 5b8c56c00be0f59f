"""Whether a decoder tells what is wanted of it. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from adapters.ble.config import BleDevice, BlePoint, key_bytes
from adapters.ble.config.decoder import AUTO, key_lengths
from adapters.ble.outlook.tells import may_tell, near
from adapters.ble.quantities import Quantity, quantity_of
from gateway.adapter import Advice
from gateway.model import Kind

TYPES: dict[Kind, tuple[str, ...]] = {
    "float": ("float", "int"),
    "int": ("int", "float"),
    "bool": ("bool",),
    "text": ("string",),
}
"""What a point may make of what it gets."""


def of_decoder(name: str, device: BleDevice) -> Iterator[Advice]:
    """Of one device."""
    decoder = device.decodes
    wanted = [
        (point, config) for point, config in device.points.items() if config.attribute is None and config.at is None
    ]
    for point, config in wanted if decoder is not None else ():
        yield from _of_point(name, point, config, decoder or AUTO)
    if device.decoder is not None and device.points and not wanted:
        text = "no point is from what a decoder tells: leave decoder out, or give it points, as in temperature: {}"
        yield Advice("other", text, ("decoder",), name)
    if device.data is not None and all(point.at is None for point in device.points.values()):
        yield Advice("other", "no point stands `at` a place in data: leave data out", ("data",), name)
    if device.key is not None:
        yield from _of_key(name, device, decoder)


def _of_point(name: str, point: str, config: BlePoint, decoder: str) -> Iterator[Advice]:
    called = config.called(point)
    path = ("points", point, "from")
    what = quantity_of(called)
    if not may_tell(decoder, called):
        whose = "no decoder tells" if decoder == AUTO else f"{decoder} never tells"
        yield Advice("impossible", f"{whose} {called!r}: {near(called, decoder)}", path, name)
    elif what is not None:
        yield from _of_kind(name, point, config, called, what)


def _of_kind(name: str, point: str, config: BlePoint, called: str, what: Quantity) -> Iterator[Advice]:
    if config.type not in TYPES[what.kind]:
        right = " or ".join(TYPES[what.kind])
        text = f"{called} is told as {TYPES[what.kind][0]}: leave type out, or write {right}"
        yield Advice("impossible", text, ("points", point, "type"), name)
    elif _is_other_unit(config, what):
        text = f"{called} is told in {what.unit}, and this only renames it: give scale and offset, too"
        yield Advice("other", text, ("points", point, "unit"), name)


def _is_other_unit(config: BlePoint, what: Quantity) -> bool:
    if config.unit is None or what.unit is None or config.enum or config.scale != 1 or config.offset != 0:
        return False
    return config.unit.strip("° ").lower() != what.unit.strip("° ").lower()


def _of_key(name: str, device: BleDevice, decoder: str | None) -> Iterator[Advice]:
    lengths = key_lengths(decoder) if decoder is not None else ()
    given = key_bytes(device.key) if device.key is not None else b""
    if lengths is None:
        return
    if not lengths:
        who = f"{decoder} is never encrypted" if decoder is not None else "nothing of it is decoded"
        yield Advice("other", f"{who}, so nobody needs this key: leave it out", ("key",), name)
    elif len(given) not in lengths:
        wanted = " or ".join(str(2 * length) for length in lengths)
        text = f"a key of {decoder} has {wanted} hex digits, and this has {2 * len(given)}"
        yield Advice("impossible", text, ("key",), name)
