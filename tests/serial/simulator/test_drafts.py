"""What is put into a frame is what is read out of it, however it is decoded and framed."""

from collections.abc import Mapping
from functools import reduce
from operator import xor
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.adapter import Rejected
from gateway.model import Value
from gateway.values import Unwritable
from tests.serial.simulator.setup import Gateway, gateway
from tests.support.examples import examples

CRC = {"type": "crc-16/modbus", "endian": "little"}
FRAMINGS: dict[str, dict[str, Any]] = {
    "line": {"framing": {"type": "line"}},
    "line with hex sum": {
        "framing": {"type": "line", "terminator": "\r"}, "checksum": {"type": "sum8", "encoding": "hex"},
    },
    "start-end": {"framing": {"type": "start-end", "start": "\x02", "end": "\x03"}},
    "start-end with bcc": {
        "framing": {"type": "start-end", "start": "\x02", "end": "\x03"}, "checksum": {"type": "xor8", "first": 1},
    },
    "checksum before the end": {
        "framing": {"type": "start-end", "start": "\x02", "end": "\x03"},
        "checksum": {"type": "sum8", "encoding": "hex", "at": -3},
    },
    "length": {"framing": {"type": "length", "start": {"hex": "AA 55"}, "at": 2, "size": 2}},
    "length of all, with crc": {
        "framing": {"type": "length", "at": 0, "counts": "frame", "endian": "little", "size": 2}, "checksum": CRC,
    },
    "gap": {"framing": {"type": "gap", "gap": "20ms"}, "checksum": CRC},
    "slip": {"framing": {"type": "slip"}, "checksum": CRC},
    "cobs": {"framing": {"type": "cobs"}, "checksum": CRC},
    "escaped": {"framing": {"type": "escaped"}, "checksum": {"type": "xor8"}},
    "dle": {"framing": {"type": "escaped", "start": "\x10\x02", "end": "\x10\x03"}, "checksum": CRC},
    "flags": {
        "framing": {"type": "escaped", "start": "~", "end": "~", "escape": "}", "xor": 0x20},
    },
}  # fmt: skip


def is_read(device: Gateway, values: Mapping[str, Any]) -> None:
    for name, value in values.items():
        device.chain.units["d"].put(name, value)
    assert device.get() == values


TEXT = {
    "match": r"^(?P<t>[-+]?\d+\.\d\d) (?P<n>\d{6}) (?P<h>[0-9A-F]+) (?P<on>[YN]) (?P<word>\w*)$",
    "points": {
        "t": {"type": "float"}, "n": {"type": "int", "scale": 2}, "h": {"type": "int", "base": 16},
        "on": {"type": "bool", "enum": {"Y": True, "N": False}}, "word": {"type": "string"},
    },
}  # fmt: skip
TEXT_VALUES = st.fixed_dictionaries({
    "t": st.integers(-(10**8), 10**8).map(lambda number: number / 100),
    "n": st.integers(0, 999_999).map(lambda number: number * 2),
    "h": st.integers(0, 2**64 - 1),
    "on": st.booleans(),
    "word": st.text(st.sampled_from("abcXYZ019_"), max_size=9),
})  # fmt: skip


@pytest.mark.parametrize("framing", FRAMINGS)
@given(data=st.data())
@settings(max_examples=examples(3))
def test_groups_of_a_pattern(framing: str, data: st.DataObject) -> None:
    device = gateway(FRAMINGS[framing], **TEXT)
    for _ in range(3):
        is_read(device, data.draw(TEXT_VALUES))


BINARY = {
    "decode": "binary",
    "points": {
        "a": {"at": 7, "type": "int16", "scale": 0.1}, "b": {"at": 9, "type": "uint32", "order": "CDAB"},
        "c": {"at": 13, "type": "float32", "order": "DCBA"}, "d": {"at": 17, "type": "bool", "bits": 7},
        "e": {"at": 17, "type": "uint8", "bits": "0..2", "enum": {0: "off", 5: "run"}},
        "f": {"at": 18, "type": "string", "length": 4}, "g": {"at": 22, "type": "bcd16"},
    },
}  # fmt: skip
BINARY_VALUES = st.fixed_dictionaries({
    "a": st.integers(-(2**15), 2**15 - 1).map(lambda number: number / 10),
    "b": st.integers(0, 2**32 - 1),
    "c": st.integers(-(10**6), 10**6).map(lambda number: number / 10),
    "d": st.booleans(),
    "e": st.sampled_from(["off", "run"]),
    "f": st.text(st.sampled_from("abc019"), max_size=4),
    "g": st.integers(0, 9999),
})  # fmt: skip
TRANSPARENT = [name for name in FRAMINGS if name not in {
    "line", "line with hex sum", "start-end", "start-end with bcc", "checksum before the end",
}]  # fmt: skip


@pytest.mark.parametrize("framing", TRANSPARENT)
@given(data=st.data())
@settings(max_examples=examples(3))
def test_places_of_a_binary_frame(framing: str, data: st.DataObject) -> None:
    device = gateway(FRAMINGS[framing], **BINARY)
    for _ in range(3):
        is_read(device, data.draw(BINARY_VALUES))


@settings(max_examples=examples(8))
@given(st.integers(-9999, 9999), st.sampled_from(["on", "off"]), st.sampled_from([",", ";", " ", "\t"]))
def test_columns(number: int, label: str, delimiter: str) -> None:
    points = {
        "t": {"from": 2, "type": "float", "decimal": "." if delimiter == "," else ","},
        "state": {"from": "state", "type": "string", "enum": {"1": "on", "0": "off"}},
    }
    decode = {"type": "columns", "delimiter": delimiter, "names": ["id", "t", "x", "state"]}
    is_read(gateway(decode=decode, points=points), {"t": number / 100, "state": label})


@settings(max_examples=examples(8))
@given(st.integers(-9999, 9999), st.booleans())
def test_keys_and_values(number: int, on: bool) -> None:
    points = {"t": {"from": "T", "type": "float"}, "on": {"type": "bool"}}
    is_read(gateway(decode="key-value", points=points), {"t": number / 10, "on": on})


NMEA = {"framing": {"type": "line"}, "checksum": {"type": "nmea"}}
GPS = {
    "decode": "nmea",
    "points": {
        "lat": {"from": "GGA.lat", "type": "float"}, "lon": {"from": "GGA.lon", "type": "float"},
        "sats": {"from": "GGA.numSV", "type": "int"},
        "speed": {"from": "RMC.spd", "type": "float", "scale": 1.852, "decimals": 1},
        "variation": {"from": "RMC.mv", "type": "float"}, "at": {"from": "RMC.time", "type": "string"},
        "day": {"from": "RMC.date", "type": "string"}, "wind": {"from": "WIMWV.angle", "type": "float"},
    },
}  # fmt: skip


@settings(max_examples=examples(8))
@given(st.integers(-90 * 10**5, 90 * 10**5), st.integers(-180 * 10**5, 180 * 10**5), st.integers(0, 9999))
def test_fields_of_sentences(lat: int, lon: int, number: int) -> None:
    values: dict[str, Value] = {"lat": lat / 10**5, "lon": lon / 10**5, "sats": number, "wind": number / 10}
    gps = gateway(NMEA, **GPS)
    values |= {"speed": number / 10, "variation": -number / 10, "at": "23:59:59.50", "day": "2026-11-30"}
    for name, value in values.items():
        gps.chain.units["d"].put(name, value)
    found = gps.get()
    assert {name: pytest.approx(value, abs=1e-8) for name, value in found.items() if name in {"lat", "lon"}} == {
        name: values.pop(name) for name in ("lat", "lon")
    }
    assert {name: found[name] for name in values} == values
    assert [sentence[:6] for sentence in gps.listen()] == [b"$GPGGA", b"$GPRMC", b"$WIMWV"]


def test_a_sentence_may_have_its_checksum_where_the_link_does_not_look_at_it() -> None:
    example = "$GPHDT,274.07,T*03"
    compass = gateway(decode="nmea", points={"heading": {"from": "HDT.heading", "type": "float"}}, example=example)
    compass.set(heading=5.5)
    assert compass.listen() == [b"$GPHDT,5.50,T*05\r\n"]
    assert compass.get() == {"heading": 5.5}


METER = {
    "decode": "iec62056-21",
    "points": {
        "energy": {"from": "1.8.0", "type": "float", "unit": "kWh"},
        "maximum": {"from": "1.6.0", "type": "float", "unit": "kW"},
        "when": {"from": "1.6.0[2]", "type": "string"},
        "error": {"from": "F.F", "type": "string"},
    },
}  # fmt: skip
READOUT = "0-0:F.F(00000000)\r\n1-0:1.8.0*255(0012345.678*kWh)\r\n1-0:1.6.0(01.50*kW)(2611301200)\r\n!\r\n"


@pytest.mark.parametrize("example", [None, READOUT])
@settings(max_examples=examples(8))
@given(data=st.data())
def test_values_of_a_meter(example: str | None, data: st.DataObject) -> None:
    meter = gateway({"framing": {"type": "iec62056-21"}}, example=example, **METER)
    number = data.draw(st.integers(0, 99_999))
    is_read(meter, {"energy": number / 1000, "maximum": number / 100, "when": "2612010000", "error": "00000001"})


def test_a_meter_s_block_looks_as_in_the_example_and_has_its_check() -> None:
    meter = gateway({"framing": {"type": "iec62056-21"}}, example=READOUT, **METER)
    meter.set(energy=7.5)
    (block,) = meter.listen()
    body = READOUT.replace("0012345.678", "0000007.500").encode()
    assert block == b"\x02" + body + b"\x03" + bytes([reduce(xor, body + b"\x03")])


@pytest.mark.parametrize(("example", "value", "sent"), [
    ("W=  12.30 kg", 7.5, b"W=   7.50 kg\r\n"),
    ("W=+12.30 kg", 7.5, b"W=+7.50 kg\r\n"),
    ("W=+  12.3 kg", -7.5, b"W=-   7.5 kg\r\n"),
    ("W=0012.3 kg", 7.5, b"W=0007.5 kg\r\n"),
    ("W=12 kg", 7.0, b"W=7 kg\r\n"),
    ("W=+1.234567E+00 kg", 24.6, b"W=+2.460000E+01 kg\r\n"),
])  # fmt: skip
def test_it_looks_as_in_the_example(example: str, value: float, sent: bytes) -> None:
    scale = gateway(match=r"^W=(?P<w>[-+ .0-9E]+) kg$", points={"w": {"type": "float"}}, example=example)
    scale.set(w=value)
    assert scale.listen() == [sent]


def test_a_value_is_rounded_to_what_is_shown() -> None:
    scale = gateway(match=r"^(?P<w>\d+\.\d)$", points={"w": {"type": "float"}})
    scale.set(w=12.345)
    assert scale.listen() == [b"12.3\r\n"]


@pytest.mark.parametrize(("point", "value"), [
    ("w", 1000.0), ("w", -1.0), ("w", "heavy"), ("w", True), ("s", "maybe"), ("w", 60.0),
])  # fmt: skip
def test_what_does_not_fit_is_refused_and_changes_nothing(point: str, value: Value) -> None:
    points = {"w": {"type": "float", "range": [0, 50]}, "s": {"type": "bool", "enum": {"Y": True, "N": False}}}
    scale = gateway(match=r"^(?P<s>[YN])(?P<w>\d\d\.\d)$", points=points, example="Y12.3")
    with pytest.raises(Unwritable):
        scale.set(**{point: value})
    assert scale.listen() == [b"Y12.3\r\n"]


def test_an_example_may_be_written_with_or_without_what_is_around_it() -> None:
    link = {"framing": {"type": "start-end", "start": "\x02", "end": "\x03"}, "checksum": {"type": "xor8", "first": 1}}
    for example in ("W12", "\x02W12\x03", "\x02W12\x03W"):
        scale = gateway(link, match=r"^W(?P<w>\d+)$", points={"w": {"type": "int"}}, example=example)
        assert (example, scale.get()) == (example, {"w": 12})
        assert scale.listen()[0][:5] == b"\x02W12\x03"


def test_what_cannot_be_made_up_wants_an_example() -> None:
    with pytest.raises(Rejected, match="give it an example"):
        gateway({"framing": {"type": "fixed", "length": 4}}, match=r"^(?P<w>\d{6})$", points={"w": {"type": "int"}})


def test_what_is_made_up_is_good_from_the_start() -> None:
    points = {"t": {"type": "float"}, "n": {"type": "int"}, "on": {"type": "bool"}, "s": {"type": "string"}}
    device = gateway(match=r"^(?P<t>[-+][.0-9]+) (?P<n>[-+]\d) (?P<on>\w+) (?P<s>\w*)$", points=points)
    assert device.get() == {"t": 0.0, "n": 0, "on": False, "s": ""}
