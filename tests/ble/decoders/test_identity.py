from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.ble.decoders.identity import address_hash, resolves

KEY = bytes.fromhex("ec0234a357c8ad05341010a60a397d9b")


def test_the_sample_data_of_the_core_specification() -> None:
    """Core Specification 6.0, Vol 3, Part H, D.7."""
    assert address_hash(KEY, bytes.fromhex("708194")).hex() == "0dfbaa"


def test_an_address_that_the_key_made_resolves() -> None:
    assert resolves(KEY, "70:81:94:0D:FB:AA")


@pytest.mark.parametrize("address", ["70:81:94:0D:FB:AB", "70:81:95:0D:FB:AA"])
def test_another_address_does_not(address: str) -> None:
    assert not resolves(KEY, address)


def test_another_key_does_not_resolve_it() -> None:
    assert not resolves(bytes(16), "70:81:94:0D:FB:AA")


@given(st.binary(min_size=16, max_size=16), st.binary(min_size=3, max_size=3))
def test_only_addresses_with_the_bits_of_resolvable_ones_resolve(key: bytes, random: bytes) -> None:
    address = ":".join(f"{byte:02X}" for byte in random + address_hash(key, random))
    assert resolves(key, address) is (random[0] >> 6 == 1)
