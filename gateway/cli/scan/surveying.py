"""A scan by ourselves, of a link that is in no configuration: asked of its adapter, shown while it goes on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from gateway import log as logging_setup
from gateway.adapter import Adapter, LinkConfig, Progress, Rejected
from gateway.cli.scan.asking import Scanned
from gateway.cli.scan.gauge import Gauge


def surveyed(
    adapter: type[Adapter], link: Callable[[], LinkConfig], options: Mapping[str, Any], gauge: Gauge
) -> Scanned:
    """Ended by Ctrl-C; `link` may raise Rejected."""
    told = Scanned()
    logging_setup.configure("critical", "auto", ())
    with gauge:

        def tell(progress: Progress) -> None:
            line = {**progress._asdict(), "found": [dict(each) for each in progress.found]}
            told.take(line)
            gauge.show(line)

        try:
            found = asyncio.run(adapter.survey(link(), {}, options, tell))
        except Rejected as error:
            told.take({"status": "rejected", "reason": error.reason, "detail": error.detail})
        except KeyboardInterrupt:
            return told
        else:
            told.take({"status": "done", "found": found})
    return told
