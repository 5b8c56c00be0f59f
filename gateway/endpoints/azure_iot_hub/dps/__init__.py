"""Device provisioning (DPS): which hub this gateway belongs to, and as which device."""

from gateway.endpoints.azure_iot_hub.dps.assignment import Assignment, assigned, remembered
from gateway.endpoints.azure_iot_hub.dps.keys import device_key
from gateway.endpoints.azure_iot_hub.dps.settings import DpsConfig

__all__ = ["Assignment", "DpsConfig", "assigned", "device_key", "remembered"]
