"""The terminal: one line for each message that arrives at the broker."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

BOLD: Final = "1"
DIM: Final = "2"
COLOURS: Final = {"result": "1;32", "status": "33", "birth": "33", "gap": "31", "command": "35"}


class Screen:
    """Prints readable lines; in colour on a terminal, unless NO_COLOR is set."""

    def __init__(self) -> None:
        self._coloured = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
        self._units: dict[str, str] = {}

    def say(self, text: str, style: str = BOLD) -> None:
        """A line of our own."""
        print(self._paint(text, style), flush=True)

    def show(self, topic: str, payload: bytes) -> None:
        """A line for a message: when it arrived, its topic, and what matters in it."""
        body = json.loads(payload) if payload else {}
        kind = topic.rpartition("/")[2]
        if kind == "birth":
            self._learn_units(body)
        arrived = datetime.now().astimezone().strftime("%H:%M:%S.%f")[:-3]
        summary = self._paint(self._summary(kind, body), COLOURS.get(kind, "0"))
        print(self._paint(arrived, DIM), f"{topic:<30}", summary, flush=True)

    def _summary(self, kind: str, body: Mapping[str, Any]) -> str:
        if kind in {"reading", "result"}:
            head = [f"{body.get('command')} {body.get('status')}"] if kind == "result" else []
            bad = [f"{name} bad ({why.get('reason')})" for name, why in body.get("bad", {}).items()]
            values = [f"{name} {self._value(name, value)}" for name, value in body.get("values", {}).items()]
            return ", ".join(head + values + bad) + _detail(body)
        if kind == "status":
            return str(body.get("state", "cleared")) + _detail(body)
        if kind == "birth":
            names = body.get("points") or body.get("devices") or ()
            return "here is " + ", ".join(names)
        return json.dumps({name: value for name, value in body.items() if name != "v"}, ensure_ascii=False)

    def _value(self, name: str, value: Any) -> str:
        text = value if isinstance(value, str) else json.dumps(value)
        return f"{text} {self._units[name]}" if name in self._units else text

    def _learn_units(self, body: Mapping[str, Any]) -> None:
        points = body.get("points")
        if isinstance(points, Mapping):
            self._units |= {name: point["unit"] for name, point in points.items() if point.get("unit")}

    def _paint(self, text: str, style: str) -> str:
        return f"\x1b[{style}m{text}\x1b[0m" if self._coloured else text


def _detail(body: Mapping[str, Any]) -> str:
    return "".join(f" ({body[name]})" for name in ("reason", "detail") if body.get(name))
