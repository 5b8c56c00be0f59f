"""What is sent, as installers write it: bytes, and places for what is known only then. Pure."""

from gateway.template.octets import Marks, Octets, as_octets, parse_hex, parse_octets
from gateway.template.places import Format, Part, Place, Scalar, parts_of_hex, parts_of_text
from gateway.template.send import HexSend, Send, parts_of
from gateway.template.template import Sealing, Template

__all__ = [
    "Format",
    "HexSend",
    "Marks",
    "Octets",
    "Part",
    "Place",
    "Scalar",
    "Sealing",
    "Send",
    "Template",
    "as_octets",
    "parse_hex",
    "parse_octets",
    "parts_of",
    "parts_of_hex",
    "parts_of_text",
]
