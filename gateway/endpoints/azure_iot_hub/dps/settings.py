"""Where and as whom to register."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, JsonValue, SecretStr, ValidationInfo, WithJsonSchema, field_validator
from pydantic_core import PydanticCustomError

from gateway.adapter import StrictModel
from gateway.endpoints.azure_iot_hub.hubid import checked_host, checked_key
from gateway.endpoints.values import spelt, taken_by

MAX_ID_CHARACTERS = 128
"""Of a registration id, as of a device id."""


ID_SCOPE = r"^[A-Za-z0-9]{1,64}$"

REGISTRATION_ID = r"^[a-z0-9]([a-z0-9._:-]*[a-z0-9])?$"

GLOBAL_HOST = "global.azure-devices-provisioning.net"


SymmetricKey = Annotated[SecretStr, taken_by(checked_key, "symmetric_key")]


def _service(host: str) -> None:
    try:
        checked_host(host)
    except ValueError:
        example = f"such as {GLOBAL_HOST}"
        raise ValueError(f"a provisioning service is named by its full host name alone, {example}") from None


IdScope = Annotated[
    str,
    spelt(ID_SCOPE, "hub_name", "an id scope is letters and figures, such as 0ne00000000: the portal shows it"),
    WithJsonSchema({"type": "string", "pattern": ID_SCOPE}),
]

RegistrationId = Annotated[
    str,
    Field(max_length=MAX_ID_CHARACTERS),
    spelt(
        REGISTRATION_ID,
        "hub_name",
        "a registration id is a-z 0-9 and - . _ : in small letters, with a letter or figure at both ends",
    ),
    WithJsonSchema({"type": "string", "pattern": REGISTRATION_ID, "maxLength": MAX_ID_CHARACTERS}),
]


class DpsConfig(StrictModel):
    """The provisioning service, and what it knows this gateway as.

    Without `key` and `group_key` the client certificate of `tls` says who we are: its common name is `registration_id`.
    """

    id_scope: IdScope = Field(examples=["0ne00000000"])
    registration_id: RegistrationId
    key: SymmetricKey | None = Field(None, description="of an individual enrollment; write ${secret:NAME}")
    group_key: SymmetricKey | None = Field(
        None, description="of an enrollment group; this gateway's own is derived from it; write ${secret:NAME}"
    )
    host: Annotated[str, taken_by(_service, "hub_name")] = GLOBAL_HOST
    port: Annotated[int, Field(ge=1, le=65535)] | None = Field(None, description="8883, or 443 over WebSocket")
    payload: dict[str, JsonValue] | None = Field(None, description="what an allocation of your own is told")

    @field_validator("group_key")
    @classmethod
    def _is_the_only_one(cls, group_key: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if group_key is not None and info.data.get("key") is not None:
            raise PydanticCustomError("two_keys", "an enrollment has either a key or a group_key")
        return group_key
