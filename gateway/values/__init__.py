"""Scalar types, word orders, scale, rounding, range and labels: what every adapter decodes and encodes with. Pure."""

from gateway.values.decoding import Decode, Spoiled, decode_one, decoder
from gateway.values.encoding import Unwritable, encode
from gateway.values.quantity import SCALARS, Order, Quantity, Raw, Scalar, arrange

__all__ = [
    "SCALARS",
    "Decode",
    "Order",
    "Quantity",
    "Raw",
    "Scalar",
    "Spoiled",
    "Unwritable",
    "arrange",
    "decode_one",
    "decoder",
    "encode",
]
