"""Azure IoT Hub, over MQTT 3.1.1."""
