"""What is told of a search: JSON-like, with what to write into the configuration, and sentences for people. Pure."""

from __future__ import annotations

from typing import Any

from adapters.serial.search.guess import Guess
from adapters.serial.search.setting import Setting
from adapters.serial.search.sketch import sketch
from gateway.adapter import capture_text

NOBODY = (
    "nothing came at any setting: a device that only answers is silent until it is asked (write a poll and watch"
    " `fieldgate monitor LINK --raw`); else RX and TX or A and B are swapped, or it has no power"
)
NOTHING_SENSIBLE = (
    "bytes come, but they make no sense at any setting that was tried: try others with --baudrate and --format, or"
    " listen longer with --listen 30s"
)
ONE_SPEED = "the speed of this port is none that can be set here, so only what comes is looked at"
USB_SPEED = "a device with USB of its own may take any speed: then the one that is shown means nothing"


def told(judged: Guess) -> dict[str, Any]:
    """`link`: what to write into it, `device`: a first one there; `frames`: the first ones, in hex and as text."""
    setting = judged.setting
    link = {**setting.written(), **({"framing": dict(judged.framing)} if judged.framing else {})}
    if judged.checksum:
        link["checksum"] = dict(judged.checksum)
    return {
        "setting": setting.name,
        "bytes": judged.heard_bytes,
        "faults": judged.faults,
        "score": round(judged.score, 2),
        "plausible": judged.is_plausible,
        "what": judged.what + _far_end(setting),
        "adapter": judged.adapter,
        "link": link if judged.is_plausible else {},
        "device": _device(judged),
        "count": judged.number,
        "frames": [{"hex": frame.hex(" ").upper(), "text": capture_text(frame)} for frame in judged.frames],
    }


def _device(judged: Guess) -> dict[str, Any]:
    if not judged.is_plausible or not judged.framing or not judged.frames:
        return {}
    return dict(sketch(judged.frames, judged.decode, judged.head_bytes))


def _far_end(setting: Setting) -> str:
    """Where only that can set the line, and should."""
    if setting.baudrate is not None or setting.format == "8N1":
        return ""
    return f", at {setting.format}: set the far end of the network to that"
