from __future__ import annotations

import subprocess
import sys

from adapters.ble.decoders.crypto import block_cipher, opener


def test_the_example_of_aes_ccm() -> None:
    """NIST Special Publication 800-38C, example 1."""
    open_ = opener(bytes.fromhex("404142434445464748494a4b4c4d4e4f"))
    nonce, header = bytes.fromhex("10111213141516"), bytes.fromhex("0001020304050607")
    assert open_(nonce, bytes.fromhex("7162015b"), bytes.fromhex("4dac255d"), header) == bytes.fromhex("20212223")


def test_the_example_of_aes() -> None:
    """FIPS 197, C.1."""
    encrypt = block_cipher(bytes.fromhex("000102030405060708090a0b0c0d0e0f"))
    assert encrypt(bytes.fromhex("00112233445566778899aabbccddeeff")).hex() == "69c4e0d86a7b0430d8cdb78070b4c55a"


def test_decoders_are_imported_without_the_extra() -> None:
    names = ["atc", "bthome", "crypto", "eddystone", "ibeacon", "identity", "lost", "ruuvi"]
    imports = "; ".join(f"import adapters.ble.decoders.{name}" for name in names)
    program = f"import sys; sys.modules['Cryptodome'] = None; {imports}"
    subprocess.run([sys.executable, "-c", program], check=True)
