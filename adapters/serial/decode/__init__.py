"""From frames to values. Pure."""

from adapters.serial.decode.address import Address, address_key
from adapters.serial.decode.make import decode_of, shapes_of
from adapters.serial.decode.router import Heard, Router
from adapters.serial.decode.shape import Shape
from gateway.values import Reading

__all__ = ["Address", "Heard", "Reading", "Router", "Shape", "address_key", "decode_of", "shapes_of"]
