"""The device twin: what is desired of the gateway, and what it reports of itself."""

from gateway.endpoints.azure_iot_hub.twin.twin import Twin

__all__ = ["Twin"]
