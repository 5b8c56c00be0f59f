"""How an endpoint reaches its far end: address, proxy, TLS, WebSocket."""

from gateway.endpoints.reach.address import Address
from gateway.endpoints.reach.certificates import certificate_advice, described
from gateway.endpoints.reach.dial import dial
from gateway.endpoints.reach.settings import EndpointTls, ProxyConfig, ReachConfig
from gateway.endpoints.reach.wire import Wire

__all__ = [
    "Address",
    "EndpointTls",
    "ProxyConfig",
    "ReachConfig",
    "Wire",
    "certificate_advice",
    "described",
    "dial",
]
