"""What an adapter raises."""

from __future__ import annotations

DETAIL_CHARS = 500
"""Of a sentence for people; it may hold what a stranger sent, and is told, logged and recorded."""


class AdapterError(Exception):
    """The link is lost; the supervisor starts a fresh instance after a pause."""


class Unheard(AdapterError):
    """What was said of devices still holds, and a fresh link may help: nobody answered, or it was closed while idle."""


class PermanentError(Exception):
    """Only a person can mend it: the link or endpoint is parked until its configuration changes."""


class Unkept(Exception):
    """What was emitted could not be kept until it was on disk, and is lost: it must not be acknowledged."""


class Rejected(Exception):
    """A command was refused and the device was not touched."""

    def __init__(self, reason: str, detail: str, rule: str | None = None) -> None:
        """`rule`: what in the configuration forbids it, as a path; `reason` is a code, `detail` a sentence."""
        self.reason = reason
        self.detail = detail if len(detail) <= DETAIL_CHARS else f"{detail[:DETAIL_CHARS]}..."
        super().__init__(self.detail)
        self.rule = rule
