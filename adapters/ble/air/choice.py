"""Which of this machine's radios a link means. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from gateway.adapter import AdapterError, PermanentError

PLUGGED_IN = "is it plugged in? `bluetoothctl list` shows those that BlueZ has"


class Found(NamedTuple):
    """A radio that BlueZ has; `is_central`: it can scan and connect."""

    path: str
    address: str
    is_powered: bool
    is_central: bool = True

    @property
    def name(self) -> str:
        """As the kernel has it, like hci0: another one may have it after the next start."""
        return self.path.rpartition("/")[2]

    def __str__(self) -> str:
        return f"{self.address} ({self.name})"


def chosen(radios: Sequence[Found], wanted: str | None) -> Found:
    """By address or name, else the only one; AdapterError where it may yet come, PermanentError where none is meant."""
    others = ", ".join(map(str, radios))
    if wanted is not None:
        for radio in radios:
            if wanted in (radio.address, radio.name):
                return _able(radio)
        here = f"there is {others}" if radios else "there is none at all"
        raise AdapterError(f"there is no radio {wanted}: {PLUGGED_IN}; {here}")
    if not radios:
        raise AdapterError(f"there is no Bluetooth radio: {PLUGGED_IN}")
    if len(radios) > 1:
        raise PermanentError(f'there are several radios, {others}: say which, as in radio: "{radios[0].address}"')
    return _able(radios[0])


def _able(radio: Found) -> Found:
    if not radio.is_central:
        raise AdapterError(f"the radio {radio} can't do Bluetooth Low Energy as a central: take another one")
    return radio
