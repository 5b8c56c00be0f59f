"""Whom we pair with, and with which passkey. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from adapters.ble.config import BleDevice, key_bytes
from adapters.ble.decoders.identity import resolves


class Pairing(NamedTuple):
    """With one device; `passkey` is None where it has none."""

    passkey: int | None


class Passkeys:
    """Of the devices of a radio; false where it pairs with none."""

    def __init__(self, devices: Iterable[BleDevice]) -> None:
        self._by_address: dict[str, Pairing] = {}
        self._by_key: list[tuple[bytes, Pairing]] = []
        for device in devices:
            if not device.gatt.pairs:
                continue
            secret = device.gatt.passkey
            pairing = Pairing(None if secret is None else int(secret.get_secret_value()))
            if device.address is not None:
                self._by_address[device.address] = pairing
            if device.identity_key is not None:
                self._by_key.append((key_bytes(device.identity_key), pairing))

    def __bool__(self) -> bool:
        return bool(self._by_address or self._by_key)

    def of(self, address: str) -> Pairing | None:
        """By a device's address, a private one, too; None: it is not to be paired with."""
        known = self._by_address.get(address)
        if known is not None:
            return known
        return next((pairing for key, pairing in self._by_key if resolves(key, address)), None)
