"""What may be said on a line, by what was heard there: the speed, the frames, what they are checked by. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from adapters.serial.config.framing import Framing, LengthField
from adapters.serial.framing.frame import Frame
from adapters.serial.framing.make import framer_of
from adapters.serial.search.binary import of_bytes
from adapters.serial.search.candidate import Candidate
from adapters.serial.search.heard import Heard
from adapters.serial.search.modbus import rtu_frames
from adapters.serial.search.setting import Setting
from adapters.serial.search.text import of_marked, of_text

PLAUSIBLE = 0.5
"""From here on a guess is worth being tried."""
CERTAIN = 0.9
"""From here on nothing else needs to be."""
LEAST_BYTES = 8
"""Fewer are noise, or say nothing."""
LEAST_FOR_PARITY = 24
"""Bytes that all have an even number of ones by chance once in 16 million."""
MAX_FRAMES = 5
"""Shown."""
MAX_LOOKED_AT = 4096
"""Bytes."""
FEW = {0: 0.0, 1: 0.75, 2: 0.85}
"""How much is left of a guess with so few frames."""


class Guess(NamedTuple):
    """`score`: from 0, nonsense, to 1; `framing` and `checksum` as the configuration has them; `what`: for people.

    `adapter`: whose devices they are; `number`: of frames, of which `frames` are the first ones; `faults`: characters
    that came damaged, None if untold; `head_bytes`: before what a frame says.
    """

    setting: Setting
    score: float
    what: str
    adapter: str = "serial"
    framing: Mapping[str, Any] = {}
    checksum: Mapping[str, Any] = {}
    decode: str | None = None
    number: int = 0
    frames: tuple[bytes, ...] = ()
    head_bytes: int = 0
    heard_bytes: int = 0
    faults: int | None = None

    @property
    def is_plausible(self) -> bool:
        """Whether it is worth being tried."""
        return self.score >= PLAUSIBLE


def guess(heard: Heard) -> Guess:
    """The likeliest."""
    if heard.setting.format == "8N1" and (parity := _parity(heard.data)):
        seven = Setting(heard.setting.baudrate, 7, parity)
        pieces = tuple((at_s, bytes(byte & 0x7F for byte in data)) for at_s, data in heard.pieces)
        heard = Heard(seven, pieces, heard.faults)
    best = max(_guesses(heard), key=lambda each: each.score)
    return best._replace(heard_bytes=len(heard.data), faults=heard.faults)


def _parity(data: bytes) -> Any:
    """That of 7 bits, where the eighth is just that."""
    odd = {byte.bit_count() % 2 for byte in data}
    if len(data) < LEAST_FOR_PARITY or len(odd) != 1 or all(byte < 0x80 for byte in data):
        return None
    return "odd" if odd.pop() else "even"


def _guesses(heard: Heard) -> Iterator[Guess]:
    data = heard.data[:MAX_LOOKED_AT]
    whole = (1 - heard.damage) ** 2
    yield Guess(heard.setting, 0.0, "nothing that makes sense" if data else "nothing")
    if len(data) < LEAST_BYTES:
        return
    if frames := rtu_frames(data):
        what = "Modbus RTU, for which there is an adapter of its own"
        share = sum(map(len, frames)) / len(data)
        yield Guess(
            heard.setting, 0.99 * share * whole, what, "modbus", number=len(frames), frames=tuple(frames[:MAX_FRAMES])
        )
    if _is_oversampled(data):
        yield Guess(heard.setting, 0.0, "bits that last too long: the device is slower")
        return
    for candidate in (*of_text(heard), *of_marked(heard), *of_bytes(heard)):
        frames_of_it, share = _cut(candidate, heard)
        score = candidate.likely * share * whole * FEW.get(len(frames_of_it), 1.0)
        yield Guess(
            heard.setting,
            score,
            candidate.what,
            framing=_written(candidate.framing),
            checksum=_written(candidate.checksum) if candidate.checksum else {},
            decode=candidate.decode,
            head_bytes=_head_bytes(candidate.framing),
            number=len(frames_of_it),
            frames=tuple(frame.data for frame in frames_of_it[:MAX_FRAMES]),
        )


def _is_oversampled(data: bytes) -> bool:
    """Whether no bit stands alone or in a pair in most bytes, as where each is heard several times over."""
    return sum(byte in _SLOW for byte in data) >= _MOST * len(data)


_SLOW = frozenset(byte for byte in range(256) if not re.search(r"01{1,2}(?=0)|10{1,2}(?=1)", f"{byte:08b}"))
_MOST = 0.9
"""Numbers that are small have such bytes, too, but not only."""


def _cut(candidate: Candidate, heard: Heard) -> tuple[list[Frame], float]:
    """By the framer that the link would have; and the share that are frames, but for the first and the last."""
    framer = framer_of(candidate.framing, candidate.checksum)
    frames: list[Frame] = []
    for said in heard.utterances():
        frames += framer.feed(said)
        if framer.gap_s is not None:
            frames += framer.silence()
    longest = max((len(frame.data) for frame in frames), default=0)
    lost = max(0, framer.losses.junk_bytes - longest)
    share = 1 - min(1.0, lost / max(1, len(heard.data)))
    return frames, share * len(frames) / max(1, len(frames) + max(0, framer.losses.bad_checksums - 1))


def _head_bytes(framing: Framing) -> int:
    if isinstance(framing, LengthField):
        return framing.at + framing.size
    return len(getattr(framing, "start", None) or b"")


def _written(model: Any) -> Mapping[str, Any]:
    """As the configuration has it, without what is so by default; bytes as text or hex."""
    given = model.model_dump(exclude_defaults=True, by_alias=True)
    return {"type": model.type, **{name: _plain(value) for name, value in given.items() if value is not None}}


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(each) for each in value] if len(value) > 1 else _plain(value[0])
    if isinstance(value, bytes):
        is_text = all(0x20 <= byte < 0x7F or byte in b"\r\n\t\x02\x03\x10" for byte in value)
        return value.decode("ascii") if is_text else {"hex": value.hex(" ").upper()}
    return value
