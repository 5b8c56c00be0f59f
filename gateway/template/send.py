"""What is sent, as people write it in YAML. Pure."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator

from gateway.adapter import StrictModel
from gateway.template.places import Part, parts_of_hex, parts_of_text


class HexSend(StrictModel):
    """What is sent, in hex digits: `AA {address:uint8} {value:int16/DCBA} {checksum}`."""

    hex: str


def parts_of(send: str | HexSend) -> tuple[Part, ...]:
    """Bytes and places, in their order; raises ValueError."""
    return parts_of_hex(send.hex) if isinstance(send, HexSend) else parts_of_text(send)


def _checked(send: str | HexSend) -> str | HexSend:
    parts_of(send)
    return send


Send = Annotated[str | HexSend, AfterValidator(_checked)]
r"""What is sent, with places for what is known only then: `"R{address:02d}\r\n"`; see `talk.template`."""
