"""Frames between two marks that occur nowhere within. Pure."""

from __future__ import annotations

from typing_extensions import override

from adapters.serial.checksums import Seal
from adapters.serial.config.framing import Escaped, StartEnd
from adapters.serial.framing.body import body_of
from adapters.serial.framing.frame import Frame, Framer
from adapters.serial.framing.marks import begun


class MarkedFramer(Framer):
    """From a start mark to an end mark and `trailer` bytes behind it; another start mark within begins anew."""

    def __init__(
        self,
        start: bytes,
        end: bytes,
        *,
        trailer: int,
        max_bytes: int,
        seal: Seal | None = None,
        gap_s: float | None = None,
    ) -> None:
        super().__init__(gap_s)
        self._start = start
        self._end = end
        self._behind = len(end) + trailer
        self._room = max_bytes - trailer
        self._seal = seal
        self._body = body_of(len(start), self._behind, seal)
        self._same = start == end

    @override
    def feed(self, data: bytes) -> list[Frame]:
        if self._held:
            data = self._held + data
        frames: list[Frame] = []
        start, seal = self._start, self._seal
        at = taken = 0
        while (begins := data.find(start, at)) >= 0:
            stop, at = self._look(data, begins)
            if at == begins:
                break
            if not stop:
                continue
            whole = data[begins:stop]
            if seal is None or seal.good(whole):
                frames.append(Frame(whole, whole[self._body]))
                taken += stop - begins
                at = stop
            else:
                self.losses.bad_checksums += 1
        else:
            at = max(at, len(data) - begun(data, start))
        self._held = data[at:]
        self.losses.junk_bytes += at - taken
        return frames

    def _look(self, data: bytes, at: int) -> tuple[int, int]:
        """Where the frame ends that begins there, 0 if it does not; and where to look next if it is none.

        The same place again: it is not decided yet.
        """
        inner = at + len(self._start)
        room = at + self._room
        again = -1 if self._same else data.find(self._start, inner, room)
        ends = data.find(self._end, inner, room if again < 0 else again + len(self._start))
        if ends == inner and self._same:
            return 0, ends
        if ends >= 0:
            stop = ends + self._behind
            return (stop, inner) if stop <= len(data) else (0, at)
        if again >= 0:
            return 0, again
        if len(data) < room:
            return 0, at
        self.losses.too_long += 1
        return 0, max(inner, room - begun(data[:room], self._start))


def marked(framing: StartEnd, seal: Seal | None) -> MarkedFramer:
    """As the configuration has it."""
    return MarkedFramer(
        framing.start,
        framing.end,
        trailer=trailer_of(framing, seal),
        max_bytes=framing.max_length,
        seal=seal,
        gap_s=framing.gap,
    )


def trailer_of(framing: StartEnd | Escaped, seal: Seal | None) -> int:
    """Bytes behind the end mark: if nothing is said of it, a checksum that has no place of its own."""
    if "trailer" in framing.model_fields_set or seal is None or seal.at != -seal.width:
        return framing.trailer
    return seal.width
