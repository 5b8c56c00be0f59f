"""Short ways to write things. Pure."""

from __future__ import annotations

from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema


def _by_type(given: Any) -> Any:
    return {"type": given} if isinstance(given, str) else given


class ByType:
    """Of a union that `type` chooses from: `framing: slip` is short for `framing: {type: slip}`."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(_by_type, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        whole = handler(schema)
        return {"anyOf": [{"enum": list(whole["discriminator"]["mapping"])}, whole]}
