"""Two adapters and two endpoints of the tests' own, one adapter that cannot be loaded, and some of the real ones."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Literal, Self

from pydantic import Field, SecretStr, model_validator

from adapters.ble import BleAdapter
from adapters.ble.config import BleDevice, BleLink
from adapters.modbus import ModbusAdapter
from adapters.modbus.config import ModbusDevice, ModbusLink
from adapters.serial import SerialAdapter
from adapters.serial.config import SerialDevice, SerialLink
from gateway.adapter import Advice, DeviceConfig, LinkConfig, PointConfig, StrictModel
from gateway.config import AdapterModels, Catalog, ConfigPath, Unavailable
from gateway.config.models import EndpointConfig
from gateway.endpoints.azure_iot_hub.config import AzureConfig
from gateway.endpoints.mqtt import MqttEndpoint
from gateway.endpoints.mqtt.config import MqttConfig
from gateway.model import Kind
from gateway.units import Duration


class BusLink(LinkConfig):
    host: str
    port: Annotated[int, Field(ge=1, le=65535)] = 502
    baudrate: Literal[9600, 19200] = 9600
    parity: Literal["none", "even", "odd"] = "none"


class BusPoint(PointConfig):
    type: Literal["bool", "int16", "float32"]
    address: int
    scale: float = 1.0

    @property
    def kind(self) -> Kind:
        return "bool" if self.type == "bool" else "float"


class BusDevice(DeviceConfig[BusPoint]):
    unit_id: Annotated[int, Field(ge=1, le=247)] = 1
    timeout: Duration = 1.0
    order: Literal["ABCD", "CDAB"] = "ABCD"


class RadioLink(LinkConfig):
    radio: str


class RadioDevice(DeviceConfig[BusPoint]):
    mac: str
    key: SecretStr | None = None


class Tls(StrictModel):
    ca: ConfigPath | None = None


class LineFraming(StrictModel):
    kind: Literal["line"]
    terminator: str = "\n"


class FixedFraming(StrictModel):
    kind: Literal["fixed"]
    length: int


class CloudConfig(EndpointConfig):
    type: Literal["cloud"]
    url: str
    username: str | None = None
    password: SecretStr | None = None
    tls: Tls = Tls()
    protocol: Literal[5, "3.1.1"] = 5
    session_expiry: Duration = 0.0
    framing: Annotated[LineFraming | FixedFraming, Field(discriminator="kind")] | None = None
    commands: bool = True

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.protocol != 5 and self.session_expiry:
            raise ValueError("session_expiry needs protocol 5")
        return self


class HubConfig(EndpointConfig):
    type: Literal["hub"]
    connection_string: SecretStr


def _missing() -> AdapterModels:
    raise Unavailable("adapter 'lost' of package fieldgate-lost 1.0 cannot be loaded: ImportError: no libfoo")


def _radio_advice(_link: RadioLink, devices: Mapping[str, RadioDevice]) -> Iterator[Advice]:
    """Besides all else it is about what no file has."""
    for name, device in devices.items():
        if device.mac.startswith("00"):
            yield Advice("other", "such an address is made up - see the label", ("mac", "first byte"), name)
    if len(devices) > 1:
        yield Advice("other", f"{len(devices)} devices are many for one radio")
        yield Advice("other", "one that is not there is one too many", ("mac",), "nobody")


def _endpoint_advice(_name: str, config: EndpointConfig) -> Iterable[Advice]:
    return MqttEndpoint.advice(config) if isinstance(config, MqttConfig) else ()


CATALOG = Catalog(
    adapters={
        "bus": lambda: AdapterModels(BusLink, BusDevice),
        "radio": lambda: AdapterModels(RadioLink, RadioDevice, _radio_advice),
        "lost": _missing,
        "ble": lambda: AdapterModels(BleLink, BleDevice, BleAdapter.advice),
        "modbus": lambda: AdapterModels(ModbusLink, ModbusDevice, ModbusAdapter.advice),
        "serial": lambda: AdapterModels(SerialLink, SerialDevice, SerialAdapter.advice),
    },
    endpoints={
        "cloud": lambda: CloudConfig,
        "hub": lambda: HubConfig,
        "mqtt": lambda: MqttConfig,
        "azure-iot-hub": lambda: AzureConfig,
    },
    advice_of_endpoint=_endpoint_advice,
)
