"""Who answers on a link that nobody serves, at one setting of a serial port after the other. Reads, never writes."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from adapters.modbus.bus import Bus
from adapters.modbus.config import ModbusDevice, ModbusLink
from adapters.modbus.connect import connect
from adapters.modbus.course import Course
from adapters.modbus.scan import GARBLED, Found, Scan
from adapters.modbus.scope import Scope, is_serial, scope_of, settings_of, units_of
from gateway.adapter import AdapterError, Rejected, Tell

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
    settings = settings_of(link, options)
    several = is_serial(options)
    course = Course(tell, len(settings))
    found: list[Found] = []
    for number, setting in enumerate(settings):
        try:
            found += await _at(setting, names_of(devices), scope, course, several=several)
        except AdapterError as error:
            if number == 0:
                raise Rejected("no-link", str(error)) from None
            course.skip(len(scope.units), f"{setting.setting} was passed over: {error}")
    if not found:
        course.note(nobody(link, several=several))
    return found


def names_of(devices: Mapping[str, ModbusDevice]) -> dict[int, str]:
    """Of devices by unit id."""
    names: dict[int, str] = {}
    for name, device in devices.items():
        names[device.unit_id] = ", ".join(filter(None, [names.get(device.unit_id), name]))
    return names


async def _at(
    link: ModbusLink, names: Mapping[int, str], scope: Scope, course: Course, *, several: bool
) -> list[Found]:
    """At one setting; what comes damaged at one of several is a hint, and no device."""
    wire = await connect(link)
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
