from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from adapters.serial.config import Framing
from gateway.template.octets import parse_octets


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


@pytest.mark.parametrize(
    ("framing", "sentence"),
    [
        ({"type": "line", "terminator": "CR"}, r'CR would be these letters: write "\r", or {hex: "43 52"}'),
        ({"type": "line", "terminator": "CRLF"}, r'write "\r\n"'),
        ({"type": "line", "terminator": ["CR LF", "\n"]}, r'write "\r\n"'),
        ({"type": "start-end", "start": "<STX>", "end": "\x03"}, r'write "\x02"'),
        ({"type": "escaped", "end": "DLE ETX"}, r'write "\x10\x03"'),
    ],
)
def test_the_name_of_a_control_character_is_not_taken_for_itself(framing: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValidationError) as raised:
        TypeAdapter(Framing).validate_python(framing)
    assert sentence in str(raised.value)


def test_letters_that_are_no_such_name_are_a_terminator() -> None:
    framing: Any = TypeAdapter(Framing).validate_python({"type": "line", "terminator": "END"})
    assert framing.terminator == (b"END",)
    framing = TypeAdapter(Framing).validate_python({"type": "line", "terminator": {"hex": "43 52"}})
    assert framing.terminator == (b"CR",)
