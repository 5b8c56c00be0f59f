"""As whom the hub knows this gateway, and by what. Pure."""

from __future__ import annotations

import base64
import binascii
import re
from urllib.parse import quote

from msgspec import Struct

from gateway.endpoints.azure_iot_hub import sas

API_VERSION = "2021-04-12"
"""What the hub is asked to speak; leaving it out could cause unexpected behaviour."""

AGENT = "fieldgate"

HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?")

ID = re.compile(r"[A-Za-z0-9\-:.%_*?!(),=@;$']{1,128}")
"""A device id, without those characters that a topic can't have: # and +."""

PARTS = {"hostname", "deviceid", "moduleid", "sharedaccesskey", "x509", "gatewayhostname"}


class HubIdentity(Struct, frozen=True):
    """`keys`: either opens the hub; none where a certificate does."""

    host: str
    device_id: str
    module_id: str | None = None
    keys: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"HubIdentity({self.client_id!r} at {self.host!r})"

    @property
    def client_id(self) -> str:
        """Of the MQTT connection."""
        return f"{self.device_id}/{self.module_id}" if self.module_id else self.device_id

    @property
    def username(self) -> str:
        """Host and ids stand as they are; only what follows the question mark is encoded."""
        return f"{self.host}/{self.client_id}/?api-version={API_VERSION}&DeviceClientType={quote(AGENT, safe='')}"

    @property
    def path(self) -> str:
        """Where its topics begin."""
        return f"devices/{self.device_id}" + (f"/modules/{self.module_id}" if self.module_id else "")

    def password(self, key: int, ends_s: int) -> str | None:
        """A token of the key of this number that holds until then; None where a certificate opens."""
        return sas.token(f"{self.host}/{self.path}", self.keys[key % len(self.keys)], ends_s) if self.keys else None


def identity_in(text: str) -> HubIdentity:
    """Of a connection string; raises ValueError with a sentence that shows nothing of it."""
    found: dict[str, str] = {}
    for part in filter(None, (each.strip() for each in text.split(";"))):
        name, sign, value = part.partition("=")
        if not sign or name.lower() not in PARTS:
            raise ValueError("not a device's connection string: HostName=...;DeviceId=...;SharedAccessKey=...")
        if name.lower() in found:
            raise ValueError(f"{name if name.lower() in PARTS else 'a part'} is given twice")
        found[name.lower()] = value
    for needed, spelt in (("hostname", "HostName"), ("deviceid", "DeviceId")):
        if not found.get(needed):
            hint = " - is it that of a policy? The device's own is on its page" if needed == "deviceid" else ""
            raise ValueError(f"the connection string has no {spelt}{hint}")
    is_x509 = found.get("x509", "false").lower() == "true"
    key = found.get("sharedaccesskey")
    if (key is None) is not is_x509:
        raise ValueError("the connection string needs SharedAccessKey=..., or x509=true with tls: {cert, key}")
    keys = (checked_key(key),) if key is not None else ()
    host, device_id = checked_host(found["hostname"]), checked_id(found["deviceid"])
    return HubIdentity(host, device_id, checked_id(found["moduleid"]) if "moduleid" in found else None, keys)


def checked_host(host: str) -> str:
    """Raises ValueError."""
    if not HOST.fullmatch(host):
        raise ValueError("the hub is named by its host alone, such as mill.azure-devices.net")
    return host


def checked_id(name: str) -> str:
    """Raises ValueError."""
    if not ID.fullmatch(name):
        raise ValueError("a device id has 1 to 128 of A-Z a-z 0-9 - . _ : and the like; # + / can't go over MQTT")
    return name


def checked_key(key: str) -> str:
    """Raises ValueError."""
    try:
        decoded = base64.b64decode(key, validate=True)
    except (binascii.Error, ValueError):
        decoded = b""
    if not decoded:
        raise ValueError("the key is not one in base64, as the portal shows it")
    return key
