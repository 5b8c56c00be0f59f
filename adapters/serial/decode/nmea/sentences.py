"""What stands where in sentences (NMEA 0183 4.11, 6.3; IEC 61162-1:2016, 8.3). Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

FIELDS: Mapping[str, str] = {
    "DBK": "feet feetUnit metres metresUnit fathoms fathomsUnit",
    "DBS": "feet feetUnit metres metresUnit fathoms fathomsUnit",
    "DBT": "feet feetUnit metres metresUnit fathoms fathomsUnit",
    "DPT": "depth offset maxRange",
    "GGA": "time lat NS lon EW quality numSV HDOP alt altUnit sep sepUnit diffAge diffStation",
    "GLL": "lat NS lon EW time status posMode",
    "GNS": "time lat NS lon EW posMode numSV HDOP alt sep diffAge diffStation navStatus",
    "GSA": "opMode navMode sv1 sv2 sv3 sv4 sv5 sv6 sv7 sv8 sv9 sv10 sv11 sv12 PDOP HDOP VDOP systemId",
    "GST": "time rangeRms stdMajor stdMinor orient stdLat stdLon stdAlt",
    "GSV": "numMsg msgNum numSV",
    "HDG": "heading dev devEW var varEW",
    "HDM": "heading headingUnit",
    "HDT": "heading headingUnit",
    "MDA": "pressInHg pressInHgUnit pressBar pressBarUnit airTemp airTempUnit waterTemp waterTempUnit relHumidity "
    "absHumidity dewPoint dewPointUnit windDirTrue windDirTrueUnit windDirMag windDirMagUnit windKnots windKnotsUnit "
    "windMs windMsUnit",
    "MTW": "temp tempUnit",
    "MWD": "dirTrue dirTrueUnit dirMag dirMagUnit knots knotsUnit ms msUnit",
    "MWV": "angle reference speed speedUnit status",
    "RMC": "time status lat NS lon EW spd cog date mv mvEW posMode navStatus",
    "ROT": "rot status",
    "RPM": "source number speed pitch status",
    "RSA": "starboard starboardStatus port portStatus",
    "THS": "heading mode",
    "VBW": "waterLong waterTrans waterStatus groundLong groundTrans groundStatus",
    "VHW": "headingTrue headingTrueUnit headingMag headingMagUnit knots knotsUnit kmh kmhUnit",
    "VLW": "total totalUnit trip tripUnit",
    "VTG": "cogt cogtUnit cogm cogmUnit sogn sognUnit sogk sogkUnit posMode",
    "ZDA": "time day month year ltzh ltzn",
}
"""The names of a sentence's fields, the first behind its own name."""

VOID: Mapping[str, tuple[str, bytes]] = {
    "GGA": ("quality", b"0"),
    "GLL": ("status", b"V"),
    "GSA": ("navMode", b"1"),
    "MWV": ("status", b"V"),
    "RMC": ("status", b"V"),
    "ROT": ("status", b"V"),
    "THS": ("mode", b"V"),
    "VTG": ("posMode", b"N"),
}
"""The field and the text by which a sentence says that what it measures is not valid."""

ALWAYS = frozenset(
    {"time", "date", "status", "quality", "numSV", "posMode", "opMode", "navMode", "navStatus", "mode", "reference"}
)
"""Fields that also a sentence has that measures nothing."""

_SIGNS = ("NS", "EW", "mvEW", "devEW", "varEW")
"""Fields that are the sign of the one before: south and west are below 0."""

Kind = Literal["plain", "position", "signed", "time", "date"]


class Place(NamedTuple):
    """A field: its number from 1, and what it is. A `position` is degrees and minutes, its sign in the next field."""

    number: int
    kind: Kind
    name: str = ""


def sentence_of(called: str) -> tuple[str, str]:
    """The sentence and its field, of GGA.lat; GPGGA.lat is only of that talker."""
    sentence, _, field = called.partition(".")
    return sentence, field


def formatter(sentence: str) -> str:
    """The three letters that say what a sentence is."""
    return sentence[-3:]


def place_of(sentence: str, field: str) -> Place:
    """Where a field stands, by its name or its number; raises KeyError if there is none."""
    names = FIELDS.get(formatter(sentence), "").split()
    if field.isascii() and field.isdigit() and int(field) > 0:
        return Place(int(field), "plain")
    if field not in names:
        raise KeyError(field)
    number = names.index(field)
    return Place(number + 1, _kind(field, names[number + 1 : number + 2]), field)


def _kind(field: str, following: list[str]) -> Kind:
    if field in ("lat", "lon"):
        return "position"
    if following and following[0] in _SIGNS:
        return "signed"
    return "time" if field == "time" else "date" if field == "date" else "plain"
