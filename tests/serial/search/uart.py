"""What a UART hears at one setting of what was sent at another."""

from collections.abc import Iterator, Sequence
from math import ceil

from adapters.serial.search.heard import Heard
from adapters.serial.search.setting import Setting

DAMAGED = 0
"""As the kernel hands on characters without a stop bit or with a wrong parity (termios(3), PARMRK)."""
CHARACTER_BITS = 10
"""With its start and stop bit, and its parity if it has one."""


def heard_at(setting: Setting, said: Sequence[bytes], sent: Setting, pause_s: float = 0.1) -> Heard:
    """Utterances with a pause between them; faults are characters without their stop bit, or with a wrong parity."""
    pieces, faults, at_s = list[tuple[float, bytes]](), 0, 0.0
    for data in said:
        characters = list(_received(_levels(data, sent), sent, setting))
        pieces.append((at_s, bytes(character if good else DAMAGED for character, good in characters)))
        faults += sum(not good for _, good in characters)
        at_s += pause_s + len(data) * CHARACTER_BITS / (sent.baudrate or 1)
    return Heard(setting, tuple(piece for piece in pieces if piece[1]), faults)


def _levels(data: bytes, sent: Setting) -> bytes:
    """Bits on the wire, a byte each; it rests at 1."""
    levels = [1, 1]
    for byte in data:
        bits = [byte >> bit & 1 for bit in range(sent.data_bits)]
        parity = [] if sent.parity == "none" else [sum(bits) % 2 ^ (sent.parity == "odd")]
        levels += [0, *bits, *parity, 1]
    return bytes([*levels, 1, 1])


def _received(levels: bytes, sent: Setting, setting: Setting) -> Iterator[tuple[int, bool]]:
    """Characters, and whether each came well: a start bit is looked for, all others are sampled in their middles."""
    assert sent.baudrate
    assert setting.baudrate
    step = sent.baudrate / setting.baudrate

    def level(at: float) -> int:
        return levels[int(at)] if at < len(levels) else 1

    at = 0.0
    while (at := float(levels.find(0, ceil(at)))) >= 0:
        bits = [level(at + step * (1.5 + bit)) for bit in range(setting.data_bits)]
        good, place = True, 1.5 + setting.data_bits
        if setting.parity != "none":
            good = level(at + step * place) == sum(bits) % 2 ^ (setting.parity == "odd")
            place += 1
        good = good and level(at + step * place) == 1
        yield sum(bit << number for number, bit in enumerate(bits)), good
        at += step * (place + 0.01)
        while at < len(levels) and not level(at):  # a break goes on until the line rests
            at += 1.0
