"""How a gateway is, told from its status and its devices, for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from gateway.cli import show
from gateway.cli.control.table import Tone
from gateway.cli.control.values import printable
from gateway.cli.exits import Exit
from gateway.units import format_duration

UP, STARTING, PARKED = "up", "starting", "parked"
"""States of a link or an endpoint: it serves; it is tried, for the first time or again; a person must mend it."""

UNSYNCED = "unsynced"
"""What `system_clock` says of a clock that no time server has set."""

ADVICE = {
    "timeout": "it does not answer: is it on, is its address right? If others on its link answer, it is that device",
    "no-link": "its link is down: see there",
    "silent": "it sends by itself, and nothing has come for long: is it on, connected, and set to send?",
    "stale": "nothing has come from it for long: is it still sending?",
    "device-error": "it answers with an error: `fieldgate read` shows which point",
    "out-of-range": "a value is outside its `range`: sensor or configuration",
    "invalid": "the device says that it has no value: a broken sensor?",
    "decode-error": "its answer can't be understood: are type and word order right?",
}
"""What to do, by the reason of a device in trouble."""

OF_VALUES = frozenset({"out-of-range"})
"""Reasons that mean something else of a device that is offline, which its detail says."""

DAMAGED_ADVICE = (
    "its answers are damaged, or to other questions: see to the cable, and whether two devices have one address"
)
"""Of a device none of whose answers can be believed: types and word orders spoil values, not all that comes."""

UNNAMED_ADVICE = "it says itself which points it has, and has not yet: the log tells why"

PARKED_ADVICE = "it is not tried again before this is mended and the configuration loaded anew, or `run` restarted"

LINK_ADVICE = "check cable, address and power; the gateway tries again by itself"

ENDPOINT_ADVICE = "nothing is lost while it waits: `fieldgate outbox` shows what does; check network and login"

FULL_MEMORY_ADVICE = (
    "see to the disk soon: what waits is in memory, and lost when that is full or the box restarts; then to the network"
)


class Line(NamedTuple):
    """What is said of one part: its kind and name, how it is, and what to do about it."""

    kind: str
    name: str
    told: str
    tone: Tone
    advice: str = ""


class Standing(NamedTuple):
    """What a gateway answers."""

    status: Mapping[str, Any]
    devices: Mapping[str, Mapping[str, Any]]

    def troubled(self) -> dict[str, Mapping[str, Any]]:
        """Devices that are not well."""
        return {name: each for name, each in self.devices.items() if each["state"] in {"offline", "degraded"}}

    def links(self) -> dict[str, Mapping[str, Any]]:
        """With `fault`, why a link is down."""
        faults = self.status.get("trouble", {}).get("links", {})
        return {name: {**link, "fault": faults.get(name)} for name, link in self.status.get("links", {}).items()}

    def exit_code(self) -> Exit:
        """The worst that there is: what a device is not asked for, then what does not get away, then bad values."""
        devices, endpoints = self.troubled().values(), self.status["endpoints"].values()
        if any(each["state"] == "offline" for each in devices) or any(map(_is_down, self.links().values())):
            return Exit.UNREACHABLE
        if any(_is_down(each) or each.get("outbox", {}).get("fault") for each in endpoints):
            return Exit.CLOUD
        return Exit.DEVICE if self.troubled() else Exit.OK


def sentence(standing: Standing) -> str:
    """As in: All 7 devices fine. 12 messages waiting, oldest 4 s. cloud connected."""
    return " ".join(f"{part}." for part in (_devices(standing), _waiting(standing), *_endpoints(standing)))


def lines(standing: Standing) -> Iterator[Line]:
    """Endpoints and links; of devices, those in trouble."""
    for name, endpoint in standing.status["endpoints"].items():
        yield _endpoint(name, endpoint)
        if wished := _wished(endpoint.get("wished", {})):
            yield Line("endpoint", name, f"as it wishes: {wished}", Tone.PLAIN)
        for note in endpoint.get("notes", ()):
            yield Line("endpoint", name, printable(note), Tone.DOUBTFUL)
    for name, link in standing.links().items():
        yield _link(name, link)
    for name, device in standing.troubled().items():
        yield _device(name, device)
    if standing.status.get("system_clock") == UNSYNCED:
        told = f"system clock {UNSYNCED}"
        yield Line("gateway", standing.status["gateway"], told, Tone.DOUBTFUL, "let a time server be reached")


def _devices(standing: Standing) -> str:
    total, troubled = len(standing.devices), len(standing.troubled())
    unread = sum(device["state"] == "unknown" for device in standing.devices.values())
    if troubled:
        return f"{troubled} of {show.count(total, 'device')} in trouble"
    if unread:
        return f"{unread} of {show.count(total, 'device')} not heard of yet"
    return f"All {total} devices fine" if total > 1 else "The device is fine" if total else "No devices"


def _waiting(standing: Standing) -> str:
    outboxes = [endpoint.get("outbox", {}) for endpoint in standing.status["endpoints"].values()]
    waiting = sum(outbox.get("depth", 0) for outbox in outboxes)
    if not waiting:
        return "No messages waiting"
    oldest_s = max(outbox.get("oldest_age_s", 0) for outbox in outboxes)
    return f"{show.count(waiting, 'message')} waiting, oldest {show.span(oldest_s)}"


def _endpoints(standing: Standing) -> Iterator[str]:
    for name, endpoint in standing.status["endpoints"].items():
        yield f"{name} {_connection(endpoint)}"


def _connection(endpoint: Mapping[str, Any]) -> str:
    if endpoint["state"] == UP:
        return "connected"
    return "not connected" if _is_down(endpoint) else "connecting"


def _is_down(part: Mapping[str, Any]) -> bool:
    """Whether it has failed; what is only about to begin has not."""
    return part["state"] != UP and not (part["state"] == STARTING and not part.get("fault"))


def _down(line: Line, part: Mapping[str, Any]) -> Line:
    """What is said of a part that does not serve, once it is known whether a person must do something."""
    if part["state"] == PARKED:
        return line._replace(advice=PARKED_ADVICE)
    return line if _is_down(part) else line._replace(tone=Tone.DOUBTFUL, advice="")


def _endpoint(name: str, endpoint: Mapping[str, Any]) -> Line:
    outbox = endpoint.get("outbox", {})
    fault = outbox.get("fault")
    waits = f"{show.count(outbox.get('depth', 0), 'message')} waiting"
    if lost := sum(outbox.get("lost", {}).values()):
        waits += f", {lost} lost since the start"
    if endpoint["state"] != UP:
        told = f"{_connection(endpoint)} ({_why(endpoint)}), {waits}"
        if fault:
            return Line("endpoint", name, f"{told}; {printable(fault)}", Tone.BAD, FULL_MEMORY_ADVICE)
        return _down(Line("endpoint", name, told, Tone.BAD, ENDPOINT_ADVICE), endpoint)
    if fault:
        return Line(
            "endpoint", name, f"connected{_to(endpoint)}, {waits}; {printable(fault)}", Tone.BAD, "see to the disk"
        )
    return Line("endpoint", name, f"connected{_to(endpoint)}, {waits}", Tone.GOOD)


def _to(endpoint: Mapping[str, Any]) -> str:
    """Whom, of several perhaps and if that can be told, and since when to the second."""
    connected = endpoint.get("connected")
    if not connected:
        return ""
    whom = f" to {printable(connected['to'])}" if connected["to"] else ""
    return f"{whom} since {connected['since'].partition('.')[0]}Z"


def _wished(wished: Mapping[str, Any]) -> str:
    """What its far end wants otherwise than configured, as it is granted."""
    interval_s = dict(wished.get("interval_s", {}))
    parts = []
    if "" in interval_s:
        parts.append(f"reports each {format_duration(interval_s.pop(''))}")
    if interval_s:
        parts.append(f"reports of {show.count(len(interval_s), 'device')} at their own intervals")
    if level := wished.get("level"):
        parts.append(f"log level {level}")
    if wished.get("commands") is False:
        parts.append("no commands")
    return ", ".join(parts)


def _link(name: str, link: Mapping[str, Any]) -> Line:
    failures = f", failed {show.count(link['failures'], 'time')}" if link.get("failures") else ""
    if link["state"] == UP:
        return Line("link", name, f"up{failures}", Tone.GOOD)
    awaited = "" if _is_down(link) else ": nothing has come from its devices yet"
    return _down(Line("link", name, f"{_why(link)}{awaited}{failures}", Tone.BAD, LINK_ADVICE), link)


def _device(name: str, device: Mapping[str, Any]) -> Line:
    bad = [point for point, about in device["points"].items() if about.get("bad")]
    reason = device.get("reason")
    which = f": {', '.join(bad)}" if bad and device["state"] == "degraded" else ""
    detail = f" - {device['detail']}" if device.get("detail") else ""
    told = f"{device['state']}{f', {reason}' if reason else ''}{which}{detail}"
    tone = Tone.BAD if device["state"] == "offline" else Tone.DOUBTFUL
    return Line("device", name, printable(told), tone, _advice(device))


def _advice(device: Mapping[str, Any]) -> str:
    offline, reason = device["state"] == "offline", device.get("reason") or ""
    if device.get("detail") and (reason == "silent" or (offline and reason in OF_VALUES)):
        return ""
    if not device["points"] and not offline and not device.get("detail"):
        return UNNAMED_ADVICE
    return DAMAGED_ADVICE if offline and reason == "decode-error" else ADVICE.get(reason, "")


def _why(part: Mapping[str, Any]) -> str:
    """Its state, and its fault where there is one."""
    fault = part.get("fault")
    return printable(f"{part['state']}: {fault}" if fault else part["state"])
