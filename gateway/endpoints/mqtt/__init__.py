"""Any MQTT broker, version 5 or 3.1.1."""

from gateway.endpoints.mqtt.endpoint import MqttEndpoint

__all__ = ["MqttEndpoint"]
