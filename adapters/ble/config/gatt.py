"""How a device is connected to, in the configuration; and its named commands. Pure."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, SecretStr, model_validator

from adapters.ble.config.names import CharacteristicUuid, ServiceUuid
from adapters.ble.config.point import Attribute, WriteMode
from gateway.adapter import AdapterCommand, Period, StrictModel
from gateway.template import Send, parse_hex
from gateway.units import Duration, Rate

PASSKEY_DIGITS = 6
"""Bluetooth Core Specification 6.0, Vol 3, Part H, 2.3.5.3."""


def _of_six_digits(passkey: SecretStr) -> SecretStr:
    digits = passkey.get_secret_value()
    if not (len(digits) == PASSKEY_DIGITS and digits.isascii() and digits.isdigit()):
        raise ValueError("a passkey is six digits, in quotes, since it may begin with 0")
    return passkey


Passkey = Annotated[SecretStr, AfterValidator(_of_six_digits)]


class Gatt(StrictModel):
    """How the gateway connects to a device."""

    connect: Literal["auto", "kept", "on-demand"] = Field(
        "auto",
        description="kept: all the time; on-demand: while there is something to do; auto: kept if a point notifies",
    )
    idle: Duration = Field(5.0, description="an on-demand connection is kept for so long after its last use")
    timeout: Period = Field(5.0, description="for one read or write")
    attempts: Annotated[int, Field(ge=1, le=10)] = Field(3, description="to connect, before it counts as failed")
    pair: bool = Field(False, description="pair before anything is read; a passkey means so anyway")
    passkey: Passkey | None = Field(
        None, description="six digits, as the device shows or has them: write ${secret:NAME}"
    )
    max_notifications: Annotated[Rate, Field(gt=0)] = Field(
        50.0, description="more than that of each characteristic are counted and left out, but for the newest"
    )

    @property
    def pairs(self) -> bool:
        """Whether it is paired with."""
        return self.pair or self.passkey is not None


class Answer(StrictModel):
    """What a device says to a command: by notification, or what is then read."""

    characteristic: CharacteristicUuid | None = Field(None, description="where, if not where the command is written")
    service: ServiceUuid | None = Field(None, description="of that characteristic, where several services have it")
    by: Literal["notification", "read"] = Field(
        "notification", description="read: it tells nothing by itself, and is read once the command is written"
    )
    starts: str | None = Field(None, description="hex digits it must begin with; anything else is a failure")
    timeout: Period = Field(5.0, description="without an answer for so long nobody knows whether it was done")

    @model_validator(mode="after")
    def _is_hex(self) -> Self:
        parse_hex(self.starts or "")
        return self


class BleCommand(AdapterCommand):
    """Something that is written to a characteristic when it is invoked: `{NAME}` in it is an argument."""

    characteristic: CharacteristicUuid = Field(description="where it is written, by UUID or standard name")
    service: ServiceUuid | None = Field(None, description="of that characteristic, where several services have it")
    send: Send = Field(description="a text, or {hex: ...}; {NAME} in it is an argument, as in {seconds:uint8}")
    write: WriteMode = Field("auto", description="how; auto: with response where the device offers that")
    answer: Answer | None = Field(None, description="what must come back for it to be done")

    @property
    def attribute(self) -> Attribute:
        """Where it is written."""
        return Attribute(self.characteristic, self.service)

    @property
    def answers_at(self) -> Attribute | None:
        """Where its answer is told or read."""
        if self.answer is None:
            return None
        if self.answer.characteristic is None:
            return self.attribute
        return Attribute(self.answer.characteristic, self.answer.service)
