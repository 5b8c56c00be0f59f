"""Azure IoT Hub and its device provisioning as test servers that enforce the contract."""

from tests.support.iothub.devicebound import Feedback, QueueFull
from tests.support.iothub.dps import Dps, Enrollment
from tests.support.iothub.faults import Faults
from tests.support.iothub.hub import IotHub
from tests.support.iothub.hubsession import Telemetry
from tests.support.iothub.methods import Answered, MethodFailed
from tests.support.iothub.registry import Device, key_of

__all__ = [
    "Answered",
    "Device",
    "Dps",
    "Enrollment",
    "Faults",
    "Feedback",
    "IotHub",
    "MethodFailed",
    "QueueFull",
    "Telemetry",
    "key_of",
]
