"""Pieces that the tests of the simulator share."""

from tests.ble.simulator.served import serve

__all__ = ["serve"]
