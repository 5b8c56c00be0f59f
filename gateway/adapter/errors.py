"""What an adapter raises."""

from __future__ import annotations


class AdapterError(Exception):
    """The link is lost; the supervisor starts a fresh instance after a pause."""


class PermanentError(Exception):
    """Only a person can mend it: the link or endpoint is parked until its configuration changes."""


class Rejected(Exception):
    """A command was refused and the device was not touched."""

    def __init__(self, reason: str, detail: str, rule: str | None = None) -> None:
        """`rule`: what in the configuration forbids it, as a path; `reason` is a code, `detail` a sentence."""
        super().__init__(detail)
        self.reason = reason
        self.detail = detail
        self.rule = rule
