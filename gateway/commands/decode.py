"""A command's bytes, as the far end wrote them. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

MAX_BYTES = 65_536
"""A command is a few points; what is larger is a mistake or an attack."""

MAX_POINTS = 1_000
"""Points one command may name."""

MAX_PEEK_CHARS = 200
"""Of what names an address: no protocol needs more."""

MAX_DEPTH = 32
"""Of objects and lists in `args`: what is deeper can be read, but perhaps not be written down again."""

CommandId = Annotated[str, Meta(min_length=1, max_length=128)]


class Request(Struct, forbid_unknown_fields=True):
    """What a command may say."""

    id: CommandId
    write: Annotated[dict[str, bool | int | float | str], Meta(min_length=1, max_length=MAX_POINTS)] | None = None
    peek: Annotated[str, Meta(max_length=MAX_PEEK_CHARS)] | None = None
    read: Annotated[list[str], Meta(min_length=1, max_length=MAX_POINTS)] | None = None
    invoke: str | None = None
    args: dict[str, Any] = {}
    expires: datetime | None = None
    device: str | None = None
    confirm: Annotated[str, Meta(max_length=64)] | None = None


class Malformed(Exception):
    """It can't be understood; `command` is its id where that much could be read."""

    def __init__(self, detail: str, command: str | None = None) -> None:
        super().__init__(detail)
        self.command = command


_request = msgspec.json.Decoder(Request)


def decode(payload: bytes) -> Request:
    """A request with exactly one of write, read and invoke; raises Malformed with a sentence for people."""
    if len(payload) > MAX_BYTES:
        raise Malformed(f"{len(payload)} bytes are too many: a command has at most {MAX_BYTES}")
    try:
        request = _request.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Malformed(f"not a command: {error}", id_of(payload)) from None
    if sum(part is not None for part in (request.write, request.read, request.invoke, request.peek)) != 1:
        raise Malformed("a command has exactly one of write, read and invoke", request.id)
    if not _is_flat(request.args, MAX_DEPTH):
        raise Malformed(f"args are nested more than {MAX_DEPTH} deep", request.id)
    if request.expires is not None and request.expires.tzinfo is None:
        raise Malformed("expires must name its zone, as in 2026-11-23T09:02:00Z", request.id)
    return request


def _is_flat(value: Any, levels: int) -> bool:
    """Whether objects and lists in it are nested at most so deep."""
    if not isinstance(value, dict | list):
        return True
    inner = value.values() if isinstance(value, dict) else value
    return levels > 0 and all(_is_flat(each, levels - 1) for each in inner)


def kind_of(request: Request) -> str:
    """What is asked for: `write`, `read`, `peek` or `invoke`."""
    asked = {"write": request.write, "read": request.read, "peek": request.peek}
    return next((kind for kind, what in asked.items() if what is not None), "invoke")


def expiry_ms(request: Request) -> int | None:
    """When the command says it expires: UTC, Unix milliseconds."""
    return int(request.expires.timestamp() * 1000) if request.expires is not None else None


class _OnlyId(Struct):
    id: CommandId


def id_of(payload: bytes) -> str | None:
    """The id of a command that is refused unread or unreadable, so that its sender can be answered."""
    if len(payload) > MAX_BYTES:
        return None
    try:
        return msgspec.json.decode(payload, type=_OnlyId).id
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
