"""The devices of a configuration, served as if they were there: for tests, demonstrations and dry runs."""

from adapters.modbus.simulator.faults import Fault, fault_of
from adapters.modbus.simulator.simulation import Simulation, simulate

__all__ = ["Fault", "Simulation", "fault_of", "simulate"]
