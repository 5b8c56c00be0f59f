"""A point of a BLE device in the configuration. Pure."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

from pydantic import ConfigDict, Field, model_validator
from typing_extensions import override

from adapters.ble import sig
from adapters.ble.config.data import AdvertData
from adapters.ble.config.names import CharacteristicUuid, DescriptorUuid, ServiceUuid
from adapters.ble.config.sense import complaints, untyped
from gateway.adapter import PlacedPoint

TypeName = Literal[
    "float", "int", "bool", "string", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64",
    "float16", "float32", "float64", "bcd16", "bcd32", "bytes",
]  # fmt: skip

WriteMode = Literal["auto", "with-response", "without-response"]


class Attribute(NamedTuple):
    """Something of a device's that is read or written as a whole: a characteristic or one of its descriptors.

    All 128 bits of each UUID; `service` where the device has the characteristic in several.
    """

    characteristic: str
    service: str | None = None
    descriptor: str | None = None


def _without_type(schema: dict[str, Any]) -> None:
    """For editors: the device fills it in before a point is validated."""
    schema.pop("required", None)


class BlePoint(PlacedPoint):
    """A value that a decoder makes of advertisements (`from`), or by its place in their `data` or in a characteristic.

    `type` and `unit` need not be given where a decoder, or the standard's format of a characteristic, says them.
    """

    model_config = ConfigDict(json_schema_extra=_without_type)

    type: TypeName
    from_: str | None = Field(
        None,
        alias="from",
        description="what the decoder, or the characteristic's standard format, calls it; else the point's name",
    )
    data: AdvertData | None = Field(
        None, description="the part of the advertisement where it stands, if not the device's"
    )
    characteristic: CharacteristicUuid | None = Field(
        None, description="where it is read, by UUID or standard name: the gateway connects for it"
    )
    service: ServiceUuid | None = Field(None, description="of that characteristic, where several services have it")
    descriptor: DescriptorUuid | None = Field(None, description="of that characteristic, if the value stands there")
    notify: bool = Field(
        False, description="true: the device tells it by itself, by notification or indication, whichever it offers"
    )
    write: WriteMode = Field("auto", description="how it is written; auto: with response where the device offers that")

    @property
    def attribute(self) -> Attribute | None:
        """What is read for it; None: it comes with advertisements."""
        if self.characteristic is None:
            return None
        return Attribute(self.characteristic, self.service, self.descriptor)

    @property
    @override
    def is_binary(self) -> bool:
        """Whether it is made of bytes by their place here, rather than by a decoder or a standard format."""
        return self.at is not None or (self.characteristic is not None and self.standard is None)

    @property
    def standard(self) -> sig.Characteristic | None:
        """The standard format that its value comes from; None: it is read from bytes as the point says."""
        name = sig.by_uuid(self.characteristic or "")
        is_meant = self.at is None and self.descriptor is None and self.type in {"float", "int", "bool", "string"}
        return sig.CHARACTERISTICS[name] if name is not None and is_meant else None

    def called(self, name: str) -> str:
        """What a point of this name is called by its decoder, or by the characteristic's standard format."""
        if self.from_ is not None:
            return self.from_
        if self.standard is not None and len(self.standard.fields) == 1:
            return next(iter(self.standard.fields))
        return name

    @model_validator(mode="before")
    @classmethod
    def _has_a_type(cls, given: Any) -> Any:
        if isinstance(given, dict) and (sentence := untyped(given)) is not None:
            raise ValueError(sentence)
        return given

    @model_validator(mode="after")
    def _makes_sense(self) -> BlePoint:
        for sentence in complaints(self):
            raise ValueError(sentence)
        return self
