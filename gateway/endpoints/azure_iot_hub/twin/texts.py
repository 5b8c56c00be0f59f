"""Texts and keys as twins take them (IoT Hub, "Understand and use device twins", format). Pure."""

from __future__ import annotations

import re
from urllib.parse import quote

KEY_BYTES = 256
"""Of 1024 that a key may have: ids are no longer than 64."""

ELLIPSIS = "..."

_PLAIN_TEXT, _PLAIN_KEY = re.compile(r"[A-Za-z0-9_:.-]*"), re.compile(r"[A-Za-z0-9_:-]+")
"""What nearly all of them are: nothing of it is to be replaced. There are thousands, looked at each few seconds."""


def fitted(text: str, max_bytes: int) -> str:
    """At most so long as UTF-8 and as JSON alike: what JSON would escape stands as something near."""
    if len(text) <= max_bytes and _PLAIN_TEXT.fullmatch(text):
        return text
    plain = "".join(each if each.isprintable() else " " for each in text.replace("\\", "/").replace('"', "'"))
    if len(plain.encode()) <= max_bytes:
        return plain
    return plain.encode()[: max_bytes - len(ELLIPSIS)].decode(errors="ignore") + ELLIPSIS


def key(name: str) -> str:
    """A key of a twin: no control character, `.`, `$`, space, nor what JSON escapes; these as %XX, and `%`, too.

    Two names have two keys, as long as they are not much longer than ids are.
    """
    if len(name) <= KEY_BYTES and _PLAIN_KEY.fullmatch(name):
        return name
    safe = "".join(each if _may_stand(each) else quote(each, safe="", errors="replace") for each in name)
    safe = safe.replace(".", "%2E") or "%"
    return safe if len(safe.encode()) <= KEY_BYTES else safe.encode()[:KEY_BYTES].decode(errors="ignore")


def _may_stand(each: str) -> bool:
    return each.isprintable() and each not in '%$ "\\'
