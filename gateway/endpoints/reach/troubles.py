"""What goes wrong with TLS, in plain words, and what to do next."""

from __future__ import annotations

import datetime as dt
import ssl

from gateway.clock import kernel_is_synced
from gateway.endpoints.reach.certificates import MAX_NAMES, Certificate

ALERTS = {
    "CERTIFICATE_REQUIRED": "it wants a client certificate: give tls: cert and key",
    "UNKNOWN_CA": "it does not know who has signed our client certificate (tls: cert)",
    "BAD_CERTIFICATE": "it refuses our client certificate (tls: cert)",
    "CERTIFICATE_UNKNOWN": "it refuses our client certificate (tls: cert)",
    "UNSUPPORTED_CERTIFICATE": "it does not take client certificates of this kind (tls: cert)",
    "CERTIFICATE_EXPIRED": "it says that our client certificate has expired (tls: cert)",
    "CERTIFICATE_REVOKED": "it says that our client certificate was revoked (tls: cert)",
    "ACCESS_DENIED": "it knows our client certificate, and does not let it in",
    "DECRYPT_ERROR": "it could not verify what we signed: do tls: cert and key belong together?",
    "UNRECOGNIZED_NAME": "it knows no host of the name we ask for: give it as tls: server_name",
    "NO_APPLICATION_PROTOCOL": "it speaks none of the protocols in tls: alpn",
    "HANDSHAKE_FAILURE": "we have no way to encrypt in common, or it wants a client certificate (tls: cert and key)",
    "PROTOCOL_VERSION": "we have no version of TLS in common: 1.2 is the oldest spoken here (or tls: min_version)",
    "UNSUPPORTED_PROTOCOL": "we have no version of TLS in common: 1.2 is the oldest spoken here (or tls: min_version)",
}
"""By how OpenSSL's name of an alert (RFC 8446, 6.2) or of its own finding ends."""

NOT_TLS = ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "PACKET_LENGTH_TOO_LONG", "HTTP_REQUEST")
"""What OpenSSL finds in bytes that are not TLS."""

NO_TLS_THERE = "what answers there is not TLS: is it the port for mqtt:// or ws://?"

BROKEN_OFF = "it broke off the TLS handshake: is it a port without TLS (mqtt://, ws://), or does a firewall cut it?"

NOT_YET_VALID, EXPIRED, NAME, ADDRESS = 9, 10, 62, 64
UNKNOWN_ISSUERS = frozenset({2, 18, 19, 20, 21})
"""X509_V_ERR_* (x509_vfy.h)."""

TLS_ALERT = b"\x15\x03"
"""How a TLS server answers what is not TLS: an alert record (RFC 8446, 5.1). To MQTT it is no server's packet."""

WEB = b"HTTP/"


def about_tls(error: OSError) -> str:
    """Why TLS has failed, in the handshake or after it: with TLS 1.3 a server judges our certificate only then."""
    reason = (getattr(error, "reason", None) or "").upper()
    if reason.endswith(NOT_TLS):
        return NO_TLS_THERE
    for ending, sentence in ALERTS.items():
        if reason.endswith(ending):
            return sentence
    if isinstance(error, ConnectionError | ssl.SSLEOFError):
        return BROKEN_OFF
    return f"TLS failed: {error}"


def about_their_certificate(
    error: ssl.SSLCertVerificationError, name: str, shown: Certificate | None, *, has_ca: bool
) -> str:
    """Why we refuse the far end's certificate; `shown` is the one, if it could be had."""
    code = error.verify_code
    if code in (NAME, ADDRESS):
        names = ", ".join(shown.names[:MAX_NAMES]) if shown is not None else ""
        is_for = f": it is for {names}" if names else ""
        return f"the certificate there is not for {name}{is_for}; if that is the right place, give tls: server_name"
    if code in UNKNOWN_ISSUERS:
        by = f"by {shown.issuer}" if shown is not None else "by somebody"
        if has_ca:
            return f"the certificate there is signed {by}, and not by who stands in tls: ca"
        return f"the certificate there is signed {by}, whom this machine does not know: give tls: ca"
    if code == EXPIRED:
        day = f" on {shown.not_after:%Y-%m-%d}" if shown is not None else ""
        return f"the certificate there has expired{day}: it must be renewed there{_clock(always=False)}"
    if code == NOT_YET_VALID:
        day = f" before {shown.not_before:%Y-%m-%d}" if shown is not None else " yet"
        return f"the certificate there is not valid{day}{_clock(always=True)}"
    return f"the certificate there can't be trusted: {error.verify_message}"


def about_first_bytes(data: bytes) -> str | None:
    """Why what comes first on a connection without TLS is no MQTT; None if it may be."""
    if data.startswith(TLS_ALERT):
        return "this port speaks TLS: write mqtts:// or wss://"
    if data.startswith(WEB):
        return "a web server answers there, not a broker: for MQTT over WebSocket write ws:// or wss://"
    return None


def _clock(*, always: bool) -> str:
    """What is to be said of our own clock."""
    now = f"{dt.datetime.now(dt.UTC):%Y-%m-%d %H:%M} UTC"
    if not kernel_is_synced():
        return f"; or the clock here is wrong: it says {now}, and nothing sets it (see `timedatectl`)"
    return f"; the clock here says {now}: is it wrong?" if always else f" (the clock here says {now})"
