"""Whether a value that was read back is the one that was written. Pure."""

from __future__ import annotations

import math

from gateway.model import Value

NOISE = 2
"""Units in the last place that decimals like 1.1 and 0.9 may be further apart as doubles than as decimals."""


def near(written: Value, found: Value | None, tolerance: float) -> bool:
    """Equal, or numbers no further apart than this."""
    if written == found:
        return True
    if found is None or isinstance(written, str | bool) or isinstance(found, str | bool):
        return False
    if isinstance(written, float) or isinstance(found, float):
        tolerance += NOISE * max(math.ulp(written), math.ulp(found))
    return abs(written - found) <= tolerance
