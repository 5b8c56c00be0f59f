"""Who may connect: user names, SAS tokens, certificates (contract sheet, sections 2 to 4 and 11). Pure."""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Iterable
from typing import NamedTuple
from urllib.parse import quote, unquote

from cryptography import x509
from cryptography.x509.oid import NameOID

API_VERSIONS = ("2018-06-30", "2019-10-01", "2020-09-30", "2021-04-12")
"""Those that the documentation and the SDKs name."""

DEVICE_ID = re.compile(r"[A-Za-z0-9\-:.%_*?!(),=@;$']{1,128}")
"""All that an id may have less what can't be used over MQTT: + # /."""

USERNAME = re.compile(r"(?P<host>[^/]+)/(?P<device>[^/]+(/[^/?]+)?)/\?(?P<query>[^/? :]+)")

TOKEN = re.compile(r"SharedAccessSignature (?P<fields>[^\s]+)")

URL_ENCODED = re.compile(r"(?:[A-Za-z0-9._~-]|%[0-9A-Fa-f]{2})+")


class Refused(Exception):
    """Why somebody may not connect; `code` is that of the CONNACK (contract sheet, section 2)."""

    def __init__(self, why: str, code: int = 5) -> None:
        super().__init__(why)
        self.code = code


class Username(NamedTuple):
    """`{hub host}/{device}/?api-version=...`, or with `{device}/{module}`."""

    host: str
    device: str
    query: dict[str, str]


def username(text: str | None) -> Username:
    """Raises Refused with code 4 where it is malformed."""
    match = USERNAME.fullmatch(text or "")
    if match is None:
        raise Refused(f"the user name {text!r} is not HOST/DEVICE/?api-version=...", 4)
    query = dict[str, str]()
    for part in match["query"].split("&"):
        name, is_assigned, value = part.partition("=")
        if not is_assigned or not URL_ENCODED.fullmatch(name) or not URL_ENCODED.fullmatch(value):
            raise Refused(f"{part!r} of the user name is not NAME=VALUE, both URL-encoded", 4)
        query[unquote(name)] = unquote(value)
    if query.get("api-version") not in API_VERSIONS:
        raise Refused(f"the user name names no api-version of {', '.join(API_VERSIONS)}: {text!r}", 4)
    return Username(match["host"], match["device"], query)


class Token(NamedTuple):
    """A shared access signature. `uri` is the resource as it was sent, URL-encoded."""

    uri: str
    signature: bytes
    ends_s: int
    policy: str | None

    @property
    def resource(self) -> str:
        return unquote(self.uri)

    def is_signed_with(self, keys: Iterable[str]) -> bool:
        """Whether one of these keys, base64, has made it."""
        said = f"{self.uri}\n{self.ends_s}".encode()
        return any(
            hmac.compare_digest(hmac.new(base64.b64decode(key), said, hashlib.sha256).digest(), self.signature)
            for key in keys
        )


def token(text: str | None) -> Token:
    """Raises Refused."""
    match = TOKEN.fullmatch(text or "")
    if match is None:
        raise Refused("the password is no SharedAccessSignature")
    fields = dict[str, str]()
    for part in match["fields"].split("&"):
        name, is_assigned, value = part.partition("=")
        if not is_assigned or name in fields or name not in ("sr", "sig", "se", "skn"):
            raise Refused(f"the token has a field that it must not have: {name}")
        if not URL_ENCODED.fullmatch(value):
            raise Refused(f"{name} of the token is not URL-encoded")
        fields[name] = value
    if not {"sr", "sig", "se"} <= set(fields):
        raise Refused("the token lacks sr, sig or se")
    if not fields["se"].isdecimal():
        raise Refused("the token's end is not in whole seconds")
    try:
        signature = base64.b64decode(unquote(fields["sig"]), validate=True)
    except binascii.Error:
        raise Refused("the token's signature is not base64") from None
    return Token(fields["sr"], signature, int(fields["se"]), fields.get("skn"))


def is_below(resource: str, opened: str) -> bool:
    """Whether what a token opens comprises a resource: by whole segments; hosts know no case."""
    wanted, held = resource.split("/"), opened.split("/")
    return held[0].lower() == wanted[0].lower() and held[1:] == wanted[1 : len(held)]


def common_name(certificate: bytes) -> str:
    """Of a certificate in DER."""
    names = x509.load_der_x509_certificate(certificate).subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(names[0].value) if names else ""


def thumbprints(certificate: bytes) -> set[str]:
    """SHA-1 and SHA-256 of a certificate in DER."""
    return {hashlib.sha1(certificate).hexdigest().upper(), hashlib.sha256(certificate).hexdigest().upper()}


def signed(resource: str, key: str, ends_s: int, policy: str | None = None) -> str:
    """A token as a client makes it, for tests of what accepts one."""
    uri = quote(resource, safe="")
    digest = hmac.new(base64.b64decode(key), f"{uri}\n{ends_s}".encode(), hashlib.sha256).digest()
    signature = quote(base64.b64encode(digest).decode(), safe="")
    skn = f"&skn={policy}" if policy else ""
    return f"SharedAccessSignature sr={uri}&sig={signature}&se={ends_s}{skn}"
