"""What goes wrong between the API and who asks, and how that is told."""

from __future__ import annotations

from http import HTTPStatus

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ExceptionHandler

from gateway.control.house import Unavailable
from gateway.control.models import ErrorAnswer, Fault

JSON = "application/json"


class Refused(Exception):
    """A request can't be answered as it is."""

    def __init__(self, status: HTTPStatus, code: str, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail


def malformed(detail: str) -> Refused:
    """It can't be understood."""
    return Refused(HTTPStatus.BAD_REQUEST, "malformed", detail)


def unknown(what: str, name: str) -> Refused:
    """There is no such device or link."""
    return Refused(HTTPStatus.NOT_FOUND, f"unknown-{what}", f"there is no {what} '{name}'")


def told(code: str, detail: str) -> bytes:
    """The body of an answer that is an error."""
    return msgspec.json.encode(ErrorAnswer(Fault(code, detail)))


async def _refused(_request: Request, error: Exception) -> Response:
    assert isinstance(error, Refused)
    return Response(told(error.code, error.detail), error.status, media_type=JSON)


async def _unavailable(_request: Request, error: Exception) -> Response:
    return Response(told("unavailable", str(error)), HTTPStatus.SERVICE_UNAVAILABLE, media_type=JSON)


async def _unserved(request: Request, error: Exception) -> Response:
    """Starlette's own: no such path, no such method."""
    assert isinstance(error, HTTPException)
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        code, detail = "method", f"{request.method} is not for this path"
    else:
        code, detail = "unknown-path", "there is nothing at this path; /v1/openapi.json says what there is"
    return Response(told(code, detail), error.status_code, error.headers, media_type=JSON)


async def _defect(_request: Request, _error: Exception) -> Response:
    """Who is told what it was reads the log."""
    return Response(
        told("defect", "a defect of the gateway; its log says more"), HTTPStatus.INTERNAL_SERVER_ERROR, media_type=JSON
    )


HANDLERS: dict[int | type[Exception], ExceptionHandler] = {
    Refused: _refused,
    Unavailable: _unavailable,
    HTTPException: _unserved,
    Exception: _defect,
}
"""For Starlette, which raises again what `_defect` has answered, for the log."""
