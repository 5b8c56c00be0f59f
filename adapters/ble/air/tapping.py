"""Who looks on at what goes through the air: a tap that fails is taken off and told of, and harms nobody."""

from __future__ import annotations

import asyncio

from gateway.adapter import Direction, Tap


class Tapping:
    """Of one link. Frames are only made where `tap` is there, which may come and go at any time."""

    def __init__(self) -> None:
        self.tap: Tap | None = None

    def show(self, direction: Direction, data: bytes) -> None:
        """Let the tap see it, if there is one."""
        if self.tap is None:
            return
        try:
            self.tap(direction, data)
        except Exception as error:  # noqa: BLE001 -- a looker-on may not cost the link
            self.tap = None
            asyncio.get_running_loop().call_exception_handler({"message": "the tap on BLE failed", "exception": error})
