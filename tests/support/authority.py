"""A certificate authority in a folder: what TLS tests need, made in milliseconds (EC keys, no openssl process)."""

import datetime as dt
import ipaddress
import ssl
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

CA_DAYS = 3650

LOOPBACK = ("localhost", "127.0.0.1", "::1")
"""What a server of this machine's is called."""


class Authority:
    """Signs certificates; `ca` is the file to trust. `folder` must exist; two authorities need two folders.

    With `days` below zero it has expired itself.
    """

    def __init__(self, folder: Path, name: str = "Test CA", days: float = CA_DAYS) -> None:
        self.folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        extensions: list[x509.ExtensionType] = [x509.BasicConstraints(ca=True, path_length=None), _usage(ca=True)]
        self._certificate = self._sign(self._name, self._key.public_key(), days, 0.0, extensions)
        self.ca = folder / "ca.pem"
        self.ca.write_bytes(self._certificate.public_bytes(serialization.Encoding.PEM))

    def issue(
        self,
        name: str,
        days: float = 90,
        *,
        server: bool = False,
        names: tuple[str, ...] = LOOPBACK,
        starts_in_days: float = 0.0,
        key_password: str | None = None,
        stem: str | None = None,
    ) -> tuple[Path, Path]:
        """Certificate and key as PEM files, for a client, or a server at `names` (hosts or addresses).

        They stand in `STEM.pem` and `STEM.key`, by default after `name`: issuing again replaces them. With `days` below
        zero the certificate has expired; with `starts_in_days` it is not valid yet.
        """
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        purpose = ExtendedKeyUsageOID.SERVER_AUTH if server else ExtendedKeyUsageOID.CLIENT_AUTH
        extensions: list[x509.ExtensionType] = [
            x509.BasicConstraints(ca=False, path_length=None),
            _usage(ca=False),
            x509.ExtendedKeyUsage([purpose]),
            *([x509.SubjectAlternativeName([_alternative(each) for each in names])] if server else []),
        ]
        certificate = self._sign(subject, key.public_key(), days, starts_in_days, extensions)
        encryption: serialization.KeySerializationEncryption = serialization.NoEncryption()
        if key_password is not None:
            encryption = serialization.BestAvailableEncryption(key_password.encode())
        cert_file, key_file = self.folder / f"{stem or name}.pem", self.folder / f"{stem or name}.key"
        cert_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        key_file.touch(mode=0o600)
        key_file.write_bytes(
            key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)
        )
        return cert_file, key_file

    def server_context(
        self,
        *,
        require_client: bool = False,
        days: float = 90,
        names: tuple[str, ...] = LOOPBACK,
        starts_in_days: float = 0.0,
    ) -> ssl.SSLContext:
        """For a server of this machine's; with `require_client` only clients of this authority get in."""
        cert, key = self.issue("server", days, server=True, names=names, starts_in_days=starts_in_days)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(cert, key)
        if require_client:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(self.ca)
        return context

    def _sign(
        self,
        subject: x509.Name,
        public_key: ec.EllipticCurvePublicKey,
        days: float,
        starts_in_days: float,
        extensions: list[x509.ExtensionType],
    ) -> x509.Certificate:
        now = dt.datetime.now(dt.UTC)
        end = now + dt.timedelta(days=days)
        start = min(now - dt.timedelta(days=1), end - dt.timedelta(days=30))
        if starts_in_days:
            start = now + dt.timedelta(days=starts_in_days)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(public_key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(start)
            .not_valid_after(end)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False)
        )
        for extension in extensions:
            builder = builder.add_extension(extension, critical=isinstance(extension, x509.BasicConstraints))
        return builder.sign(self._key, hashes.SHA256())


def _usage(*, ca: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=ca,
        crl_sign=ca,
        encipher_only=False,
        decipher_only=False,
    )


def _alternative(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
