"""What is read from certificates, and when one is warned of."""

import datetime as dt
import ssl
from pathlib import Path
from typing import Any

import pytest

from gateway.endpoints.reach import EndpointTls, certificate_advice, described
from gateway.endpoints.reach.certificates import certificate_of, read_certificates
from tests.support.authority import Authority

SECOND = dt.timedelta(seconds=1)
SUBJECT_KEY_ID, AUTHORITY_KEY_ID = bytes.fromhex("0603551d0e"), bytes.fromhex("0603551d23")
VERSION_3, VERSION_9 = bytes.fromhex("a003020102"), bytes.fromhex("a003020108")
"""As they stand in a certificate (RFC 5280, 4.1 and 4.2.1)."""


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


def tls_of(**settings: Any) -> EndpointTls:
    return EndpointTls.model_validate(settings)


def test_it_is_known_by_subject_issuer_and_fingerprints(authority: Authority) -> None:
    cert, key = authority.issue("boiler-house")
    der = ssl.PEM_cert_to_DER_cert(cert.read_text())
    read = certificate_of(der)
    assert read == read_certificates(cert)[0]
    told = described(tls_of(cert=cert, key=key))
    assert (told["certificate"], told["issued by"]) == ("CN=boiler-house", "CN=Test CA")
    assert (len(told["sha1"]), len(told["sha256"])) == (40, 64)
    assert told["sha256"].isupper()
    assert described(tls_of()) == {}


def test_a_server_s_names_are_read(authority: Authority) -> None:
    cert, _ = authority.issue("server", server=True, names=("a.example", "10.0.0.1"))
    assert read_certificates(cert)[0].names == ("a.example", "10.0.0.1")


def test_what_a_stranger_shows_is_read_as_far_as_it_can_be(authority: Authority) -> None:
    cert, _ = authority.issue("broker", server=True)
    der = ssl.PEM_cert_to_DER_cert(cert.read_text())
    twice = der.replace(AUTHORITY_KEY_ID, SUBJECT_KEY_ID)
    assert (certificate_of(twice).subject, certificate_of(twice).names) == ("CN=broker", ())
    with pytest.raises(ValueError, match="version"):
        certificate_of(der.replace(VERSION_3, VERSION_9))


def test_an_end_is_warned_of_thirty_days_ahead_and_not_a_second_earlier(authority: Authority) -> None:
    cert, key = authority.issue("gateway", days=90)
    tls, end = tls_of(cert=cert, key=key), read_certificates(cert)[0].not_after
    early = end - dt.timedelta(days=30) - SECOND
    assert list(certificate_advice(tls, early)) == []
    (advice,) = certificate_advice(tls, early + SECOND)
    assert (advice.kind, advice.path) == ("expiry", ("tls", "cert"))
    assert f"expires in 30 days, on {end:%Y-%m-%d}" in advice.text
    assert str(cert) in advice.text


def test_what_has_expired_is_said_in_stronger_words(authority: Authority) -> None:
    cert, key = authority.issue("gateway")
    tls, end = tls_of(cert=cert, key=key), read_certificates(cert)[0].not_after
    assert ["expires in 0 days" in each.text for each in certificate_advice(tls, end - SECOND)] == [True]
    assert ["has expired on" in each.text for each in certificate_advice(tls, end)] == [True]


def test_a_certificate_of_tomorrow_is_spoken_of(authority: Authority) -> None:
    cert, key = authority.issue("gateway", starts_in_days=1)
    (advice,) = certificate_advice(tls_of(cert=cert, key=key))
    assert "is the clock right?" in advice.text


def test_a_bundle_of_authorities_is_warned_of_when_its_last_ends(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("old", "new")]
    for folder in folders:
        folder.mkdir()
    old, new = Authority(folders[0], days=3), Authority(folders[1])
    assert [each.path for each in certificate_advice(tls_of(ca=old.ca))] == [("tls", "ca")]
    both = tmp_path / "both.pem"
    both.write_text(old.ca.read_text() + new.ca.read_text())
    assert list(certificate_advice(tls_of(ca=both))) == []


def test_one_file_may_hold_certificate_and_key_in_any_order(authority: Authority) -> None:
    cert, key = authority.issue("gateway")
    for number, parts in enumerate([(cert, key), (key, cert)]):
        both = authority.folder / f"both-{number}.pem"
        both.write_text("".join(part.read_text() for part in parts))
        assert list(certificate_advice(tls_of(cert=both))) == []
        assert described(tls_of(cert=both))["certificate"] == "CN=gateway"


def test_an_encrypted_key_is_opened_by_its_password(authority: Authority) -> None:
    cert, key = authority.issue("gateway", key_password="open sesame")
    assert list(certificate_advice(tls_of(cert=cert, key=key, key_password="open sesame"))) == []


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda folder: {"key": Authority(folder).issue("other")[1]}, "is not the one of the certificate"),
        (lambda folder: {"key": Authority(folder).issue("g", key_password="x")[1]}, "is encrypted: give tls: key_pass"),
        (
            lambda folder: {"key": Authority(folder).issue("g", key_password="x")[1], "key_password": "y"},
            "key_password does not open",
        ),
        (lambda folder: {"key": folder / "gateway.pem"}, "holds no private key"),
        (lambda folder: {"cert": folder / "gateway.key"}, "holds no certificate"),
        (lambda folder: {"ca": folder / "gateway.key"}, "holds no certificate"),
        (lambda folder: {"ca": folder / "nowhere.pem"}, "can't be read: No such file"),
        (lambda folder: {"cert": folder / "nowhere.pem"}, "can't be read: No such file"),
    ],
)
def test_what_can_t_be_used_is_said_in_words(authority: Authority, spoil: Any, words: str) -> None:
    cert, key = authority.issue("gateway")
    (advice,) = certificate_advice(tls_of(**{"cert": cert, "key": key, **spoil(authority.folder)}))
    assert (advice.kind, advice.path) == ("certificate", ("tls",))
    assert words in advice.text
