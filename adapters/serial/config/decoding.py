"""How a frame becomes values: the configuration's part. Pure."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from adapters.serial.config.short import ByType
from gateway.adapter import StrictModel
from gateway.template.octets import Octets

MEANT = {
    "csv": '{type: columns, delimiter: ","}',
    "delimited": '{type: columns, delimiter: ","}',
    "keyvalue": '{type: key-value, separator: ";", equals: "="}',
    "regex": "pattern, or leave it out: match says it",
    "text": "pattern, or leave it out: match says it",
    "bytes": "binary",
    "raw": "binary",
    "hex": "binary",
    "nmea0183": "nmea",
    "nmea-0183": "nmea",
    "obis": "iec62056-21",
}
"""What others call it: what it is here."""


class Pattern(StrictModel):
    """Text: the named groups of `match` are what points are made `from`."""

    type: Literal["pattern"] = "pattern"


class Columns(StrictModel):
    """Text between delimiters: points are made `from` a column's number, the first is 1, or its name."""

    type: Literal["columns"]
    delimiter: Octets = Field(b",", description='what parts them; " ": any number of blanks')
    names: list[str] | None = Field(None, description="what the columns are called, the first first")


class Pairs(StrictModel):
    """Text of keys and values, as in `T=21.5;H=40`: points are made `from` a key."""

    type: Literal["key-value"]
    separator: Octets = Field(b";", description='between pairs; " ": any number of blanks')
    equals: Octets = Field(b"=", description="between a key and its value")


class Table(StrictModel):
    """Bytes: points say where they stand (`at`) and what they are (`type`, `order`, `bits`, ...)."""

    type: Literal["binary"]


class Nmea(StrictModel):
    """NMEA 0183: points are made `from` a sentence's field, as in GGA.lat."""

    type: Literal["nmea"]


class Iec62056(StrictModel):
    """A data block of IEC 62056-21: points are made `from` an address, as in 1.8.0 or 1-0:1.8.0*255."""

    type: Literal["iec62056-21"]


Decode = Annotated[
    Annotated[Pattern | Columns | Pairs | Table | Nmea | Iec62056, Field(discriminator="type")],
    ByType(MEANT),
]
