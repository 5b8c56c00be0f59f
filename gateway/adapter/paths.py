"""Paths in the configuration."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, ValidationInfo, WithJsonSchema
from pydantic_core import PydanticCustomError


def _resolve(value: Any, info: ValidationInfo) -> Any:
    """Absolute, and known to exist, where the directory of the configuration is known."""
    if not isinstance(value, str | Path):
        raise PydanticCustomError("string_type", "must be a path")
    directory = (info.context or {}).get("directory")
    if directory is None:
        return Path(value)
    path = Path(directory) / value
    try:
        exists = path.is_file()
    except (PermissionError, ValueError):
        exists = "\0" not in str(value)
    if not exists:
        raise PydanticCustomError(
            "no_such_file", "no such file - a relative path begins beside this configuration file"
        )
    return path


ConfigPath = Annotated[
    Path, BeforeValidator(_resolve), WithJsonSchema({"type": "string", "examples": ["ca.pem"], "minLength": 1})
]
"""A file beside the configuration: relative to the file that names it, and it must exist."""
