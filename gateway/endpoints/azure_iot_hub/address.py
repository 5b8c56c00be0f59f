"""Where hubs and device provisioning listen for MQTT ("Use MQTT to communicate with IoT Hub")."""

from __future__ import annotations

from gateway.endpoints.reach import Address

PORT, WEBSOCKET_PORT, WEBSOCKET_PATH = 8883, 443, "/$iothub/websocket"


def address_at(host: str, port: int | None, *, websocket: bool) -> Address:
    """`port`: if it is another than the usual one."""
    usual = WEBSOCKET_PORT if websocket else PORT
    return Address(host, port or usual, True, WEBSOCKET_PATH if websocket else None)
