"""Keys and tokens of device provisioning (DPS). Pure: the time is given."""

from __future__ import annotations

import base64
import hashlib
import hmac

from gateway.endpoints.azure_iot_hub import sas
from gateway.endpoints.azure_iot_hub.dps.settings import DpsConfig

POLICY = "registration"
"""The only one that DPS has for devices."""


def device_key(config: DpsConfig) -> str | None:
    """What opens DPS, and then the hub; None where a certificate does."""
    if config.group_key is not None:
        return derived(config.group_key.get_secret_value(), config.registration_id)
    return config.key.get_secret_value() if config.key is not None else None


def derived(group_key: str, registration_id: str) -> str:
    """A device's key in an enrollment group (DPS, symmetric key attestation)."""
    digest = hmac.new(base64.b64decode(group_key), registration_id.encode(), hashlib.sha256).digest()
    return base64.b64encode(digest).decode()


def token(config: DpsConfig, key: str, ends_s: int) -> str:
    """A shared access signature for one registration, until then."""
    return sas.token(f"{config.id_scope}/registrations/{config.registration_id}", key, ends_s, POLICY)
