"""What one message of a device says now: at every moment such a frame as a gateway reads. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from adapters.serial.decode.shape import Shape
from adapters.serial.framing.frame import Frame
from adapters.serial.simulator.forge.addressing import Addressing
from adapters.serial.simulator.forge.editor import Editor
from adapters.serial.simulator.forge.packing import Packing
from gateway.adapter import Rejected
from gateway.model import Value
from gateway.values import Reading, Unwritable, near

MAX_TRIES = 2000
"""Ways to write a value that are tried: what fits none of them fits nowhere."""


class Draft:
    """Begins with the example from the manual, or something made up; raises Rejected if that can't be done."""

    def __init__(
        self, shape: Shape, editor: Editor, packing: Packing, addressing: Addressing, example: bytes | None
    ) -> None:
        self.shape = shape
        self._editor = editor
        self._packing = packing
        self._addressing = addressing
        self._places = {name: place for place, name in enumerate(shape.group.points)}
        self.is_made_up = example is None
        self._content = b""
        found = next(self._begun(example), None)
        if found is None:
            raise Rejected("malformed", f"{self._name}: no such frame can be made up: give it an example")
        self._keep(found)

    def wire(self, *, wrong_checksum: bool = False, other_address: bool = False) -> bytes:
        """As it goes on the wire now."""
        data = self._data(self._content, other=other_address)
        return self._packing.wire(self._packing.sealed(data, wrongly=wrong_checksum))

    @property
    def frame(self) -> Frame:
        """As a gateway hears it."""
        frame = self._packing.hear(self.wire())
        assert frame is not None, "nothing else was kept"
        return frame

    def get(self, name: str) -> Value | None:
        """What a gateway reads; None where that is no good value."""
        reading = self.shape.read(self.frame)
        return None if reading is None else reading.values[self._places[name]]

    def put(self, name: str, value: Value) -> None:
        """Let it say that a point is worth this; raises Unwritable if it can't."""
        place = self._places[name]
        edits = self._editor.edits(self._content, name, value, alike=not self.is_made_up)
        for content, tolerance in islice(edits, MAX_TRIES):
            frame = self._heard(content)
            reading = None if frame is None else self._read(frame)
            if reading is None or name in reading.bad or not near(value, reading.values[place], tolerance):
                continue
            assert frame is not None, "it was read"
            self._keep(frame)
            return
        raise Unwritable("out-of-range", f"{value!r} does not fit where {name} stands in {self._name}")

    @property
    def _name(self) -> str:
        return f"{self.shape.device}, message {self.shape.message}" if self.shape.message else self.shape.device

    def _begun(self, example: bytes | None) -> Iterator[Frame]:
        """Of the device, and readable."""
        blank = self._editor.blank() if example is None else None
        made = None if blank is None else self._heard(blank)
        for frame in self._packing.found(example) if example is not None else [made] if made else []:
            ours = self._heard(frame.data if self._editor.is_whole else frame.body)
            if ours is not None and self._read(ours) is not None:
                yield ours

    def _keep(self, frame: Frame) -> None:
        self._content = frame.data if self._editor.is_whole else frame.body

    def _heard(self, content: bytes) -> Frame | None:
        return self._packing.hear(self._packing.wire(self._packing.sealed(self._data(content))))

    def _read(self, frame: Frame) -> Reading | None:
        return self.shape.read(frame)

    def _data(self, content: bytes, *, other: bool = False) -> bytes:
        """A frame of the device, or of another one, still to be sealed."""
        named = self._addressing.name(content, other=other)
        data = named if self._editor.is_whole else self._packing.data_of(named)
        return self._addressing.put(data, other=other)
