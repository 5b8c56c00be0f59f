import pytest

from adapters.serial.config.octets import parse_octets


@pytest.mark.parametrize(
    ("given", "data"),
    [
        ("\r\n", b"\r\n"),
        ("\x02", b"\x02"),
        ("\xff", b"\xff"),
        ({"hex": "AA 55"}, b"\xaa\x55"),
        ({"hex": "aa55"}, b"\xaa\x55"),
    ],
)
def test_bytes_are_text_with_escapes_or_hex_digits(given: object, data: bytes) -> None:
    assert parse_octets(given) == data


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (r"\r\n", r'a backslash means something in double quotes only: write "\\r\\n", not'),
        (r"a\x0D", "would be sent as it stands"),
        ({"hex": "A"}, "two digits 0-9 A-F for each byte"),
        ({"hex": "0G"}, "two digits 0-9 A-F for each byte"),
        ("20 €", "is no single byte: write its bytes as {hex: ...}"),
        (17, "must be text like"),
        ({"hexx": "AA"}, "must be text like"),
    ],
)
def test_what_is_no_bytes_says_what_to_write(given: object, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        parse_octets(given)
