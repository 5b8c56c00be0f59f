"""What is told of encrypted advertisements that say nothing, and of plain ones where there is a key. Pure."""

from __future__ import annotations

from adapters.ble.decoders.contract import Refusal, Refused
from adapters.ble.decoders.crypto import KEY_BYTES
from adapters.ble.decoders.replays import RESTART_MS, RESTART_PACKETS
from gateway.units import format_duration


def no_key(decoder: str) -> Refused:
    """It is encrypted, and there is nothing to open it with."""
    return Refused(decoder, Refusal.ENCRYPTED, "it is encrypted: give the device its key, as in key: ${secret:NAME}")


def wrong_key(decoder: str, key: bytes) -> Refused:
    """Its key does not open it, or can't be one."""
    text = "its key does not open it: look the key up once more; unless somebody else sends in its name"
    if len(key) != KEY_BYTES:
        text = f"its key has {2 * len(key)} hex digits, and for this advertisement it must have {2 * KEY_BYTES}"
    return Refused(decoder, Refusal.WRONG_KEY, text)


def in_the_clear(decoder: str) -> Refused:
    """Who has a key does not speak without it."""
    text = (
        "it is not encrypted, although the device has a key: anybody could have sent it. Switch the device's "
        "encryption on, or leave the key out"
    )
    return Refused(decoder, Refusal.NOT_ENCRYPTED, text)


def replayed(decoder: str, counter: int, last: int | None) -> Refused:
    """Its counter went back; what can be done is nothing but to wait, as the gateway does."""
    while_ = format_duration(RESTART_MS / 1000)
    text = (
        f"its counter went back from {last} to {counter}: somebody sends what was sent before; or the device was "
        f"restarted, and is believed again when that has gone on for {while_} and {RESTART_PACKETS} packets"
    )
    return Refused(decoder, Refusal.REPLAYED, text)
