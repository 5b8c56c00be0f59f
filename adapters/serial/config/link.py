"""A serial link in the configuration. Pure."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator
from typing_extensions import override

from adapters.serial.checksums import Checksum
from adapters.serial.config.framing import Framing, Line
from adapters.serial.config.talk import TalkStep
from adapters.serial.patterns import PatternText
from gateway.adapter import LinkConfig, StrictModel
from gateway.ports import PortSettings, identity_of
from gateway.units import Duration


class AddressField(StrictModel):
    """Where a frame says which device it is of: bytes at a place, or the group `address` of a pattern."""

    at: int | None = Field(None, description="its first byte, from 0, or from the end below 0")
    length: Annotated[int, Field(ge=1, le=64)] = 1
    type: Literal["text", "number"] = Field(
        "text", description="text: as it stands there; number: its bytes are a number"
    )
    endian: Literal["big", "little"] = "big"
    match: PatternText | None = Field(None, description="its group `address` is the address")

    @model_validator(mode="after")
    def _is_somewhere(self) -> AddressField:
        if (self.at is None) == (self.match is None):
            raise ValueError("an address stands `at` a place, or is the group `address` of a `match`")
        return self


class SerialLink(PortSettings, LinkConfig):
    """One serial port, here or at the far end of a network, and the devices on it."""

    framing: Framing = Line()
    checksum: Checksum | None = None
    encoding: Literal["ascii", "latin-1", "utf-8"] = Field("ascii", description="of text in frames")
    address: AddressField | None = Field(None, description="where frames say which device of the line they are of")
    local_echo: bool = Field(False, description="whether we hear what we send, as on some RS-485 adapters")
    on_connect: list[TalkStep] = Field([], description="what is said once the port is open, before all else")
    pause_after_connect: Duration = Field(0.0, description="before the first word")
    pause_between: Duration = Field(0.0, description="between an answer and the next question, at least")

    @property
    @override
    def exclusive(self) -> str | None:
        """Two who speak on one line would talk into each other."""
        return identity_of(self.port)
