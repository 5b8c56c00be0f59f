"""Results of commands, as a sentence and as an exit code."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gateway.cli.control.values import printable
from gateway.cli.exits import Exit

Result = Mapping[str, Any]
"""As the API gives it."""

EXITS = {
    "done": Exit.OK,
    "rejected": Exit.REFUSED,
    "expired": Exit.UNREACHABLE,
    "failed": Exit.DEVICE,
    "unreachable": Exit.UNREACHABLE,
    "unknown": Exit.DEVICE,
}
"""By status: what expired has waited for its link all the time."""

REJECTED_EXITS = {
    "unknown-device": Exit.USAGE,
    "unknown-point": Exit.USAGE,
    "unknown-command": Exit.USAGE,
    "malformed": Exit.USAGE,
    "not-supported": Exit.USAGE,
    "queue-full": Exit.UNREACHABLE,
    "unknown-link": Exit.USAGE,
    "no-link": Exit.UNREACHABLE,
    "busy": Exit.UNREACHABLE,
    "storage": Exit.INTERNAL,
    "journal-lost": Exit.INTERNAL,
    "stopping": Exit.INTERNAL,
}
"""By reason: what no rule has forbidden."""

MAYBE = "it may have been carried out or not: look at the machine before you repeat it"


def exit_of(result: Result) -> Exit:
    """A value that is bad is an error of the device."""
    status = result["status"]
    if status == "rejected":
        return REJECTED_EXITS.get(result.get("reason", ""), Exit.REFUSED)
    if status == "done" and result.get("bad"):
        return Exit.DEVICE
    return EXITS.get(status, Exit.INTERNAL)


def sentence(result: Result) -> str:
    """How it ended, and why."""
    status, reason = result["status"], result.get("reason")
    parts = [f"{status}, {reason}" if reason and reason != status else status]
    if result.get("detail"):
        parts.append(result["detail"])
    if status == "unknown":
        parts.append(MAYBE)
    rule = f" (rule: {result['rule']})" if result.get("rule") else ""
    return printable(": ".join(parts) + rule)


def why_bad(bad: Mapping[str, Any]) -> str:
    """The reason, and what was found instead of a value."""
    found = [f"value {bad['value']}"] if "value" in bad else []
    found += [f"code {bad['code']}"] if "code" in bad else []
    return printable(f"{bad['reason']} ({', '.join(found)})" if found else str(bad["reason"]))
