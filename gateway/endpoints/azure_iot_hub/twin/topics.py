"""Topics of the twin (IoT Hub, "Use MQTT to communicate with IoT Hub", twin operations). Pure."""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import parse_qs

ANSWERS, DESIRED = "$iothub/twin/res/", "$iothub/twin/PATCH/properties/desired/"
"""What a topic begins with: of what was asked; of what the back end has changed."""

FILTERS = (f"{ANSWERS}#", f"{DESIRED}#")
"""To be subscribed, and acknowledged, before anything is asked."""

DIGITS = 18
"""Of a number in a topic: so many fit into 64 bits, whatever they are."""


class Answered(NamedTuple):
    """The hub's word on a request; `status` is 0 where it can't be read."""

    status: int
    rid: str


def get(rid: str) -> str:
    """Where all properties are asked for, with an empty payload; answered 200 with them."""
    return f"$iothub/twin/GET/?$rid={rid}"


def report(rid: str) -> str:
    """Where reported properties are patched; answered 204."""
    return f"$iothub/twin/PATCH/properties/reported/?$rid={rid}"


def answered(topic: str) -> Answered:
    """Of a topic that begins with ANSWERS: `.../{status}/?$rid={rid}`."""
    status, _, rest = topic.removeprefix(ANSWERS).partition("/")
    return Answered(int(status) if _is_number(status) else 0, _parameter(rest, "$rid"))


def version(topic: str) -> int | None:
    """Of a topic that begins with DESIRED: `.../?$version={n}`; None where there is none."""
    text = _parameter(topic.removeprefix(DESIRED), "$version")
    return int(text) if _is_number(text) else None


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= DIGITS


def _parameter(query: str, name: str) -> str:
    return parse_qs(query.removeprefix("?")).get(name, [""])[0]
