"""What the gateway itself does when it is told to, whoever tells it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any

from gateway.adapter import Rejected
from gateway.commands.own import Action
from gateway.model import Result, ResultStatus
from gateway.scans import Scans


class Actions:
    """By name, all but those that are about one endpoint."""

    def __init__(self, scans: Scans, reload: Callable[[], Awaitable[Result]]) -> None:
        self._scans = scans
        self._reload = reload
        self.all: Mapping[str, Action] = {"ping": _ping, "reload": self._reload_site, "scan": self._scan}

    async def _reload_site(self, args: Mapping[str, Any]) -> Result:
        _no_more(args)
        return await self._reload()

    async def _scan(self, args: Mapping[str, Any]) -> Result:
        """Of the link that `args` name; `options` are its adapter's own."""
        name, options = args.get("link"), args.get("options", {})
        if not isinstance(name, str) or name not in self._scans.links:
            known = ", ".join(self._scans.links) or "none"
            raise Rejected("unknown-link", f'args name no link (there are: {known}): {{"link": "..."}}')
        _no_more([key for key in args if key not in {"link", "options"}])
        if not isinstance(options, Mapping):
            raise Rejected("malformed", "options are an object")
        found = await self._scans.scan(name, options)
        return Result(ResultStatus.DONE, found=tuple(found))


async def _ping(args: Mapping[str, Any]) -> Result:
    _no_more(args)
    return Result(ResultStatus.DONE)


def _no_more(args: Iterable[str]) -> None:
    if unknown := ", ".join(args):
        raise Rejected("malformed", f"there are no such args to this: {unknown}")
