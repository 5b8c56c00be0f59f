"""The custom format of pvvx's thermometers, plain or encrypted (pvvx/ATC_MiThermometer, README). Pure."""

from __future__ import annotations

from collections.abc import Mapping

from adapters.ble.config.names import full_uuid
from adapters.ble.simulator.forge.format import Field, Format, Packet, Teller, number, percent
from adapters.ble.simulator.forge.sealing import CHECK_BYTES, sealed
from gateway.model import Value

UUID = 0x181A
SERVICE_DATA = 0x16
"""Type of an advertisement's part (Assigned Numbers, 2.3)."""
BESIDE = b"\x11"
"""What its check covers besides the cipher text."""
USUAL_VOLTAGE = 2.95

FIELDS: Mapping[str, Field] = {
    "temperature": number("int16", 0.01),
    "humidity": percent("uint16", 0.01),
    "voltage": number("uint16", 0.001),
    "battery": percent("uint8"),
}
BEGINS: Mapping[str, Value] = {"temperature": 20.0, "humidity": 50.0, "voltage": USUAL_VOLTAGE, "battery": 100}
"""What stands there where nobody wants to know."""


def _write(teller: Teller, told: Mapping[str, Value], count: int) -> tuple[Packet, ...]:
    said = {name: FIELDS[name].data(value) for name, value in {**BEGINS, **told}.items()}
    number, flags = bytes([count % 256]), b"\0"
    if teller.key is None:
        measured = said["temperature"] + said["humidity"] + said["voltage"] + said["battery"]
        data = teller.address[::-1] + measured + number + flags
    else:
        plain = said["temperature"] + said["humidity"] + said["battery"] + flags
        length = 3 + len(number) + len(plain) + CHECK_BYTES  # of the part, as its first byte says it
        head = bytes([length, SERVICE_DATA]) + UUID.to_bytes(2, "little") + number
        text, check = sealed(teller.key, teller.address[::-1] + head, plain, BESIDE)
        data = number + text + check
    return (Packet(services={full_uuid(UUID): data}),)


USUAL = ("temperature", "humidity", "battery")
ATC = Format(USUAL, FIELDS, _write)
ATC_SEALED = Format(USUAL, {name: field for name, field in FIELDS.items() if name != "voltage"}, _write)
"""What is encrypted has no room for the voltage."""
