"""Reading certificates: whose, from whom, until when; and a word in time before one of ours expires."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from gateway.adapter import Advice

if TYPE_CHECKING:
    from cryptography import x509

    from gateway.endpoints.reach.settings import EndpointTls

WARN_DAYS = 30
"""How long before its end a certificate is spoken of: time to have a new one signed and brought to the site."""

MAX_NAMES = 8
"""Of a server's certificate, in a sentence; some have a hundred."""


class Certificate(Struct, frozen=True):
    """What people and registries know a certificate by. Fingerprints are upper-case hexadecimal digits, as Azure's."""

    subject: str
    issuer: str
    sha1: str
    sha256: str
    not_before: dt.datetime
    not_after: dt.datetime
    names: tuple[str, ...] = ()


def read_certificates(path: Path) -> list[Certificate]:
    """Those in a PEM file; ours comes first, then those that sign it. Raises OSError with a sentence."""
    from cryptography import x509  # noqa: PLC0415 -- costs 60 ms, and few need it

    try:
        found = x509.load_pem_x509_certificates(path.read_bytes())
        return [_certificate(each) for each in found]
    except (ValueError, x509.InvalidVersion) as error:
        raise OSError(f"{path} holds no certificate that can be read: {error}") from None
    except OSError as error:
        raise OSError(f"{path} can't be read: {error.strerror}") from None


def certificate_of(der: bytes) -> Certificate:
    """From its bytes as they go over the wire. Raises ValueError."""
    from cryptography import x509  # noqa: PLC0415 -- as above

    try:
        return _certificate(x509.load_der_x509_certificate(der))
    except x509.InvalidVersion as error:
        raise ValueError(str(error)) from None


def described(tls: EndpointTls) -> dict[str, str]:
    """Our certificate by field, for people and for the registry of the far end; or why it can't be read."""
    if tls.cert is None:
        return {}
    try:
        ours = read_certificates(tls.cert)[0]
    except OSError as error:
        return {"certificate": str(error)}
    return {
        "certificate": ours.subject,
        "issued by": ours.issuer,
        "sha1": ours.sha1,
        "sha256": ours.sha256,
        "expires": f"{ours.not_after:%Y-%m-%d %H:%M} UTC",
    }


def certificate_advice(tls: EndpointTls, now: dt.datetime | None = None) -> Iterable[Advice]:
    """What will soon end a connection, or already keeps it from beginning. Reads files, so off the loop."""
    if tls.ca is None and tls.cert is None:
        return
    now = now or dt.datetime.now(dt.UTC)
    try:
        tls.context()
    except OSError as error:
        yield Advice("certificate", str(error), ("tls",))
        return
    if tls.cert is not None:
        yield from _ends(tls.cert, read_certificates(tls.cert)[0], "cert", now)
    if tls.ca is not None:
        longest = max(read_certificates(tls.ca), key=lambda each: each.not_after)
        yield from _ends(tls.ca, longest, "ca", now)


def _ends(path: Path, certificate: Certificate, field: str, now: dt.datetime) -> Iterable[Advice]:
    left, day = certificate.not_after - now, f"{certificate.not_after:%Y-%m-%d}"
    whose = f"the certificate in {path} ({certificate.subject})"
    if field == "cert":
        lost, renew = "no far end takes it", "put a new one and its key in place"
    else:
        lost, renew = "nobody can be trusted for it", "ask the far end for the one that takes its place"
    if left <= dt.timedelta(0):
        text = f"{whose} has expired on {day}: {lost} - {renew}"
    elif left <= dt.timedelta(days=WARN_DAYS):
        text = f"{whose} expires in {left.days} days, on {day} - {renew}"
    elif certificate.not_before > now:
        text = f"{whose} is valid only from {certificate.not_before:%Y-%m-%d} on - is the clock right?"
    else:
        return
    yield Advice("expiry", text, ("tls", field))


def _certificate(each: x509.Certificate) -> Certificate:
    from cryptography.hazmat.primitives.serialization import Encoding  # noqa: PLC0415 -- as above

    der = each.public_bytes(Encoding.DER)
    return Certificate(
        subject=each.subject.rfc4514_string() or "without a name",
        issuer=each.issuer.rfc4514_string(),
        sha1=hashlib.sha1(der, usedforsecurity=False).hexdigest().upper(),
        sha256=hashlib.sha256(der).hexdigest().upper(),
        not_before=each.not_valid_before_utc,
        not_after=each.not_valid_after_utc,
        names=_names(each),
    )


def _names(each: x509.Certificate) -> tuple[str, ...]:
    """The hosts and addresses that it is for (RFC 5280, 4.2.1.6)."""
    from cryptography import x509  # noqa: PLC0415 -- as above

    try:
        alternative = each.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, x509.DuplicateExtension, ValueError):
        return ()
    hosts = alternative.get_values_for_type(x509.DNSName)
    return (*hosts, *(str(address) for address in alternative.get_values_for_type(x509.IPAddress)))
