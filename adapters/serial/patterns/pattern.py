"""One pattern, by RE2. Pure."""

from __future__ import annotations

from typing import Annotated

import re2
from pydantic import AfterValidator


def _checked(text: str) -> str:
    try:
        re2.compile(text)
    except re2.error as error:
        raise ValueError(f"is no pattern: {error}") from None
    return text


PatternText = Annotated[str, AfterValidator(_checked)]
"""A regular expression as RE2 has it, found anywhere in the text unless it begins with ^."""
