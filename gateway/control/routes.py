"""The table of the API: what there is, what it takes and what it gives. What is served and described follows it."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.control import answers, handlers, models
from gateway.control.asking import body_of, query_of
from gateway.control.errors import HANDLERS, JSON
from gateway.control.handlers import Asked
from gateway.control.house import House
from gateway.control.openapi import described
from gateway.control.paths import Path
from gateway.control.peer import name_of
from gateway.control.streams import Room, Stream


async def description(_asked: Asked) -> Any:
    """This description."""
    return described(TABLE)


TABLE = (
    Path("GET", "/v1/status", handlers.status, models.Status),
    Path("GET", "/v1/devices", handlers.devices, models.Devices),
    Path("GET", "/v1/devices/{device}", handlers.device, models.OneDevice),
    Path("POST", "/v1/devices/{device}/read", handlers.read, models.Answer, body=models.ReadBody),
    Path("POST", "/v1/devices/{device}/peek", handlers.peek, models.Answer, body=models.PeekBody),
    Path("POST", "/v1/devices/{device}/write", handlers.write, models.Answer, body=models.WriteBody),
    Path("POST", "/v1/devices/{device}/invoke", handlers.invoke, models.Answer, body=models.InvokeBody),
    Path("POST", "/v1/gateway/{action}", handlers.act, models.Answer, body=models.ActionBody),
    Path("GET", "/v1/links", handlers.links, models.Links),
    Path("POST", "/v1/links/{link}/scan", handlers.scan, (models.Progress, models.Answer), body=dict[str, Any]),
    Path("GET", "/v1/samples", handlers.samples, (models.Readings, models.Missed), query=models.DeviceQuery),
    Path("GET", "/v1/frames", handlers.frames, (models.Frame, models.Missed), query=models.LinkQuery),
    Path("GET", "/v1/outbox", handlers.outbox, models.Outboxes),
    Path("GET", "/v1/audit", handlers.audit, models.Audit, query=models.AuditQuery),
    Path("GET", "/v1/openapi.json", description, dict),
)


def application(house: House) -> Starlette:
    """The API of one house."""
    room = Room()
    app = Starlette(routes=[_route(path, house, room) for path in TABLE], exception_handlers=HANDLERS)
    app.router.redirect_slashes = False
    return app


def _route(path: Path, house: House, room: Room) -> Route:
    async def answer(request: Request) -> Any:
        asked = await _asked(path, house, request)
        coming: Any = path.handler(asked)
        if isinstance(path.answer, tuple):
            return Stream(room.bounded(coming))
        return Response(answers.encode(await coming), HTTPStatus.OK, media_type=JSON)

    route = Route(path.path, answer, methods=[path.method], name=path.handler.__name__)
    route.methods = {path.method}  # without the HEAD that comes with each GET: of a stream it has no end
    return route


async def _asked(path: Path, house: House, request: Request) -> Asked:
    query = query_of(request, path.query)
    body = await body_of(request, path.body)
    name = next(iter(request.path_params.values()), "")
    user = await name_of(request.state.uid) if path.method == "POST" else ""
    return Asked(house, name, query, body, user)
