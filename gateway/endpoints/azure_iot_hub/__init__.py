"""Azure IoT Hub, over MQTT 3.1.1."""

from gateway.endpoints.azure_iot_hub.endpoint import AzureIotHubEndpoint

__all__ = ["AzureIotHubEndpoint"]
