"""JSON Schema 2020-12, as far as our schemas use it, written in draft 7. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

DROPPED = frozenset({"$schema", "$id"})


def downgraded(definitions: Mapping[str, Any]) -> dict[str, Any]:
    """Each definition, by name, with the same meaning. References keep their form.

    Draft 7 ignores what stands beside `$ref`, and has neither `unevaluatedProperties` nor `dependentRequired`.
    """
    return {name: _schema(definition, definitions) for name, definition in definitions.items()}


def _schema(schema: Any, definitions: Mapping[str, Any]) -> Any:
    if isinstance(schema, list):
        return [_schema(each, definitions) for each in schema]
    if not isinstance(schema, dict):
        return schema
    if "unevaluatedProperties" in schema:
        schema = _merged(schema, definitions)
    kept = {name: value for name, value in schema.items() if name not in DROPPED}
    if "dependentRequired" in kept:
        kept["dependencies"] = kept.pop("dependentRequired")
    if "$ref" in kept and len(kept) > 1:
        kept = {**{name: value for name, value in kept.items() if name != "$ref"}, "allOf": [{"$ref": kept["$ref"]}]}
    return {name: _schema(value, definitions) for name, value in kept.items()}


def _merged(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> dict[str, Any]:
    """With the members of what it refers to as its own, so that no others can be told from them."""
    base = definitions[schema["$ref"].rpartition("/")[2]]
    rest = {name: value for name, value in schema.items() if name not in {"$ref", "unevaluatedProperties"}}
    return {
        **base,
        **rest,
        "required": [*base["required"], *schema["required"]],
        "properties": {**base["properties"], **schema["properties"]},
        "additionalProperties": schema["unevaluatedProperties"],
    }
