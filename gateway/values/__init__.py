"""Scalar types, word orders, scale, rounding, range and labels: what every adapter decodes and encodes with. Pure."""

from gateway.values.decoding import decode_one, decoder, meaning
from gateway.values.encoding import Unwritable, encode, mask
from gateway.values.layout import Field, Layouts, Placed
from gateway.values.nearness import near
from gateway.values.parts import Read, Reading, reading
from gateway.values.quantity import BCD, FLOATS, SCALARS, Order, Quantity, Raw, Scalar, arrange
from gateway.values.reading import Decode, Spoiled, numbers

__all__ = [
    "BCD",
    "FLOATS",
    "SCALARS",
    "Decode",
    "Field",
    "Layouts",
    "Order",
    "Placed",
    "Quantity",
    "Raw",
    "Read",
    "Reading",
    "Scalar",
    "Spoiled",
    "Unwritable",
    "arrange",
    "decode_one",
    "decoder",
    "encode",
    "mask",
    "meaning",
    "near",
    "numbers",
    "reading",
]
