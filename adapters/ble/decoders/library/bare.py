"""bleparser (MIT) itself, made silent."""

from __future__ import annotations

import logging
from functools import cache
from typing import Any


@cache
def bleparser() -> Any:
    """The package; ImportError without the extra `ble`.

    It logs each advertisement that it can't read, as an error where it needs a key, and prints those of one maker:
    refusals are told by us.
    """
    import bleparser as package  # noqa: PLC0415  # the ble extra
    from bleparser import hhcc  # noqa: PLC0415

    logging.getLogger("bleparser").setLevel(logging.CRITICAL + 1)
    hhcc.print = _say_nothing
    return package


def _say_nothing(*_: object) -> None:
    """In the place of `print`."""
