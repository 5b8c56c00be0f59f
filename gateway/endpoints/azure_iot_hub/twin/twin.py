"""The device twin of one connection: asks for it, hears of its changes, reports what the gateway says of itself."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, NamedTuple

import structlog

from gateway.adapter.errors import DETAIL_CHARS
from gateway.endpoints.azure_iot_hub.twin import topics
from gateway.endpoints.azure_iot_hub.twin.desired import answers, read
from gateway.endpoints.azure_iot_hub.twin.patches import Properties, decoded, difference, encoded, merged, own
from gateway.endpoints.azure_iot_hub.twin.reported import SELDOM, document
from gateway.endpoints.contract import Session

ANSWER_S = 30.0
"""For an answer: a hub near its limits answers late rather than not at all ("IoT Hub quotas and throttling")."""

PAUSE_S, PAUSE_MAX_S = 2.0, 300.0
"""Before something is asked again; from each time on that it is no use, twice as long."""

JITTER = 0.2
"""Each pause is lengthened by up to this share, so that a fleet does not ask in step."""

LOOK_S = 5.0
"""Between two looks at how the gateway is: more patches than this would be no use to anybody who asks for twins."""

SELDOM_S = 60.0
"""Between two patches for the sake of what need not be up to date."""

OK, NO_CONTENT, BAD_REQUEST, THROTTLED, SERVER_ERROR = 200, 204, 400, 429, 500
"""Statuses ("Use MQTT to communicate with IoT Hub", twin operations)."""

Publish = Callable[[str, bytes], int | None]
"""Sends to a topic; None when it can't for now."""

log = structlog.get_logger("fieldgate.twin")


class _Asked(NamedTuple):
    """What an answer is awaited for until `until_s`: a patch, or (None) all properties."""

    rid: str
    patch: Properties | None
    until_s: float


class Twin:
    """Subscribe `filters`; once that is acknowledged call `begin`, and hand it what has `arrived`, while it `run`s."""

    filters = topics.FILTERS

    def __init__(
        self,
        publish: Publish,
        session: Session,
        endpoint: str,
        *,
        now_s: Callable[[], float] | None = None,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        """`endpoint`: for the log; `now_s`: a clock that never jumps, the loop's unless given."""
        self._publish = publish
        self._session = session
        self._log = log.bind(endpoint=endpoint)
        self._now_s = now_s or asyncio.get_running_loop().time
        self._jitter = jitter
        self._news = asyncio.Event()
        self._has_begun = False
        self._asked: _Asked | None = None
        self._count = 0
        self._must_get = True
        self._desired: Properties = {}
        self._version = self._heard_of = 0
        """Of the desired properties: known; told of."""
        self._reported: Properties = {}
        """As the hub has them."""
        self._answers: Mapping[str, Any] = {}
        self._suspects: list[str] = []
        self._left_out = set[str]()
        self._pause_s = 0.0
        self._rests_until_s = self._looks_at_s = self._seldom_at_s = 0.0
        self._told: int | None = None
        self._is_patch_amiss = False

    def begin(self) -> None:
        """The subscriptions are acknowledged."""
        self._has_begun = True
        self._news.set()

    def arrived(self, topic: str, payload: bytes) -> bool:
        """Whether this was for the twin."""
        if topic.startswith(topics.ANSWERS):
            self._hear_answer(topics.answered(topic), payload)
        elif topic.startswith(topics.DESIRED):
            self._hear_change(topics.version(topic), payload)
        else:
            return False
        self._news.set()
        return True

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            self._news.clear()
            wait_s = self.step()
            with suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    await self._news.wait()

    def step(self) -> float | None:
        """Do what is due; in how many seconds something will be, if nothing arrives before; None: never."""
        if not self._has_begun:
            return None
        now_s = self._now_s()
        if self._asked is not None and now_s >= self._asked.until_s:
            self._give_up(self._asked)
        if self._asked is None and now_s >= self._rests_until_s:
            if self._must_get:
                self._ask(None, now_s)
            elif now_s >= self._looks_at_s:
                self._look(now_s)
        return max(0.0, self._due_s() - now_s)

    def _due_s(self) -> float:
        if self._asked is not None:
            return self._asked.until_s
        return self._rests_until_s if self._must_get else max(self._rests_until_s, self._looks_at_s)

    def _look(self, now_s: float) -> None:
        """Report what has changed, if anything has."""
        self._looks_at_s = now_s + LOOK_S
        patch = difference(self._reported, document(self._session.facts(), self._answers))
        patch = {name: value for name, value in patch.items() if name not in self._left_out}
        if self._suspects:
            self._suspects = [name for name in self._suspects if name in patch]
        if self._suspects:
            patch = {self._suspects[0]: patch[self._suspects[0]]}
        elif now_s < self._seldom_at_s:
            patch = {name: value for name, value in patch.items() if name not in SELDOM}
        if patch:
            self._seldom_at_s = now_s + SELDOM_S if SELDOM & patch.keys() else self._seldom_at_s
            self._ask(patch, now_s)

    def _ask(self, patch: Properties | None, now_s: float) -> None:
        self._count += 1
        rid = f"{self._count:x}"
        topic = topics.get(rid) if patch is None else topics.report(rid)
        if self._publish(topic, b"" if patch is None else encoded(patch)) is None:
            self._rest()
        else:
            self._asked = _Asked(rid, patch, now_s + ANSWER_S)
            self._log.debug("twin asked", request=rid, patch=patch)

    def _give_up(self, asked: _Asked) -> None:
        """Nobody knows whether a patch that was not answered has been put on."""
        self._asked, self._must_get = None, True
        self._tell(0, f"no answer within {ANSWER_S:g} s", asked.patch)
        self._rest()

    def _hear_answer(self, answered: topics.Answered, payload: bytes) -> None:
        asked = self._asked
        if asked is None or asked.rid != answered.rid:
            return
        self._asked = None
        self._log.debug("twin answered", request=answered.rid, status=answered.status)
        if answered.status in {OK, NO_CONTENT}:
            if asked.patch is not None:
                self._went_well()
                self._put_on(asked.patch)
            elif self._take(payload) and not self._is_patch_amiss:
                self._went_well()
        elif answered.status == BAD_REQUEST and asked.patch is not None:
            self._doubt(asked.patch, payload)
        else:
            self._tell(answered.status, _sentence(answered.status), asked.patch)
            self._rest()

    def _went_well(self) -> None:
        self._pause_s, self._told, self._is_patch_amiss = 0.0, None, False

    def _take(self, payload: bytes) -> bool:
        """All properties, as they are now; whether these are some."""
        known = decoded(payload) or {}
        desired, reported = known.get("desired"), known.get("reported")
        version = desired.get("$version") if isinstance(desired, dict) else None
        if not isinstance(desired, dict) or not isinstance(reported, dict) or not isinstance(version, int):
            self._tell(OK, "what it has answered is no twin", None)
            self._rest()
            return False
        self._reported = own(reported)
        self._wish(own(desired), version)
        self._must_get = version < self._heard_of
        if self._must_get:
            self._rest()
        return True

    def _put_on(self, patch: Properties) -> None:
        self._reported = merged(self._reported, patch)
        if self._suspects:
            self._suspects, self._looks_at_s = [name for name in self._suspects if name not in patch], 0.0

    def _doubt(self, patch: Properties, payload: bytes) -> None:
        """Something of it is refused: what, each property shows alone; that is left out for this connection."""
        self._looks_at_s = 0.0
        if len(patch) > 1:
            self._suspects = list(patch)
            return
        self._left_out |= patch.keys()
        self._log.error("reported property refused, left out", property=next(iter(patch)), answer=_shown(payload))

    def _hear_change(self, version: int | None, payload: bytes) -> None:
        patch = decoded(payload)
        if version is None and patch is not None and isinstance(patch.get("$version"), int):
            version = patch["$version"]
        if version is None:
            self._must_get = True
            return
        self._heard_of = max(self._heard_of, version)
        if version <= self._version or self._must_get:
            return
        if version == self._version + 1 and patch is not None:
            self._wish(merged(self._desired, own(patch)), version)
        else:
            self._must_get = True

    def _wish(self, desired: Properties, version: int) -> None:
        """All that is desired now."""
        self._desired, self._version = desired, version
        wanted = read(desired)
        self._answers = answers(wanted, self._session.wish(wanted.wishes), version)
        self._looks_at_s = 0.0

    def _rest(self) -> None:
        self._pause_s = min(max(2 * self._pause_s, PAUSE_S), PAUSE_MAX_S)
        self._rests_until_s = self._now_s() + self._pause_s * (1 + JITTER * self._jitter())

    def _tell(self, status: int, reason: str, patch: Properties | None) -> None:
        """Once, until it goes well or is something else; that all can be read says nothing of a patch."""
        self._is_patch_amiss |= patch is not None
        if status != self._told:
            self._told = status
            self._log.warning("twin not " + ("read" if patch is None else "reported to"), reason=reason)


def _sentence(status: int) -> str:
    if status == THROTTLED:
        return "the hub has too much to do (429): asked again, more seldom"
    if status >= SERVER_ERROR:
        return f"the hub has a fault ({status}): asked again, more seldom"
    return f"the hub answers {status}: asked again, more seldom"


def _shown(payload: bytes) -> str:
    return payload.decode(errors="replace")[:DETAIL_CHARS]
