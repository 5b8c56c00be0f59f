"""Logging: console on a terminal, JSON otherwise; secrets never."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Iterable, Mapping, MutableMapping
from typing import Any, Literal, TextIO
from urllib.parse import quote

import structlog

REDACTED = "***"
SHORTEST_SECRET = 4
"""Shorter secrets are not looked for: they would black out ordinary text."""

_PART = re.compile(r"(?i)(?:^|;)\s*[a-z]*key\s*=\s*([^;\s]+)")
"""The key in a connection string, which opens as much as the whole."""

_MADE = re.compile(r"(?i)\b(?P<what>sig=|SharedAccessKey=|Authorization: Basic )[A-Za-z0-9+/%_-]{4,}={0,2}")
"""What opens something, though no secret stands in it as it is: signatures of tokens, logins in base64."""

_hidden: list[str] = []
"""Longest first. One list for the process: a logger keeps what it was first made with."""

LEVELS = ("debug", "info", "warning", "error")
"""From the most detailed to the least."""

Event = MutableMapping[str, Any]


def configure(
    level: str, style: Literal["auto", "console", "json"], secrets: Iterable[str] = (), stream: TextIO | None = None
) -> None:
    """Route everything, the libraries' own logs too, to `stream` (stderr unless given)."""
    out = stream or sys.stderr
    pretty = style == "console" or (style == "auto" and out.isatty())
    shared: list[Any] = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        _without_none,
        _redact,
    ]
    _hidden[:] = _findable(secrets)
    renderer: Any = (
        structlog.dev.ConsoleRenderer(colors=out.isatty()) if pretty else structlog.processors.JSONRenderer()
    )
    if pretty:
        shared.append(_harmless)
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    set_level(level)


def set_level(level: str) -> None:
    """How much of our own is logged from now on; of libraries only what is amiss. Secrets stay hidden at each level."""
    logging.getLogger("fieldgate").setLevel(level.upper())


def hide(secrets: Iterable[str]) -> None:
    """These, too, from now on."""
    _hidden[:] = _findable({*_hidden, *secrets})


def cleaned(text: str) -> str:
    """Without any of them: for what leaves the house."""
    return str(_cleaned(text, _hidden))


def _findable(secrets: Iterable[str]) -> list[str]:
    whole = set(secrets)
    parts = whole.union(*map(_PART.findall, whole))
    forms = parts.union(quote(part, safe="") for part in parts)
    return sorted((form for form in forms if len(form) >= SHORTEST_SECRET), key=len, reverse=True)


def _without_none(_logger: Any, _method: str, event: Event) -> Event:
    """Fields that have nothing to say stay out."""
    return {name: value for name, value in event.items() if value is not None}


def _harmless(_logger: Any, _method: str, event: Event) -> Event:
    """What a stranger wrote, without what would command a terminal."""
    return {name: _escaped(value) if isinstance(value, str) else value for name, value in event.items()}


def _escaped(text: str) -> str:
    if text.isprintable():
        return text
    return "".join(
        each if each.isprintable() or each in "\n\t" else each.encode("unicode_escape").decode() for each in text
    )


def _redact(_logger: Any, _method: str, event: Event) -> Event:
    return {name: value if name.startswith("_") else _cleaned(value, _hidden) for name, value in event.items()}


def _cleaned(value: Any, hidden: list[str]) -> Any:
    if isinstance(value, list | tuple):
        return [_cleaned(item, hidden) for item in value]
    if isinstance(value, Mapping):
        return {_cleaned(key, hidden): _cleaned(item, hidden) for key, item in value.items()}
    if not isinstance(value, str):
        shown = repr(value)
        return _cleaned(shown, hidden) if any(secret in shown for secret in hidden) or _MADE.search(shown) else value
    for secret in hidden:
        value = value.replace(secret, REDACTED)
    return _MADE.sub(rf"\g<what>{REDACTED}", value)
