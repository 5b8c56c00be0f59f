"""Tokens: as the contract sheet has them (section 3), and as another implementation makes and reads them."""

import base64
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.endpoints.azure_iot_hub import sas
from tests.support.iothub import access

KEY = "8isrFI1sGsIlvvFSSFRiMfCNzv21fjbE/+ah/lSh3lF8e2YG1Te7w1KpZhJFFXJrqYKi9yegxkqIChbqOS9Egw=="

RESOURCES = st.from_regex(r"[a-z]{1,20}\.[a-z-]{1,20}/devices/[A-Za-z0-9\-:.%_*?!(),=@;$']{1,128}", fullmatch=True)
KEYS = st.binary(min_size=1, max_size=64).map(lambda raw: base64.b64encode(raw).decode())


def test_a_token_is_what_openssl_makes_of_the_same() -> None:
    """printf '{encoded uri}\\n{se}' | openssl dgst -sha256 -mac HMAC -macopt hexkey:... -binary | base64"""
    assert sas.token("mill.azure-devices.net/devices/Mill-3:$x", KEY, 1_800_000_000) == (
        "SharedAccessSignature sr=mill.azure-devices.net%2Fdevices%2FMill-3%3A%24x"
        "&sig=rF3qSVFJKhJxkKTfg3GNxt3yjW6QRdx45zrPNAH7CW4%3D&se=1800000000"
    )


@given(RESOURCES, KEYS, st.integers(0, 2**40), st.sampled_from([None, "device", "a policy/&="]))
def test_whoever_knows_the_key_finds_it_signed_and_nobody_else(
    resource: str, key: str, ends_s: int, policy: str | None
) -> None:
    told = access.token(sas.token(resource, key, ends_s, policy))
    assert (told.resource, told.ends_s) == (resource, ends_s)
    assert told.policy is None if policy is None else unquote(told.policy or "") == policy
    assert told.is_signed_with([key])
    assert not told.is_signed_with([base64.b64encode(base64.b64decode(key) + b"x").decode()])


@pytest.mark.parametrize("character", "+/=")
def test_what_base64_has_beside_letters_is_encoded_in_the_signature(character: str) -> None:
    tokens = [sas.token("h/devices/d", KEY, ends_s) for ends_s in range(200)]
    assert any(f"%{ord(character):02X}" in token.partition("&sig=")[2] for token in tokens)
    assert not any(character in token.partition("&sig=")[2].partition("&se=")[0] for token in tokens)
