"""A twin on a clock of the test's own, and the hub's end of it."""

import json
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from gateway.endpoints.azure_iot_hub.twin import Twin
from gateway.endpoints.azure_iot_hub.twin.twin import ANSWER_S
from tests.support.iothub.twin import Twin as Properties
from tests.support.session import SessionLog

GET, REPORTED = "$iothub/twin/GET/?$rid=", "$iothub/twin/PATCH/properties/reported/?$rid="

FACTS: dict[str, Any] = {
    "gateway": "gw",
    "version": "1.0",
    "devices": {"boiler": {"state": "online", "since": "2026-11-23T09:01:02.345Z", "reason": None, "link": "plc"}},
    "outbox": {"waiting": 0},
}


class House(SessionLog):
    """Grants all but what it is told not to."""

    def __init__(self) -> None:
        super().__init__()
        self.told = FACTS
        self.refused: dict[str, str] = {}

    def wish(self, wishes: Any, /) -> Mapping[str, str]:
        super().wish(wishes)
        return self.refused


class Asked(NamedTuple):
    """What the gateway has published; `patch` is None of a GET."""

    rid: str
    patch: dict[str, Any] | None
    at_s: float


class Bench:
    """`asked` is what has not been answered yet, and is still waited for."""

    def __init__(self) -> None:
        self.house = House()
        self.hub = Properties()
        self.now_s = 1000.0
        self.can_publish = True
        self.asked: list[Asked] = []
        self.twin = Twin(self._publish, self.house, "hub", now_s=lambda: self.now_s, jitter=lambda: 0.0)

    def _publish(self, topic: str, payload: bytes) -> int | None:
        if not self.can_publish:
            return None
        self.asked = [asked for asked in self.asked if self.now_s < asked.at_s + ANSWER_S]
        if topic.startswith(GET):
            assert not payload
            self.asked.append(Asked(topic.removeprefix(GET), None, self.now_s))
        else:
            assert topic.startswith(REPORTED)
            self.asked.append(Asked(topic.removeprefix(REPORTED), json.loads(payload), self.now_s))
        return len(self.asked)

    def begin(self) -> None:
        """Connected; the twin is read, and reported to."""
        self.twin.begin()
        self.settle()

    def step(self) -> float | None:
        """How long nothing is due."""
        return self.twin.step()

    def pass_s(self, passed_s: float) -> None:
        self.now_s += passed_s
        self.step()

    def answer(self, status: int | None = None, payload: bytes | None = None) -> Asked:
        """The oldest request, as the hub does it unless told otherwise."""
        asked = self.asked.pop(0)
        if status is None:
            status, payload = (200, self.hub.document()) if asked.patch is None else (204, b"")
            if asked.patch is not None:
                self.hub.report(json.dumps(asked.patch).encode())
        assert self.twin.arrived(f"$iothub/twin/res/{status}/?$rid={asked.rid}&$version=5", payload or b"")
        return asked

    def settle(self) -> list[Asked]:
        """Answer all that is asked without time passing."""
        answered: list[Asked] = []
        self.step()
        while self.asked:
            assert len(self.asked) == 1, "one at a time"
            answered.append(self.answer())
            self.step()
        return answered

    def desire(self, patch: dict[str, Any], *, is_told: bool = True) -> None:
        """The back end's patch; the gateway is told of it, or not."""
        told = self.hub.desire(patch)
        if is_told:
            self.tell(self.hub.desired_version, told)

    def tell(self, version: int, payload: bytes) -> None:
        assert self.twin.arrived(f"$iothub/twin/PATCH/properties/desired/?$version={version}", payload)

    def until(self, happened: Callable[[], object], step_s: float = 1.0, within_s: float = 2000.0) -> float:
        """Let time pass; how much has."""
        began_s = self.now_s
        self.step()
        while not happened():
            assert self.now_s < began_s + within_s
            self.pass_s(step_s)
        return self.now_s - began_s
