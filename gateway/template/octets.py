"""Bytes as people write them in YAML. Pure."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, PlainValidator, WithJsonSchema

_ESCAPE = re.compile(r"\\(?:[abtnvfre0\"/\\]|x[0-9A-Fa-f]{2})")
"""What YAML turns into a character in double quotes, and leaves alone in single ones (YAML 1.1, 5.7)."""

_CONTROLS = {
    "NUL": 0x00,
    "SOH": 0x01,
    "STX": 0x02,
    "ETX": 0x03,
    "EOT": 0x04,
    "ENQ": 0x05,
    "ACK": 0x06,
    "TAB": 0x09,
    "HT": 0x09,
    "LF": 0x0A,
    "NL": 0x0A,
    "CR": 0x0D,
    "DLE": 0x10,
    "XON": 0x11,
    "XOFF": 0x13,
    "NAK": 0x15,
    "SYN": 0x16,
    "ETB": 0x17,
    "ESC": 0x1B,
    "FS": 0x1C,
    "GS": 0x1D,
    "RS": 0x1E,
    "US": 0x1F,
}
"""What manuals call control characters (ISO/IEC 6429)."""
_CONTROL = re.compile(rf"(?:{'|'.join(_CONTROLS)})", re.IGNORECASE)
_CALLED = re.compile(rf"<?{_CONTROL.pattern}>?(?:[ +<]*{_CONTROL.pattern}>?)*", re.IGNORECASE)
_SHORT = {0x09: r"\t", 0x0A: r"\n", 0x0D: r"\r"}

QUOTES_HINT = "a backslash means something in double quotes only: write"


def parse_octets(given: Any) -> bytes:
    r"""Bytes of `"\x02"`, or of `{hex: "02 10"}`; raises ValueError."""
    if isinstance(given, bytes):  # as it was parsed before
        return given
    if isinstance(given, dict) and set(given) == {"hex"} and isinstance(given["hex"], str):
        return parse_hex(given["hex"])
    if not isinstance(given, str):
        raise ValueError(r'must be text like "\x02" in double quotes, or hex digits like {hex: "02 10"}')
    return as_octets(given)


def parse_hex(text: str) -> bytes:
    """Two digits a byte, with or without blanks between them; raises ValueError."""
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise ValueError(f'"{text}" is no hex: two digits 0-9 A-F for each byte, like "02 1A"') from None


def as_octets(text: str) -> bytes:
    r"""One byte for each character up to `\xff`, as YAML's escapes give them; raises ValueError."""
    if match := _ESCAPE.search(text):
        raise ValueError(f"{QUOTES_HINT} \"{text}\", not '{text}' ({match[0]} would be sent as it stands)")
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError as error:
        raise ValueError(f"{error.object[error.start]!r} is no single byte: write its bytes as {{hex: ...}}") from None


def not_called(given: Any) -> Any:
    """Raises ValueError for a control character's name where the character itself is meant."""
    if isinstance(given, str) and _CALLED.fullmatch(given):
        codes = [_CONTROLS[name.upper()] for name in _CONTROL.findall(given)]
        meant = "".join(_SHORT.get(code, f"\\x{code:02x}") for code in codes)
        letters = given.encode().hex(" ").upper()
        raise ValueError(f'{given} would be these letters: write "{meant}", or {{hex: "{letters}"}} if they are meant')
    return given


def _not_empty(data: bytes) -> bytes:
    if not data:
        raise ValueError("must not be empty")
    return data


_SCHEMA = {
    "anyOf": [
        {"type": "string", "minLength": 1},
        {
            "type": "object",
            "properties": {"hex": {"type": "string"}},
            "required": ["hex"],
            "additionalProperties": False,
        },
    ],
    "examples": ["\r\n", {"hex": "AA 55"}],
}

Octets = Annotated[bytes, PlainValidator(parse_octets), AfterValidator(_not_empty), WithJsonSchema(_SCHEMA)]
"""One byte or several."""

Marks = Annotated[Octets, BeforeValidator(not_called)]
"""The same, of what begins or ends a frame."""
