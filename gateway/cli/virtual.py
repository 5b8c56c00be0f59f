"""Simulated devices, and what a person at the terminal makes of them while they run."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any, NamedTuple

from gateway.adapter import DeviceConfig, PointConfig, Rejected, Simulation
from gateway.cli.control.values import BadValue, parsed, shown
from gateway.cli.refused import hint
from gateway.values import Unwritable

READ_BYTES = 4096
"""Of what is typed, at once."""

USAGE = "DEVICE FAULT, DEVICE well, DEVICE.POINT VALUE or DEVICE.POINT"


class Misread(ValueError):
    """What was typed makes no sense, or can't be; the message says what would."""


class Device(NamedTuple):
    """One of them, and what it is made of."""

    simulation: Simulation
    config: DeviceConfig[Any]


Answer = Mapping[str, Any]
"""What has come of an order: `device` with `fault`, or with `point` and `value`."""


async def obey(devices: Mapping[str, Device], order: str) -> Answer:
    """Carry out `meter1 dead`, `meter1 late 2s`, `meter1.flow_temp 55` or `meter1.flow_temp`; raises Misread."""
    words = order.split(maxsplit=1)
    if not words:
        raise Misread(f"type {USAGE}")
    name, dot, point = words[0].partition(".")
    if name not in devices:
        raise Misread(f"no device '{name}' - {hint(name, devices)}")
    rest = words[1].strip() if len(words) > 1 else ""
    if dot:
        return await _valued(name, devices[name], point, rest)
    if not rest:
        raise Misread(f"what is wrong with {name}? Type {USAGE}")
    return await let_fail(devices, name, ":".join(rest.split(maxsplit=1)))


async def let_fail(devices: Mapping[str, Device], name: str, fault: str) -> Answer:
    """Let something be wrong with a device; raises Misread."""
    if name not in devices:
        raise Misread(f"no device '{name}' - {hint(name, devices)}")
    try:
        await devices[name].simulation.fault(name, fault)
    except Rejected as error:
        raise Misread(f"{name}: {error}") from None
    return {"device": name, "fault": fault}


async def _valued(name: str, device: Device, point: str, text: str) -> Answer:
    if point not in device.config.points:
        raise Misread(f"{name} has no point '{point}' - {hint(point, device.config.points)}")
    if text:
        about: PointConfig = device.config.points[point]
        try:
            value = parsed(point, text, {"enum": about.enum, "kind": about.kind})
            await device.simulation.set(name, point, value)
        except (BadValue, Unwritable) as error:
            raise Misread(str(error)) from None
    return {"device": name, "point": point, "value": await device.simulation.get(name, point)}


def told(answer: Answer) -> str:
    """`meter1: dead`, `meter1.flow_temp = 55`."""
    if "fault" in answer:
        return f"{answer['device']}: {answer['fault']}"
    return f"{answer['device']}.{answer['point']} = {shown(answer['value']) or 'no good value'}"


def typed(descriptor: int) -> asyncio.Queue[str]:
    """Lines as they come, for the running loop. In the background, where nobody can type, there are none."""
    loop, lines = asyncio.get_running_loop(), asyncio.Queue[str]()
    signal.signal(signal.SIGTTIN, signal.SIG_IGN)  # reading fails then, instead of stopping the process

    def read() -> None:
        with suppress(RuntimeError):  # the loop has ended
            for line in _lines(descriptor):
                loop.call_soon_threadsafe(lines.put_nowait, line)

    threading.Thread(target=read, name="typed", daemon=True).start()
    return lines


def _lines(descriptor: int) -> Iterator[str]:
    """Without Python's stdin, whose lock a thread that waits would keep at the exit."""
    rest = b""
    with suppress(OSError):
        while data := os.read(descriptor, READ_BYTES):
            *whole, rest = (rest + data).split(b"\n")
            yield from (line.decode(errors="replace") for line in whole)
