"""As whom the hub knows this gateway, and by what. Pure; no sentence shows what may be a key."""

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

HOST = re.compile(r"(?!-)[A-Za-z0-9-]{1,63}(?<!-)(\.(?!-)[A-Za-z0-9-]{1,63}(?<!-))*")
"""A name, of whatever cloud; figures and dots alone are an address, under which no hub's certificate is."""

MAX_HOST_CHARACTERS = 253
"""Of a name in DNS (RFC 1035, 2.3.4)."""

ID = re.compile(r"[A-Za-z0-9\-:.+%_#*?!(),=@;$'/]{1,128}")
"""What a hub allows of device and module ids, and the slash between the two."""

UNUSABLE = frozenset("+#/")
"""Wildcards and levels of a topic."""

FIELDS = {
    "hostname": "HostName",
    "deviceid": "DeviceId",
    "moduleid": "ModuleId",
    "sharedaccesskey": "SharedAccessKey",
    "x509": "x509",
    "sharedaccesskeyname": "SharedAccessKeyName",
    "gatewayhostname": "GatewayHostName",
}
"""Of connection strings, as the portal spells them."""

FOREIGN = {
    "sharedaccesskeyname": "this one is of a policy and opens the whole hub - the device's own is on the device's page",
    "gatewayhostname": "it is for a child of an IoT Edge device (GatewayHostName), which this gateway is not",
}
"""What a device's own has not, and why it is refused."""


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
    """Of a connection string; raises ValueError with a sentence."""
    fields = _fields(text)
    missing = next((FIELDS[name] for name in ("hostname", "deviceid") if not fields.get(name)), None)
    if missing is not None:
        raise ValueError(f"the connection string has no {missing} - copy it whole: {_example()}")
    key = _key(fields)
    module = fields.get("moduleid")
    return HubIdentity(
        checked_host(fields["hostname"]),
        checked_id(fields["deviceid"]),
        checked_id(module, "a module id") if module is not None else None,
        () if key is None else (key,),
    )


def checked_host(host: str) -> str:
    """Raises ValueError."""
    if not HOST.fullmatch(host) or len(host) > MAX_HOST_CHARACTERS or not set(host) - set("0123456789."):
        raise ValueError("a hub is named by its full host name alone, such as mill.azure-devices.net")
    return host


def checked_id(name: str, what: str = "a device id") -> str:
    """Raises ValueError."""
    if not ID.fullmatch(name):
        raise ValueError(f"{what} has 1 to 128 of A-Z a-z 0-9 and - : . % _ * ? ! ( ) , = @ ; $ '")
    unusable = next((each for each in name if each in UNUSABLE), None)
    if unusable is not None:
        raise ValueError(f"{what} with {unusable} in it can't go over MQTT - register the gateway under another one")
    return name


def checked_key(key: str) -> str:
    """Raises ValueError."""
    try:
        decoded = base64.b64decode(key, validate=True)
    except (binascii.Error, ValueError):
        decoded = b""
    if not decoded:
        raise ValueError("the key is not base64 - was it cut off when it was copied from the portal?")
    return key


def _fields(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for part in filter(None, (each.strip() for each in text.split(";"))):
        spelt, sign, value = part.partition("=")
        name = spelt.strip().lower()
        if not sign or name not in FIELDS:
            raise ValueError(f"not a device's connection string: {_example()}")
        if name in found:
            raise ValueError(f"{FIELDS[name]} stands in the connection string twice")
        found[name] = value.strip()
    foreign = next((name for name in FOREIGN if name in found), None)
    if foreign is not None:
        raise ValueError(FOREIGN[foreign])
    return found


def _key(fields: dict[str, str]) -> str | None:
    """None where a certificate opens."""
    key, says = fields.get("sharedaccesskey"), fields.get("x509", "false").lower()
    if says not in ("true", "false"):
        raise ValueError("in the connection string, x509 is true or false")
    if (key is None) is not (says == "true"):
        raise ValueError("the connection string needs either SharedAccessKey=..., or x509=true with tls: {cert, key}")
    return None if key is None else checked_key(key)


def _example() -> str:
    return "HostName=...;DeviceId=...;SharedAccessKey=..."
