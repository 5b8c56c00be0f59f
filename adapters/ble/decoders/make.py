"""From what the configuration says of a device to its decoder. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress

from adapters.ble.config import BleDevice, key_bytes
from adapters.ble.config.decoder import AUTO, FAMILIES, installed
from adapters.ble.decoders.atc import AtcDecoder
from adapters.ble.decoders.auto import AutoDecoder
from adapters.ble.decoders.bthome import BtHomeDecoder
from adapters.ble.decoders.contract import Decoder, Remembered
from adapters.ble.decoders.eddystone import EddystoneDecoder
from adapters.ble.decoders.ibeacon import IBeaconDecoder
from adapters.ble.decoders.library import LibraryDecoder
from adapters.ble.decoders.ruuvi import RuuviDecoder
from adapters.ble.decoders.stranger import stranger
from gateway.adapter import PermanentError

Make = Callable[[bytes | None, Remembered], Decoder]

OWN: Mapping[str, Make] = {
    "bthome": BtHomeDecoder,
    "ruuvi": lambda _key, _memory: RuuviDecoder(),
    "atc": lambda key, _memory: AtcDecoder(key),
    "ibeacon": lambda _key, _memory: IBeaconDecoder(),
    "eddystone": lambda _key, _memory: EddystoneDecoder(),
}
KEYED = ("bthome", "atc", "xiaomi")
"""Whose advertisements can be encrypted: where there is a key, nobody else is asked, as anybody could send theirs."""


def decoder_of(device: BleDevice, memory: Remembered) -> Decoder | None:
    """Who makes values of a device's advertisements; None: nobody. Raises PermanentError, ImportError without `ble`."""
    if device.decodes is None:
        return None
    key = None if device.key is None else key_bytes(device.key)
    return decoder_called(device.decodes, device.address, key, memory)


def decoder_called(name: str, address: str | None, key: bytes | None, memory: Remembered) -> Decoder:
    """The decoder of this name for one device; `auto` asks all. Raises as `decoder_of` does."""
    if name == AUTO:
        return AutoDecoder([*_all(address, key, memory)])
    if name in OWN:
        return OWN[name](key, memory)
    if name in FAMILIES:
        return LibraryDecoder(key, memory, (name,))
    if name in installed():
        return stranger(installed()[name], address, key, memory)
    raise PermanentError(f"decoder {name!r} is not installed")


def _all(address: str | None, key: bytes | None, memory: Remembered) -> Iterator[Decoder]:
    """Strangers last; one that can't be loaded is left out, as nobody has asked for it by its name."""
    if key is not None:
        yield from (decoder_called(name, address, key, memory) for name in KEYED)
        return
    yield from (make(key, memory) for make in OWN.values())
    yield LibraryDecoder(key, memory)
    for point in installed().values():
        with suppress(PermanentError):
            yield stranger(point, address, key, memory)
