"""What there is to say of a diagnostic, in plain words."""

from __future__ import annotations

from typing import NamedTuple


class Code(NamedTuple):
    """A short title, and an explanation for `fieldgate explain`."""

    title: str
    explanation: str
