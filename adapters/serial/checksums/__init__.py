"""What frames are checked by. Pure."""

from adapters.serial.checksums.catalogue import NMEA, known, names, width_of
from adapters.serial.checksums.checksum import Checksum
from adapters.serial.checksums.seal import Seal, seal_of

__all__ = ["NMEA", "Checksum", "Seal", "known", "names", "seal_of", "width_of"]
