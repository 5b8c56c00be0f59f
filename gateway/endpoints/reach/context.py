"""Files and settings into a TLS context; what is wrong with a file is said in words."""

from __future__ import annotations

import ssl
from collections.abc import Sequence
from pathlib import Path

MIN_VERSIONS = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}
"""By what the configuration says; 1.0 and 1.1 are no longer to be used (RFC 8996)."""

PRIVATE_KEY = b"PRIVATE KEY-----"
"""How the line before a key ends in a PEM file (RFC 7468, 10 and 11; others write EC or RSA before it)."""


def client_context(
    *,
    ca: Path | None,
    cert: Path | None,
    key: Path | None,
    key_password: str | None = None,
    alpn: Sequence[str] | None = None,
    min_version: str = "1.2",
) -> ssl.SSLContext:
    """For a client that verifies whom it speaks to. Reads files: call it off the loop. Raises OSError with a sentence.

    `key` may be missing where `cert` holds it too. Without `ca` the system's trust store counts.
    """
    context = _trusting(ca)
    context.minimum_version = MIN_VERSIONS[min_version]
    if cert is not None:
        _show(context, cert, key, key_password)
    if alpn:
        context.set_alpn_protocols(list(alpn))
    return context


def holds_key(path: Path) -> bool:
    """Whether a PEM file has a private key in it. Raises OSError."""
    return PRIVATE_KEY in path.read_bytes()


def _trusting(ca: Path | None) -> ssl.SSLContext:
    if ca is None:
        return ssl.create_default_context()
    _must_be_readable(ca)
    try:
        return ssl.create_default_context(cafile=ca)
    except ssl.SSLError:
        raise OSError(f"{ca} holds no certificate in PEM: give as ca the certificate of who signed theirs") from None


def _show(context: ssl.SSLContext, cert: Path, key: Path | None, key_password: str | None) -> None:
    """Have the context show our certificate when it is asked for one."""
    for path in (cert, *([key] if key is not None else [])):
        _must_be_readable(path)
    asked = False

    def password() -> str:
        nonlocal asked
        asked = True
        return key_password or ""

    try:
        context.load_cert_chain(cert, key, password)
    except (ssl.SSLError, ValueError) as error:
        raise OSError(_why(error, cert, key or cert, asked=asked, has_password=key_password is not None)) from None


def _why(error: Exception, cert: Path, key: Path, *, asked: bool, has_password: bool) -> str:
    reason = getattr(error, "reason", "")
    if reason == "KEY_VALUES_MISMATCH":
        return f"the key in {key} is not the one of the certificate in {cert}: give the key it was made with"
    if asked and has_password:
        return f"tls: key_password does not open the key in {key}"
    if asked:
        return f"the key in {key} is encrypted: give tls: key_password, as ${{secret:NAME}}"
    if b"BEGIN CERTIFICATE" not in cert.read_bytes():
        return f"{cert} holds no certificate in PEM"
    if not holds_key(key):
        return f"{key} holds no private key in PEM"
    return f"{cert} and {key} can't be used: {reason or error}"


def _must_be_readable(path: Path) -> None:
    try:
        with path.open("rb"):
            pass
    except OSError as error:
        raise OSError(f"{path} can't be read: {error.strerror}") from None
