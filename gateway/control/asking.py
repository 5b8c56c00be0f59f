"""A request, checked: what its path, its query and its body say, or why they say nothing."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl

import msgspec
from starlette.requests import Request

from gateway.control.errors import JSON, Refused, malformed

MAX_BODY_BYTES = 65_536
"""A command is a few points; what is larger is a mistake or an attack."""

MAX_PARAMETERS = 16

MAX_DEPTH = 32
"""Levels of a command: what passes here must not be too deep for anyone behind, journal and audit included."""


def query_of(request: Request, model: type[Any]) -> Any:
    """The query as `model` says; raises Refused."""
    try:
        text = request.scope["query_string"].decode("ascii")
        pairs = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=MAX_PARAMETERS)
    except ValueError:
        raise malformed("the query is too long, or no UTF-8") from None
    given = dict(pairs)
    known = [field.encode_name for field in msgspec.structs.fields(model)]
    for name in given:
        if name not in known:
            raise malformed(f"there is no parameter '{name}' here; known: {', '.join(known) or 'none'}")
    if len(given) < len(pairs):
        raise malformed("a parameter is given twice")
    try:
        return msgspec.convert(given, model, strict=False)
    except msgspec.ValidationError as error:
        raise malformed(f"the query: {error}") from None


async def body_of(request: Request, model: Any) -> Any:
    """The body as `model` says (None: there must be none), an absent one like `{}`; raises Refused."""
    body = await _bytes_of(request)
    if model is None:
        if body:
            raise malformed(f"{request.method} takes no body")
        return None
    kind = request.headers.get("content-type", JSON).partition(";")[0].strip().lower()
    if body and kind != JSON:
        raise Refused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "media-type", f"the body must be {JSON}")
    try:
        return msgspec.json.decode(body or b"{}", type=model)
    except UnicodeDecodeError:
        raise malformed("the body is no UTF-8") from None
    except RecursionError:
        raise _too_deep() from None
    except msgspec.DecodeError as error:
        raise malformed(f"the body: {error}") from None


async def _bytes_of(request: Request) -> bytes:
    announced = request.headers.get("content-length", "0")  # h11 has seen that it is a number
    if len(announced) > len(str(MAX_BODY_BYTES)) or int(announced) > MAX_BODY_BYTES:
        raise _too_large()
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            raise _too_large()
    return bytes(body)


def _too_large() -> Refused:
    return Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too-large", f"a body may have at most {MAX_BODY_BYTES} bytes")


def encoded(members: dict[str, Any]) -> bytes:
    """A command's bytes; raises Refused."""
    if _is_deep(members, MAX_DEPTH):
        raise _too_deep()
    return msgspec.json.encode(members)


def _is_deep(value: Any, levels: int) -> bool:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return levels == 0 or any(_is_deep(each, levels - 1) for each in inner)


def _too_deep() -> Refused:
    return malformed(f"the body is nested too deeply: at most {MAX_DEPTH} levels")
