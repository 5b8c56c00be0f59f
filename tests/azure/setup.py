"""An endpoint for the test server."""

from typing import Any

from gateway.endpoints.azure_iot_hub import AzureIotHubEndpoint
from gateway.endpoints.azure_iot_hub.config import AzureConfig
from gateway.endpoints.contract import Identity, Memory
from tests.support.iothub import IotHub

BOX = "box"


def config(hub: IotHub, **more: Any) -> AzureConfig:
    """Of the device `box`, by its key unless told otherwise; nothing waits for others."""
    told = {"connection_string": hub.connection_string(BOX)} if not {"host", "dps"} & more.keys() else {}
    given = {
        "type": "azure-iot-hub",
        "connect": f"127.0.0.1:{hub.port}",
        "tls": {"ca": str(hub.ca)},
        "batch": {"max_messages": 1},
        **told,
        **more,
    }
    return AzureConfig.model_validate(given)


def endpoint(hub: IotHub, memory: Memory | None = None, **more: Any) -> AzureIotHubEndpoint:
    return AzureIotHubEndpoint(
        config(hub, **more), Identity("gw", "cloud", ("boiler",)), {} if memory is None else memory
    )
