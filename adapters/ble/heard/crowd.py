"""Whose an advertisement is: by its address, or by the identity key that resolves it. Pure."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping

from adapters.ble.config import BleDevice, key_bytes

MAX_KNOWN = 4096
"""Private addresses whose owner, or that they have none, is remembered: devices change theirs each quarter of an hour,
and a busy hall has some hundreds at a time."""

Resolves = Callable[[bytes, str], bool]
"""Whether an identity key makes a private address."""

Owners = tuple[str, ...]
"""Names of devices; several where the configuration looks at one of them in several ways."""

NOBODY: Owners = ()


class Crowd:
    """The devices of a radio by what tells them from all others. Trying a key costs a round of AES: once an address."""

    def __init__(self, devices: Mapping[str, BleDevice], resolves: Resolves) -> None:
        self._resolves = resolves
        self._fixed: dict[str, Owners] = {}
        self._keys = [
            (name, key_bytes(device.identity_key))
            for name, device in devices.items()
            if device.identity_key is not None
        ]
        self._met: OrderedDict[str, Owners] = OrderedDict()
        for name, device in devices.items():
            if device.address is not None:
                self._fixed[device.address] = (*self._fixed.get(device.address, NOBODY), name)

    def of(self, address: str) -> Owners:
        """Who advertises under this address; nobody where it is a stranger's."""
        fixed = self._fixed.get(address, NOBODY)
        if not self._keys or not _is_resolvable(address):
            return fixed
        return fixed + tuple(name for name in self._resolved(address) if name not in fixed)

    def _resolved(self, address: str) -> Owners:
        known = self._met.get(address)
        if known is not None:
            self._met.move_to_end(address)
            return known
        found = tuple(name for name, key in self._keys if self._resolves(key, address))
        self._met[address] = found
        if len(self._met) > MAX_KNOWN:
            self._met.popitem(last=False)
        return found


def _is_resolvable(address: str) -> bool:
    """Its two highest bits are 01 (Core Specification 6.0, Vol 6, Part B, 1.3.2.2)."""
    return address[:1] in "4567"
