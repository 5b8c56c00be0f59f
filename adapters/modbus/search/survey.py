"""Who answers on a link that nobody serves, at one setting of a serial port after the other. Reads, never writes."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from adapters.modbus.bus.bus import Bus
from adapters.modbus.config import ModbusDevice, ModbusLink
from adapters.modbus.search.course import Course
from adapters.modbus.search.scan import GARBLED, Found, Scan, names_of
from adapters.modbus.search.scope import Scope, is_serial, scope_of, settings_of, units_of
from adapters.modbus.wire.connect import connect, pace_of
from adapters.modbus.wire.framing import framing_of
from adapters.modbus.wire.line import vain_s
from adapters.modbus.wire.wire import Wire
from gateway.adapter import AdapterError, Rejected, Tell

LONGEST_S = 7200.0
"""The devices of the link, silent as they are, are not tried meanwhile, and who asks from afar can't end it."""
TOO_LONG = (
    "it might take {hours:.1f} h, and a scan of several settings takes {most:g} h at most: name fewer units or settings"
)
NOBODY_SERIAL = (
    "nobody answers on {peer}: A and B are swapped, the baud rate or the parity is wrong (--serial tries others),"
    " or the devices have no power"
)
NOBODY_AT_ANY = (
    "nobody answers on {path} at any setting: A and B are swapped, the cable is broken, or no device has power"
)
NOBODY_NETWORK = "{peer} takes the connection, but nobody answers under these unit ids"
DAMAGED = (
    "something is heard at {setting}, but damaged: a setting that is nearly right, no termination or bias,"
    " or two devices with one id"
)


async def survey(
    link: ModbusLink, devices: Mapping[str, ModbusDevice], options: Mapping[str, Any], tell: Tell
) -> list[Found]:
    """What answers, setting by setting; raises Rejected."""
    slowest_s = max((device.timeout for device in devices.values()), default=None)
    scope = scope_of(options, slowest_s, units_of(link))
    several = is_serial(options)
    course = Course(tell)
    settings = settings_of(link, options)
    costs_s = [_cost_s(scope, each) for each in settings] if several else []
    if sum(costs_s) > LONGEST_S:
        raise Rejected("malformed", TOO_LONG.format(hours=sum(costs_s) / 3600, most=LONGEST_S / 3600))
    found: list[Found] = []
    for number, setting in enumerate(settings):
        try:
            wire = await connect(setting)
        except AdapterError as error:
            if number == 0:
                raise Rejected("no-link", str(error)) from None
            course.skip(len(scope.units), costs_s[number], f"{setting.setting} was passed over: {error}")
            continue
        if several:
            course.begin(len(settings) * len(scope.units), sum(costs_s))
        found += await _on(wire, setting, names_of(devices), scope, course, several=several)
    if not found:
        course.note(nobody(link, several=several))
    return found


def _cost_s(scope: Scope, link: ModbusLink) -> float:
    """Of one setting, where nobody answers."""
    return len(scope.units) * vain_s(scope.timeout_s, framing_of(link), pace_of(link))


async def _on(
    wire: Wire, link: ModbusLink, names: Mapping[int, str], scope: Scope, course: Course, *, several: bool
) -> list[Found]:
    """At one setting, which is then closed; what comes damaged at one of several is a hint, and no device."""
    course.where = link.setting if several else ""
    try:
        await asyncio.sleep(0)  # a serial port is open from its first turn on
        heard_s = wire.heard_s
        about = {"baudrate": link.baudrate, "parity": link.parity} if several else {}
        found = await Scan(Bus(wire, link.poll_share), names, (), course, about).over(scope)
        heard = wire.heard_s > heard_s
    finally:
        await wire.close()
    if link.is_serial:
        found = [each for each in found if each["answer"] != GARBLED]
        if heard and not found:
            course.note(DAMAGED.format(setting=link.setting))
    return found


def nobody(link: ModbusLink, *, several: bool) -> str:
    """What to do where nobody answers; `several`: settings were tried."""
    if not link.is_serial:
        return NOBODY_NETWORK.format(peer=link.peer)
    return NOBODY_AT_ANY.format(path=link.path) if several else NOBODY_SERIAL.format(peer=link.peer)
