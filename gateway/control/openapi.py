"""The API's description, OpenAPI 3.1, made from the table and the models it is served by."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from http import HTTPStatus
from typing import Any, get_args

import msgspec

from gateway.adapter import IDENTIFIER
from gateway.control import models
from gateway.control.errors import JSON
from gateway.control.paths import Path
from gateway.control.streams import LINES

VERSION = "1"
"""Of the API: the first part of each path."""

ABOUT = (
    "The way into a fieldgate gateway from its own machine: HTTP on the unix socket control.sock, for the members of"
    " its group. Ignore members you do not know: a later version may add some."
)

EACH_LINE = "JSON Lines: the schema is that of each line. It goes on until it ends, or one of both ends it."

NAMES: dict[str, dict[str, Any]] = {
    "action": {"type": "string", "enum": list(get_args(models.Action))},
    "device": {"type": "string", "pattern": IDENTIFIER},
    "link": {"type": "string", "pattern": IDENTIFIER},
}
"""What may stand in a path."""

ERRORS = {
    HTTPStatus.BAD_REQUEST: "malformed",
    HTTPStatus.NOT_FOUND: "no such device, link or action",
    HTTPStatus.METHOD_NOT_ALLOWED: "not with this method",
    HTTPStatus.REQUEST_TIMEOUT: "the request did not come to its end",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "the body is too large",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "the body is no JSON",
    HTTPStatus.INTERNAL_SERVER_ERROR: "a defect",
    HTTPStatus.SERVICE_UNAVAILABLE: "not now: too many ask, the gateway stops, or its disk refuses",
}


def described(table: Sequence[Path]) -> dict[str, Any]:
    """The whole description, as JSON-like values."""
    schemas = _Schemas(table)
    paths: dict[str, Any] = {}
    for path in table:
        paths.setdefault(path.path, {})[path.method.lower()] = _operation(path, schemas)
    return {
        "openapi": "3.1.0",
        "info": {"title": "fieldgate", "version": VERSION, "description": ABOUT},
        "servers": [{"url": "http://localhost", "description": "the unix socket; any host name will do"}],
        "paths": paths,
        "components": {
            "schemas": schemas.components,
            "responses": {status.name: _error(text, schemas) for status, text in ERRORS.items()},
        },
    }


class _Schemas:
    """The schema of each model, and where it is to be found."""

    def __init__(self, table: Sequence[Path]) -> None:
        used = {models.ErrorAnswer: None, **dict.fromkeys(model for path in table for model in _models_of(path))}
        found, self.components = msgspec.json.schema_components(used, ref_template="#/components/schemas/{name}")
        self._found = dict(zip(used, found, strict=True))

    def of(self, model: Any) -> dict[str, Any]:
        """The schema, or a reference to it."""
        found: dict[str, Any] = self._found[model]
        return found

    def members(self, model: Any) -> Iterable[tuple[str, dict[str, Any]]]:
        """The members of a model, each with its schema."""
        members: dict[str, Any] = self.components[self.of(model)["$ref"].rpartition("/")[2]]["properties"]
        return members.items()


def _models_of(path: Path) -> tuple[Any, ...]:
    """Of a path's query only the members are shown."""
    lines = path.answer if isinstance(path.answer, tuple) else (path.answer,)
    return (*lines, path.query, *(() if path.body is None else (path.body,)))


def _operation(path: Path, schemas: _Schemas) -> dict[str, Any]:
    name = re.findall(r"{(\w+)}", path.path)
    parameters = [{"name": each, "in": "path", "required": True, "schema": NAMES[each]} for each in name]
    for each, schema in schemas.members(path.query):
        parameters.append({"name": each, "in": "query", "required": False, "schema": _without_null(schema)})
    operation: dict[str, Any] = {
        "operationId": path.handler.__name__,
        "summary": (path.handler.__doc__ or "").rstrip("."),
        "parameters": parameters,
    }
    if path.body is not None:
        required = bool(getattr(path.body, "__struct_fields__", ())) and _needs(path.body)
        operation["requestBody"] = {"required": required, "content": {JSON: {"schema": schemas.of(path.body)}}}
    operation["responses"] = {"200": _success(path, schemas), **_errors_of(path)}
    return operation


def _needs(model: Any) -> bool:
    return any(field.required for field in msgspec.structs.fields(model))


def _success(path: Path, schemas: _Schemas) -> dict[str, Any]:
    if isinstance(path.answer, tuple):
        each = {"anyOf": [schemas.of(line) for line in path.answer]}
        return {"description": EACH_LINE, "content": {LINES: {"schema": each}}}
    return {"description": "the answer", "content": {JSON: {"schema": schemas.of(path.answer)}}}


def _errors_of(path: Path) -> dict[str, Any]:
    impossible = set() if path.body is not None else {HTTPStatus.UNSUPPORTED_MEDIA_TYPE}
    if "{" not in path.path and not path.streams:
        impossible.add(HTTPStatus.NOT_FOUND)
    statuses = [status for status in ERRORS if status not in impossible]
    return {str(status.value): {"$ref": f"#/components/responses/{status.name}"} for status in statuses}


def _error(text: str, schemas: _Schemas) -> dict[str, Any]:
    return {"description": text, "content": {JSON: {"schema": schemas.of(models.ErrorAnswer)}}}


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """A parameter that is left out is not null."""
    kept = [choice for choice in schema.get("anyOf", ()) if choice != {"type": "null"}]
    return (
        kept[0]
        if len(kept) == 1
        else {name: value for name, value in schema.items() if name != "default" or value is not None}
    )
