from __future__ import annotations

import pytest

from adapters.serial.checksums import known, names, width_of
from adapters.serial.checksums.catalogue import ALGORITHMS, ALIASES

CHECK_TEXT = b"123456789"
CHECK_VALUES = {
    "crc-8/smbus": 0xF4,
    "crc-8/maxim-dow": 0xA1,
    "crc-8/autosar": 0xDF,
    "crc-8/sae-j1850": 0x4B,
    "crc-8/tech-3250": 0x97,
    "crc-8/i-432-1": 0xA1,
    "crc-16/arc": 0xBB3D,
    "crc-16/dnp": 0xEA82,
    "crc-16/en-13757": 0xC2B7,
    "crc-16/ibm-3740": 0x29B1,
    "crc-16/ibm-sdlc": 0x906E,
    "crc-16/kermit": 0x2189,
    "crc-16/maxim-dow": 0x44C2,
    "crc-16/modbus": 0x4B37,
    "crc-16/profibus": 0xA819,
    "crc-16/spi-fujitsu": 0xE5CC,
    "crc-16/umts": 0xFEE8,
    "crc-16/usb": 0xB4C8,
    "crc-16/xmodem": 0x31C3,
    "crc-32/bzip2": 0xFC891918,
    "crc-32/cksum": 0x765E7680,
    "crc-32/iscsi": 0xE3069283,
    "crc-32/iso-hdlc": 0xCBF43926,
    "crc-32/mpeg-2": 0x0376E6E7,
    "crc-64/xz": 0x995DC9BBDF1939FA,
    "adler-32": 0x091E01DE,
    "sum8": 0xDD,
    "sum16": 0x01DD,
    "xor8": 0x31,
    "twos-complement8": 0x23,
    "ones-complement8": 0x22,
    "twos-complement16": 0xFE23,
    "fletcher-16": 0x1EDE,
}
"""Of the text 123456789, as the catalogue of parametrised CRC algorithms and the definitions have them."""


@pytest.mark.parametrize("name", CHECK_VALUES)
def test_the_check_value_is_that_of_the_catalogue(name: str) -> None:
    assert ALGORITHMS[name].value(CHECK_TEXT) == CHECK_VALUES[name]


@pytest.mark.parametrize("name", names())
def test_every_name_is_known_by_itself_and_its_value_fits_its_width(name: str) -> None:
    assert known(name) == name
    for text in (b"", b"\x00", CHECK_TEXT, bytes(range(256)) * 3):
        assert 0 <= ALGORITHMS[name].value(text) < 1 << 8 * width_of(name)


@pytest.mark.parametrize("alias", ALIASES)
def test_every_other_name_leads_to_one_of_the_catalogue(alias: str) -> None:
    assert known(alias) in ALGORITHMS
    assert alias not in ALGORITHMS


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("modbus", "crc-16/modbus"),
        ("CRC16_MODBUS", "crc-16/modbus"),
        ("crc16-modbus", "crc-16/modbus"),
        ("crc-16/ccitt-false", "crc-16/ibm-3740"),
        ("CCITT-FALSE", "crc-16/ibm-3740"),
        ("xmodem", "crc-16/xmodem"),
        ("kermit", "crc-16/kermit"),
        ("x25", "crc-16/ibm-sdlc"),
        ("CRC-16/X-25", "crc-16/ibm-sdlc"),
        ("arc", "crc-16/arc"),
        ("crc-16/ibm", "crc-16/arc"),
        ("crc32", "crc-32/iso-hdlc"),
        ("CRC8", "crc-8/smbus"),
        ("dallas", "crc-8/maxim-dow"),
        ("BCC", "xor8"),
        ("LRC", "lrc"),
        ("ubx", "fletcher-16/256"),
    ],
)
def test_names_are_taken_as_manuals_print_them(written: str, name: str) -> None:
    assert known(written) == name


@pytest.mark.parametrize(
    ("written", "sentence"),
    [
        ("ccitt", "crc-16/ibm-3740 (begins with FFFF), crc-16/xmodem (begins with 0000)"),
        ("CRC-16/CCITT", "crc-16/kermit (reflected), as the manual has it"),
        ("crc16", "crc-16/modbus (begins with FFFF) or crc-16/arc"),
        ("maxim", "crc-8/maxim-dow or crc-16/maxim-dow, as the manual has it"),
        ("crc-16/mdbus", "did you mean crc-16/modbus"),
        ("snmea", "did you mean nmea"),
        ("rot13", "there are sum8, sum16, xor8"),
    ],
)
def test_what_is_unknown_or_means_several_is_refused_with_what_to_write(written: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=f'"{written}"') as caught:
        known(written)
    assert sentence in str(caught.value)
