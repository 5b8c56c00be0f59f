"""Direct methods that were called and not answered yet (contract sheet, section 7)."""

import asyncio
import json
from typing import Any, NamedTuple

from tests.support.iothub.packets import Publish, Violation

FILTER = "$iothub/methods/POST/#"
ANSWERS = "$iothub/methods/res/"
MAX_BYTES = 128 * 1024

FIRST = 9
"""The number of the first request: hexadecimal shows at once."""

OFFLINE, UNANSWERED = 404103, 504101


class MethodFailed(Exception):
    """The caller is told so in place of an answer: 404103 offline, 504101 no answer in time."""

    def __init__(self, code: int) -> None:
        super().__init__(f"{code}")
        self.code = code


class Answered(NamedTuple):
    """What the device said."""

    status: int
    payload: Any


class Methods:
    """Requests of one connection: a lost one loses them."""

    def __init__(self) -> None:
        self._next = FIRST
        self._waiting: dict[str, asyncio.Future[Answered]] = {}
        self._late: set[str] = set()

    def ask(self, name: str) -> tuple[str, str, asyncio.Future[Answered]]:
        """The request's id, its topic, and its answer."""
        request_id = f"{self._next:x}"
        self._next += 1
        answer: asyncio.Future[Answered] = asyncio.get_running_loop().create_future()
        self._waiting[request_id] = answer
        return request_id, f"$iothub/methods/POST/{name}/?$rid={request_id}", answer

    def give_up(self, request_id: str) -> None:
        """Nobody waits for it any more."""
        if self._waiting.pop(request_id, None) is not None:
            self._late.add(request_id)

    def answered(self, message: Publish) -> bool:
        """Whether somebody still waited for it; raises Violation."""
        status, separator, request_id = message.topic.removeprefix(ANSWERS).partition("/?$rid=")
        if not separator or not status.removeprefix("-").isdecimal():
            raise Violation(f"answers a method on {message.topic}, which is not {ANSWERS}STATUS/?$rid=RID")
        if len(message.payload) > MAX_BYTES:
            raise Violation(f"answers a method with {len(message.payload)} bytes, more than {MAX_BYTES}")
        payload = _json(message.payload)
        if request_id in self._late:
            self._late.discard(request_id)
            return False
        answer = self._waiting.pop(request_id, None)
        if answer is None:
            raise Violation(f"answers the method request {request_id}, which nobody waits for")
        answer.set_result(Answered(int(status), payload))
        return True

    def fail(self) -> None:
        """The device is gone."""
        for answer in self._waiting.values():
            answer.set_exception(MethodFailed(OFFLINE))
        self._waiting.clear()


def _json(payload: bytes) -> Any:
    try:
        return json.loads(payload, parse_constant=_refuse_constant) if payload else None
    except ValueError:
        raise Violation(f"answers a method with what is no JSON: {payload[:80]!r}") from None


def _refuse_constant(name: str) -> None:
    raise ValueError(name)
