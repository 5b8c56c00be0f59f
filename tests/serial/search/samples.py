"""What devices say, as lists of utterances, and how each is to be understood."""

from functools import reduce
from typing import Any, NamedTuple

from adapters.serial.checksums import Checksum, Seal, seal_of


class Sample(NamedTuple):
    said: list[bytes]
    framing: dict[str, Any]
    checksum: dict[str, Any] = {}
    decode: str | None = None


def sealed(data: bytes, kind: str, **more: Any) -> bytes:
    seal = seal_of(Checksum.model_validate({"type": kind, **more}))
    assert isinstance(seal, Seal)
    return data + seal.seal(data)


def _with_bcc(data: bytes) -> bytes:
    return data + bytes([reduce(lambda a, b: a ^ b, data[1:])])


def _sensor(number: int) -> bytes:
    body = bytes([1, *(number * 7919).to_bytes(3, "big"), *range(number % 4)])
    return sealed(bytes([0xAA, len(body)]) + body, "crc-16/modbus", endian="little")


def _slip(data: bytes) -> bytes:
    return b"\xc0" + data.replace(b"\xdb", b"\xdb\xdd").replace(b"\xc0", b"\xdb\xdc") + b"\xc0"


NMEA = (
    b"$GPGGA,092750.000,5321.6802,N,00630.3372,W,1,8,1.03,61.7,M,55.2,M,,*76\r\n",
    b"$GPGSA,A,3,10,07,05,02,29,04,08,13,,,,,1.72,1.03,1.38*0A\r\n",
)
LINE = {"type": "line", "terminator": "\r\n"}

SAMPLES = {
    "scale": Sample([b"ST,GS,%9.2fkg\r\n" % (12.34 + n / 7) for n in range(8)], LINE),
    "scale that says the same": Sample([b"ST,GS,%9.2fkg\r\n" % 0] * 8, LINE),
    "lines that end with CR": Sample([b">07%+06.1f\r" % (n * 3) for n in range(8)], {**LINE, "terminator": "\r"}),
    "gps": Sample([*NMEA] * 3, LINE, {"type": "nmea"}, "nmea"),
    "stx": Sample(
        [b"\x02%08.3f\x03" % (n * 17.7) for n in range(9)], {"type": "start-end", "start": "\x02", "end": "\x03"}
    ),
    "stx with bcc": Sample(
        [_with_bcc(b"\x02%08.3f\x03" % (n * 17.7)) for n in range(9)],
        {"type": "start-end", "start": "\x02", "end": "\x03", "trailer": 1},
        {"type": "xor8", "first": 1},
    ),
    "stx in lines": Sample(
        [b"\x02W%06d\x03\r\n" % (n * 177) for n in range(9)], {"type": "start-end", "start": "\x02", "end": "\x03\r\n"}
    ),
    "binary with length": Sample(
        [_sensor(n) for n in range(10)],
        {"type": "length", "start": {"hex": "AA"}, "at": 1, "extra": 2},
        {"type": "crc-16/modbus", "endian": "little"},
    ),
    "binary of one length": Sample(
        [sealed(b"\x55\1" + (1000 + n * 37).to_bytes(2, "little") + bytes([n % 3, 9, 0]), "sum8") for n in range(12)],
        {"type": "fixed", "length": 8, "start": {"hex": "55 01"}},
        {"type": "sum8"},
    ),
    "slip": Sample(
        [_slip(sealed((n * 7919).to_bytes(4, "big") + bytes(n % 3), "crc-16/xmodem")) for n in range(8)],
        {"type": "slip"},
        {"type": "crc-16/xmodem"},
    ),
}  # fmt: skip
BARCODES = [b"4006381333931", b"4006381333948", b"978020137962"]
MODBUS = [sealed(bytes([1, 3, 0, n, 0, 2]), "crc-16/modbus", endian="little") for n in range(5)]
