"""Short ways to write things. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema


class ByType:
    """Of a union that `type` chooses from: `framing: slip` is short for `framing: {type: slip}`.

    `meant`: what others call a type, and what is to be written for it.
    """

    def __init__(self, meant: Mapping[str, str]) -> None:
        self._meant = meant

    def _by_type(self, given: Any) -> Any:
        kind = given.get("type") if isinstance(given, dict) else given
        if isinstance(kind, str) and (meant := self._meant.get(kind.lower().replace("_", "-"))):
            raise ValueError(f"there is no {kind}: write {meant}")
        return {"type": given} if isinstance(given, str) else given

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(self._by_type, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        whole = handler(schema)
        return {"anyOf": [{"enum": list(whole["discriminator"]["mapping"])}, whole]}
