"""What of a serial link and its devices can't work, and what installers get wrong though it is valid. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from adapters.serial.config import SerialDevice, SerialLink
from adapters.serial.framing.sense import unfit
from adapters.serial.outlook.load import Demand, demands
from adapters.serial.sense import complaints
from gateway.adapter import Advice
from gateway.line.figures import percent, span
from gateway.ports.passing import NameOf, of_passing_name
from gateway.units import format_duration


def advice(link: SerialLink, devices: Mapping[str, SerialDevice], name_of: NameOf) -> Iterator[Advice]:
    """All of it; what would be asked too often only of what can work at all."""
    wrong = list(_impossible(link, devices))
    yield from wrong
    yield from of_passing_name(link.port, name_of)
    if not wrong:
        yield from _of_time(link, devices)


def _impossible(link: SerialLink, devices: Mapping[str, SerialDevice]) -> Iterator[Advice]:
    if (reason := unfit(link.framing, link.checksum)) is not None:
        yield Advice("impossible", reason, ("framing",))
    for wrong in complaints(link, devices):
        yield Advice("impossible", wrong.text, wrong.path, wrong.device)


def _of_time(link: SerialLink, devices: Mapping[str, SerialDevice]) -> Iterator[Advice]:
    found = demands(link, devices)
    share = sum(each.share for each in found)
    if share > 1:
        yield _too_much(share, max(found, key=lambda each: each.share))


def _too_much(share: float, largest: Demand) -> Advice:
    need = f"of {format_duration(largest.every_s)} the line needs {span(largest.line_s)} for this alone"
    text = f"more is asked than there is time for (load {percent(share)}): polls will be skipped, {need}"
    path = ("messages", largest.message, "every") if largest.message else ("every",)
    return Advice("overload", f"{text} - lengthen `every`, or raise the baudrate", path, largest.device)
