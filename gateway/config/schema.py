"""A JSON Schema of the configuration for editors, kept to what draft-07 and 2020-12 have in common."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from gateway.adapter import IDENTIFIER, DeviceConfig, LinkConfig
from gateway.config.load import VERSION
from gateway.config.models import (
    CommandsSection,
    ControlSection,
    EndpointConfig,
    GatewaySection,
    LogSection,
    OutboxSection,
    ReportSection,
)
from gateway.config.site import Catalog, Unavailable

SCHEMA_FILE = ".fieldgate.schema.json"
DIALECT = "http://json-schema.org/draft-07/schema#"
"""Every version of the editors' language server knows it."""

REFERENCE = {
    "type": "string",
    "pattern": r"\$\{(env:[A-Za-z_][A-Za-z0-9_]*(:-[^{}]*)?|secret:[A-Za-z0-9_.-]+|file:[^{}]+)\}",
    "description": "${env:NAME}, ${env:NAME:-default}, ${secret:NAME} or ${file:PATH}",
}
_REFERENCE_LINK = {"$ref": "#/definitions/Reference"}
_SCALARS = frozenset(("integer", "number", "boolean"))
_CONSTRAINTS = frozenset(("pattern", "enum", "const", "format", "minLength", "maxLength"))
_OUTSIDE = ("description", "default", "examples", "deprecated")

Schema = dict[str, Any]


def build(catalog: Catalog) -> Schema:
    """The schema for everything that is installed; what can't be loaded is left out."""
    definitions: Schema = {"Reference": REFERENCE}
    links = {name: models.link for name, models in _available(catalog.adapters).items()}
    devices = {name: models.device for name, models in _available(catalog.adapters).items()}
    endpoints = _available(catalog.endpoints)
    return {
        "$schema": DIALECT,
        "title": "fieldgate configuration",
        "type": "object",
        "properties": {
            "version": {"const": VERSION, "description": "of the configuration's format"},
            "gateway": _model(GatewaySection, definitions),
            "include": {"type": ["array", "null"], "items": {"type": "string"}, "examples": [["devices/*.yaml"]]},
            "outbox": _section(OutboxSection, definitions),
            "report": _section(ReportSection, definitions),
            "endpoints": _group(_chosen("type", endpoints, EndpointConfig, definitions)),
            "links": _group(_chosen("adapter", links, LinkConfig, definitions)),
            "devices": _group(_devices(devices, definitions)),
            "commands": {"anyOf": [{"const": False}, *_section(CommandsSection, definitions)["anyOf"]]},
            "control": _section(ControlSection, definitions),
            "log": _section(LogSection, definitions),
        },
        "additionalProperties": False,
        "definitions": definitions,
    }


def _available(group: Mapping[str, Any]) -> dict[str, Any]:
    found = {}
    for name in sorted(group):
        try:
            found[name] = group[name]()
        except Unavailable:
            continue
    return found


def _group(entry: Schema) -> Schema:
    """Ids to settings; empty while all of them are commented out."""
    return {"type": ["object", "null"], "patternProperties": {IDENTIFIER: entry}, "additionalProperties": False}


def _section(model: type[BaseModel], definitions: Schema) -> Schema:
    return {"anyOf": [_model(model, definitions), {"type": "null"}]}


def _chosen(key: str, models: Mapping[str, type[BaseModel]], fallback: type[BaseModel], definitions: Schema) -> Schema:
    """The model that a key's value names; `if` and `then`, so that an editor only speaks of that one."""
    description = (fallback.__doc__ or "").split("\n", maxsplit=1)[0]
    return {
        "type": "object",
        "description": description,
        "properties": {key: {"anyOf": [{"enum": list(models)}, _REFERENCE_LINK]}},
        "required": [key],
        "allOf": [
            {
                "if": {"properties": {key: {"const": name}}, "required": [key]},
                "then": _model(model, definitions),
            }
            for name, model in models.items()
        ],
    }


def _devices(models: Mapping[str, type[DeviceConfig[Any]]], definitions: Schema) -> Schema:
    """A device of any installed adapter: which one, only its link knows."""
    alternatives = [_model(model, definitions) for model in models.values()]
    return alternatives[0] if len(alternatives) == 1 else {"type": "object", "anyOf": alternatives}


def _model(model: type[BaseModel], definitions: Schema) -> Schema:
    """A reference to a model's schema, whose parts are put among the definitions under the model's own name."""
    name = f"{model.__module__}.{model.__qualname__}".replace("[", "_").replace("]", "").replace("<locals>.", "")
    if name not in definitions:
        template = f"#/definitions/{name}.{{model}}"
        own = model.model_json_schema(ref_template=template)
        for part, schema in own.pop("$defs", {}).items():
            definitions[f"{name}.{part}"] = _adapted(schema)
        definitions[name] = _adapted(own)
    return {"$ref": f"#/definitions/{name}"}


def _adapted(schema: Schema) -> Schema:
    """pydantic's schema without what editors need not know, and with references wherever a scalar may stand."""
    schema = {key: value for key, value in schema.items() if key != "title" and not _is_raw_default(key, schema)}
    for key in ("properties", "patternProperties"):
        if key in schema:
            schema[key] = {name: _adapted(each) for name, each in schema[key].items()}
    for key in ("anyOf", "oneOf", "allOf", "prefixItems"):
        if key in schema:
            schema[key] = [_adapted(each) for each in schema[key]]
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), dict):
            schema[key] = _adapted(schema[key])
    if "patternProperties" in schema:
        schema.setdefault("additionalProperties", False)
    schema.pop("discriminator", None)
    return _or_reference(schema)


def _is_raw_default(key: str, schema: Schema) -> bool:
    """Whether a default is the parsed quantity, not the text that people write."""
    return key == "default" and isinstance(schema[key], int | float) and schema.get("type") == "string"


def _or_reference(schema: Schema) -> Schema:
    constrained = schema.get("type") in _SCALARS or bool(_CONSTRAINTS & schema.keys())
    if not constrained:
        return schema
    if schema.get("format") == "password":
        schema = {key: value for key, value in schema.items() if key not in ("format", "writeOnly")}
    inner = {key: value for key, value in schema.items() if key not in _OUTSIDE}
    outer = {key: value for key, value in schema.items() if key in _OUTSIDE}
    return {**outer, "anyOf": [inner, _REFERENCE_LINK]}
