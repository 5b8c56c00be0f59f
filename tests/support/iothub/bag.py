"""The property bag at the end of a topic (contract sheet, sections 5 and 6). Pure."""

import re
from collections.abc import Iterable
from typing import NamedTuple
from urllib.parse import quote, unquote

from tests.support.iothub.packets import Violation

MAX_MESSAGE_BYTES = 262_144
"""Body, values of system properties, names and values of application properties."""

SYSTEM = {
    "$.mid": "message-id",
    "$.cid": "correlation-id",
    "$.uid": "user-id",
    "$.ct": "content-type",
    "$.ce": "content-encoding",
    "$.sub": "dt-subject",
    "$.ifid": "interface-id",
    "$.exp": "expiry",
}
"""What a device may set; `$.on` is for modules only."""

ENCODED = re.compile(r"(?:[A-Za-z0-9._~-]|%[0-9A-Fa-f]{2})*")
"""RFC 3986's unreserved characters, and bytes as %XX; all else must be encoded."""

MESSAGE_ID = re.compile(r"[A-Za-z0-9\-:.+%_#*?!(),=@;$']{1,128}")
CREATION_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,7})?Z")
EXPIRY = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,7})?(Z|[+-]\d\d:\d\d)")
ENCODINGS = ("utf-8", "utf-16", "utf-32")

CREATED = "iothub-creation-time-utc"

STAMPED = ("iothub-connection-", "iothub-enqueuedtime", "iothub-MessageType")
"""The hub's own: a device can't set them."""


class Bag(NamedTuple):
    """System properties by their long names, application properties; None is a name without a value."""

    system: dict[str, str]
    properties: dict[str, str | None]

    @property
    def size(self) -> int:
        """The bytes that count for the message's size."""
        values = [*self.system.values(), *self.properties, *(value or "" for value in self.properties.values())]
        return sum(len(text.encode()) for text in values)


def decoded(bag: str) -> Bag:
    """Raises Violation for what the hub would close the connection for, or misunderstand."""
    found = Bag({}, {})
    for part in bag.split("&") if bag else ():
        raw_name, is_assigned, raw_value = part.partition("=")
        name = _text(raw_name, raw_name.removeprefix("$"))
        if not name:
            raise Violation(f"sends a property without a name in {bag!r}")
        value = _text(raw_value, raw_value) if is_assigned else None
        if name.startswith("$"):
            _put(found.system, _system_name(name), _system_value(name, value))
        else:
            _see_that_it_may_be(name, value)
            _put(found.properties, name, value)
    return found


def encoded(pairs: Iterable[tuple[str, str | None]]) -> str:
    """As the hub writes them to a device: names encoded, too; no value is a bare name."""
    return "&".join(
        quote(name, safe="") if value is None else f"{quote(name, safe='')}={quote(value, safe='')}"
        for name, value in pairs
    )


def _text(shown: str, checked: str) -> str:
    if not ENCODED.fullmatch(checked):
        raise Violation(f"sends a property with an unencoded reserved character: {shown!r}")
    try:
        return unquote(shown, errors="strict")
    except UnicodeDecodeError:
        raise Violation(f"sends a property that is not UTF-8: {shown!r}") from None


def _system_name(name: str) -> str:
    if name not in SYSTEM:
        raise Violation(f"sends the system property {name}, which a device has not")
    return SYSTEM[name]


def _system_value(name: str, value: str | None) -> str:
    if not value:
        raise Violation(f"sends the system property {name} without a value")
    if name == "$.mid" and not MESSAGE_ID.fullmatch(value):
        raise Violation(f"sends a message id that can't be one: {value!r}")
    if name == "$.ce" and value.lower() not in ENCODINGS:
        raise Violation(f"sends the content encoding {value!r}, which is none of {', '.join(ENCODINGS)}")
    if name == "$.exp" and not EXPIRY.fullmatch(value):
        raise Violation(f"sends an expiry that is not ISO 8601: {value!r}")
    return value


def _see_that_it_may_be(name: str, value: str | None) -> None:
    if name == CREATED and not CREATION_TIME.fullmatch(value or ""):
        raise Violation(f"sends a creation time that is not UTC with Z: {value!r}")
    if name.startswith(STAMPED):
        raise Violation(f"sends {name}, which only the hub sets")
    if name.startswith("?"):
        raise Violation("puts a question mark before its properties: it becomes part of the first name")


def _put(into: dict[str, str] | dict[str, str | None], name: str, value: str | None) -> None:
    if name in into:
        raise Violation(f"sends the property {name} twice")
    into[name] = value  # type: ignore[assignment]  # of a system property it is never None
