"""The published descriptions of messages, and messages that are held against them.

After a change that is meant, `python -m tests.published.described` writes docs/ anew; read the difference before it is
committed.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from jsonschema import Draft7Validator

from gateway.published import DOCUMENTS, text_of
from gateway.published.asyncapi import asyncapi
from tests.support.repo import ROOT

DOCS = ROOT / "docs"


@cache
def described() -> dict[str, Any]:
    """As AsyncAPI."""
    return asyncapi()


@cache
def _whole() -> Draft7Validator:
    return Draft7Validator({"$id": "urn:described", **described()})


@cache
def validator(message: str) -> Any:
    """Of a message by its name in the description."""
    return _whole().evolve(schema={"$ref": f"urn:described#/components/schemas/{message}"})


def channel_of(topic: str) -> str:
    """The one whose address a topic is; fails where there is none, or several."""
    channels = described()["channels"].items()
    found: list[str] = [name for name, channel in channels if re.fullmatch(_pattern(channel["address"]), topic)]
    assert len(found) == 1, f"{topic} is a topic of {found}"
    return found[0]


def assert_described(topic: str, body: Any) -> str:
    """This message is exactly one of those that the topic's channel has; which."""
    messages = described()["channels"][channel_of(topic)]["messages"]
    fits: list[str] = [message for message in messages if validator(message).is_valid(body)]
    assert len(fits) == 1, f"{body} on {topic} is {fits} of {list(messages)}"
    return fits[0]


def _pattern(address: str) -> str:
    """Ids of the tests' gateways and roots have no slash."""
    return re.sub(r"{\w+}", "[^/]+", address)


if __name__ == "__main__":
    for name in DOCUMENTS:
        (DOCS / name).write_text(text_of(name), encoding="utf-8")
