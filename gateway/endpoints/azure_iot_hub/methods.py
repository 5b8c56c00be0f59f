"""Direct methods as commands, and results as their answers. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from gateway.model import Result, ResultStatus

VERBS = frozenset({"write", "read", "invoke"})
"""Methods whose body is a whole command; any other is the name of one, of the device in its body or of the gateway."""

DONE, LATER = 200, 202

BY_REASON: Mapping[str, int] = {
    "malformed": 400,
    "out-of-range": 400,
    "no-expiry": 400,
    "not-writable": 403,
    "policy": 403,
    "unknown-device": 404,
    "unknown-point": 404,
    "unknown-command": 404,
    "unknown-link": 404,
    "not-supported": 405,
    "queue-full": 429,
    "no-link": 503,
    "storage": 503,
    "stopping": 503,
}
"""Of what was rejected; as HTTP would say it."""

REJECTED = 409

BY_STATUS: Mapping[ResultStatus, int] = {
    ResultStatus.DONE: DONE,
    ResultStatus.EXPIRED: 408,
    ResultStatus.FAILED: 500,
    ResultStatus.UNREACHABLE: 504,
    ResultStatus.UNKNOWN: 500,
}

MAX_ANSWER_BYTES = 131_072
"""A method's answer has at most so many ("Understand and invoke direct methods")."""

_encode = msgspec.json.Encoder().encode


class NoCommand(Exception):
    """The body of a method is none; the message is a sentence for people."""


def command_of(method: str, body: bytes, fallback_id: str) -> bytes:
    """The command that a method is, as JSON; without an id of its own it has the fallback. Raises NoCommand."""
    try:
        said = msgspec.json.decode(body) if body.strip() else {}
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise NoCommand(f"the body is not JSON: {error}") from None
    if said is None:
        said = {}
    if not isinstance(said, dict):
        raise NoCommand('the body is an object, such as {"device":"boiler","write":{"setpoint":55}}')
    if method in VERBS and method not in said:
        raise NoCommand(f"the body of method {method} has a member {method}, as a command has")
    return _encode({"id": fallback_id, **said, **({} if method in VERBS else {"invoke": method})})


def status_of(result: Result) -> int:
    """What a result is as the status of a method's answer."""
    if result.status is ResultStatus.REJECTED:
        return BY_REASON.get(result.reason or "", REJECTED)
    return BY_STATUS[result.status]


def answer_of(command: str | None, result: Result) -> bytes:
    """A result as the body of an answer: what its envelope says, without the envelope."""
    facts: Mapping[str, Any] = msgspec.to_builtins(result)
    whole = _encode({**({"command": command} if command is not None else {}), **facts})
    if len(whole) <= MAX_ANSWER_BYTES:
        return whole
    detail = "the result is too large for an answer: it follows as a message"
    return _encode({"command": command, "status": result.status.value, "detail": detail})


def later(command: str | None) -> bytes:
    """That a command takes longer than its caller waits."""
    return _encode({"command": command, "status": "pending", "detail": "its result follows as a message"})
