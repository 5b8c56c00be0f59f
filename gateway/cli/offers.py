"""`fieldgate read DEV --gatt`: what a Bluetooth device offers, and the points to paste."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from gateway.cli.control import table
from gateway.cli.control.table import Row, Tone
from gateway.cli.control.values import printable, shown
from gateway.cli.scan.pasting import entry

HEAD = ("service", "characteristic", "what it is", "offers", "value")


def tell(device: str, found: Mapping[str, Any]) -> None:
    """As a table, and as YAML."""
    table.show(HEAD, list(_rows(found["services"])))
    if found["points"]:
        print(f"\n# into devices: {device}: points: keep what is yours")
        print("\n".join(line for line in entry("points", found["points"])))


def _rows(services: list[Mapping[str, Any]]) -> Iterator[Row]:
    for service in services:
        uuid = service["uuid"]
        yield Row((uuid, "", printable(service["name"]), "", ""))
        for each in service["characteristics"]:
            yield Row(
                (uuid, each["uuid"], _what(each), ", ".join(each.get("properties", ())), *_value(each)), _tone(each)
            )
            for descriptor in each.get("descriptors", ()):
                if "hex" in descriptor or "trouble" in descriptor:
                    yield Row(
                        (uuid, f"{each['uuid']} {descriptor['uuid']}", _what(descriptor), "", *_value(descriptor))
                    )


def _what(each: Mapping[str, Any]) -> str:
    """Its name, and its maker's own words for it."""
    words = f'"{each["description"]}"' if "description" in each else ""
    return printable(" ".join(filter(None, (each.get("name", ""), words))))


def _value(each: Mapping[str, Any]) -> tuple[str]:
    """By the standard's format, else as text, else in hex; or why there is none."""
    if "trouble" in each:
        return (printable(each["trouble"]),)
    values = each.get("values", {})
    if len(values) == 1:
        return (_with_unit(next(iter(values.values()))),)
    if values:
        return (printable(", ".join(f"{name} {_with_unit(value)}" for name, value in values.items())),)
    return (printable(f'"{each["text"]}"' if "text" in each else bytes.fromhex(each.get("hex", "")).hex(" ").upper()),)


def _with_unit(value: Mapping[str, Any]) -> str:
    return printable(f"{shown(value['value'])} {value.get('unit', '')}".rstrip())


def _tone(each: Mapping[str, Any]) -> Tone:
    return Tone.DOUBTFUL if "trouble" in each else Tone.GOOD if "values" in each else Tone.PLAIN
