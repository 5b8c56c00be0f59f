"""Where and as whom to register."""

from __future__ import annotations

import base64
import binascii
from typing import Annotated

from pydantic import AfterValidator, Field, JsonValue, SecretStr, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from gateway.adapter import StrictModel

MAX_ID_CHARACTERS = 128
"""Of a registration id, as of a device id."""


def _symmetric(key: SecretStr) -> SecretStr:
    try:
        decoded = base64.b64decode(key.get_secret_value(), validate=True)
    except (binascii.Error, ValueError):
        decoded = b""
    if not decoded:
        raise PydanticCustomError("symmetric_key", "must be a key in base64, as the portal shows it")
    return key


SymmetricKey = Annotated[SecretStr, AfterValidator(_symmetric)]


class DpsConfig(StrictModel):
    """The provisioning service, and what it knows this gateway as.

    Without `key` and `group_key` the client certificate of `tls` says who we are: its common name is `registration_id`.
    """

    id_scope: Annotated[str, Field(pattern=r"^[A-Za-z0-9]{1,64}$")] = Field(examples=["0ne00000000"])
    registration_id: Annotated[str, Field(max_length=MAX_ID_CHARACTERS, pattern=r"^[a-z0-9]([a-z0-9._:-]*[a-z0-9])?$")]
    key: SymmetricKey | None = Field(None, description="of an individual enrollment; write ${secret:NAME}")
    group_key: SymmetricKey | None = Field(
        None, description="of an enrollment group; this gateway's own is derived from it; write ${secret:NAME}"
    )
    host: str = "global.azure-devices-provisioning.net"
    port: Annotated[int, Field(ge=1, le=65535)] | None = Field(None, description="8883, or 443 over WebSocket")
    payload: dict[str, JsonValue] | None = Field(None, description="what an allocation of your own is told")

    @field_validator("group_key")
    @classmethod
    def _is_the_only_one(cls, group_key: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if group_key is not None and info.data.get("key") is not None:
            raise PydanticCustomError("two_keys", "an enrollment has either a key or a group_key")
        return group_key
