"""NMEA 0183 (IEC 61162-1): what sentences say. Pure."""

from adapters.serial.decode.nmea.sentences import FIELDS, Place, place_of, sentence_of
from adapters.serial.decode.nmea.shape import NmeaShape

__all__ = ["FIELDS", "NmeaShape", "Place", "place_of", "sentence_of"]
