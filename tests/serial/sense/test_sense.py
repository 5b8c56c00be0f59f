from __future__ import annotations

from typing import Any

import pytest

from adapters.serial.sense import Complaint, complaints
from tests.serial.decode.built import device_of, link_of

Device = dict[str, Any]

T: Device = {"points": {"t": {"type": "float"}}, "match": r"^T(?P<t>\d+)$"}
H: Device = {"points": {"h": {"type": "float"}}, "match": r"^H(?P<h>\d+)$"}
BYTE: Device = {"points": {"x": {"at": 0, "type": "uint8"}}}


def of(*devices: Device, **link: Any) -> list[Complaint]:
    named = {f"d{number}": device_of(**device) for number, device in enumerate(devices, 1)}
    return list(complaints(link_of(**link), named))


def only(*devices: Device, **link: Any) -> Complaint:
    (complaint,) = of(*devices, **link)
    return complaint


def test_what_can_work_is_no_complaint() -> None:
    assert of(T, H) == []
    assert of({**T, "example": "T21"}, {**H, "example": "H40\r\n"}) == []
    gps = {"points": {"lat": {"from": "GGA.lat", "type": "float"}, "n": {"from": "PUBX.7", "type": "int"}}}
    assert of({**gps, "decode": "nmea"}, T) == []
    meter = {"points": {"e": {"from": "1-0:1.8.0*255", "type": "float"}}, "decode": "iec62056-21"}
    assert of(meter, framing="iec62056-21") == []


@pytest.mark.parametrize(("framing", "more"), [({"type": "fixed", "length": 4}, {}), ({"type": "length", "at": 0}, {})])
def test_frames_of_which_nothing_shows_where_they_begin(framing: Device, more: Device) -> None:
    complaint = only(BYTE, framing=framing, **more)
    assert complaint.path == ("framing",)
    assert complaint.text.startswith(f"nothing shows where frames of {framing['type']} begin: say what they start with")
    assert of(BYTE, framing={**framing, "gap": "50ms"}) == []
    assert of(BYTE, framing=framing, checksum={"type": "sum8"}) == []


@pytest.mark.parametrize(
    ("address", "path", "sentence"),
    [
        ({"match": "^(..)"}, "match", "it needs a group called address: (?P<address>...)"),
        ({"match": "^→(?P<address>.)"}, "match", "'→' does not exist in ascii: the link's encoding may be utf-8"),
        ({"at": 3, "length": 2}, "at", "the address at 3 ends beyond the frame, which has 4 bytes"),
        ({"at": -5}, "at", "the address at -5 begins before the frame, which has 4 bytes"),
        (
            {"at": -1, "length": 2},
            "at",
            "the address at -1 ends beyond the frame: behind its place there are 1 bytes, and it takes 2",
        ),
    ],
)
def test_an_address_that_no_frame_has(address: Device, path: str, sentence: str) -> None:
    framing = {"type": "fixed", "length": 4, "start": "A"}
    complaint = only({**BYTE, "address": "07"[: address.get("length", 1)]}, framing=framing, address=address)
    assert complaint == Complaint(sentence, ("address", path))


def test_devices_that_can_not_be_told_apart() -> None:
    field = {"at": 1, "length": 2}
    assert of({**T, "address": "07"}, {**T, "address": "08"}, address=field) == []
    assert only({**T, "address": "07"}, T, address=field) == Complaint(
        "frames of this link say whose they are: give the device its address", (), "d2"
    )
    complaints = of({**T, "address": "07"}, {**T, "address": "07"}, address=field)
    assert complaints[0].text.startswith("d1 has the address 07, too")
    assert only({**T, "address": 7}, address=field).text.endswith('write it in quotes, like "07"')
    assert only({**T, "address": 7}, H).text.startswith("nothing says where frames have it")


def test_a_device_that_is_only_asked_needs_no_address_in_its_answers() -> None:
    asked = {**T, "poll": {"send": "{address}?\r"}}
    assert of({**asked, "address": 7}, {**asked, "address": 8}) == []


@pytest.mark.parametrize(
    ("device", "path", "sentence"),
    [
        ({"points": {"t": {"type": "int"}}}, "from", "it is a group of match, which is not there"),
        (
            {**T, "points": {"temp": {"type": "int", "from": "tt"}}},
            "from",
            "match has no group (?P<tt>...): did you mean t?",
        ),
        ({**T, "points": {"t": {"type": "uint8", "at": 0}}, "decode": "pattern"}, "at", "`at` is for binary frames"),
        ({**T, "decode": "binary"}, "from", "its message is bytes, so that it needs `at`, its first byte"),
        ({"points": {"t": {"type": "int"}}, "decode": "columns"}, "from", "no column is called t: say from: 1"),
        (
            {"points": {"t": {"type": "int", "from": 3}}, "decode": {"type": "columns", "names": ["a", "b"]}},
            "from",
            "there is no column 3: names has 2",
        ),
        (
            {"points": {"temp": {"type": "int"}}, "decode": {"type": "columns", "names": ["hum", "tmp"]}},
            "from",
            "no column is called temp: did you mean tmp?",
        ),
        ({"points": {"t": {"type": "int", "from": "a=b"}}, "decode": "key-value"}, "from", "no key can be called a=b"),
        (
            {"points": {"t": {"type": "int", "from": "°"}}, "decode": "key-value"},
            "from",
            "the key ° does not exist in ascii",
        ),
        ({"points": {"t": {"type": "int"}}, "decode": "nmea"}, "from", "say the sentence and its field, as in GGA.lat"),
        (
            {"points": {"t": {"type": "int", "from": "GGA.numSv"}}, "decode": "nmea"},
            "from",
            "GGA has no field numSv: did you mean numSV?",
        ),
        (
            {"points": {"t": {"type": "int", "from": "XDR.t"}}, "decode": "nmea"},
            "from",
            "the fields of XDR have no names here: say XDR.1, the number",
        ),
        (
            {"points": {"t": {"type": "int", "from": "GGA.lat"}}, "decode": "nmea"},
            "from",
            "GGA.lat is degrees, of type float",
        ),
        (
            {"points": {"t": {"type": "int", "from": "1.8.0(x)"}}, "decode": "iec62056-21"},
            "from",
            '"1.8.0(x)" is no address',
        ),
        (
            {"points": {"t": {"at": 4090, "type": "float64"}}},
            "at",
            "t ends beyond the frame, which has at most 4096 bytes",
        ),
        (
            {"points": {"t": {"at": 0, "type": "string", "length": 3, "order": "BADC"}}},
            "at",
            "order BADC swaps pairs of bytes, and its 3 bytes are no pairs",
        ),
    ],
)
def test_a_point_that_never_has_a_value(device: Device, path: str, sentence: str) -> None:
    complaint = only(device)
    assert complaint.text.startswith(sentence)
    assert (complaint.path, complaint.device) == (("points", next(iter(device["points"])), path), "d1")


def test_points_and_messages_that_do_not_belong_together() -> None:
    messages = {"a": {"match": r"^A(?P<x>\d)$"}, "b": {"match": r"^B(?P<y>\d)$"}}
    x, y = {"type": "int", "message": "a"}, {"type": "int", "message": "b"}
    assert of({"points": {"x": x, "y": y}, "messages": messages}) == []
    wrong = {
        ("points", "x"): {"points": {"x": {"type": "int"}, "y": y}, "messages": messages},
        ("points", "x", "message"): {"points": {"x": {**x, "message": "c"}, "y": y}, "messages": messages},
        ("points", "t", "message"): {**T, "points": {"t": {"type": "int", "message": "a"}}},
        ("points", "t", "every"): {**T, "points": {"t": {"type": "int", "every": "1s"}}},
        ("match",): {"points": {"x": x, "y": y}, "messages": messages, "match": "^A"},
        ("decode",): {**T, "decode": {"type": "key-value", "equals": ";"}, "points": {"t": {"type": "int"}}},
        ("messages", "b", "match"): {"points": {"x": x}, "messages": {**messages, "b": {"match": "→"}}},
    }
    assert {complaint.path for device in wrong.values() for complaint in of(device)} == set(wrong)


def test_what_a_message_is_known_by_stands_within_the_frame() -> None:
    framing = {"type": "fixed", "length": 4, "start": "A"}
    complaint = only({**BYTE, "match": [{"at": 3, "is": {"hex": "0102"}}]}, framing=framing)
    assert complaint.text == "what it is known by at 3 ends beyond the frame, which has 4 bytes"


def test_unasked_messages_that_a_frame_could_both_be() -> None:
    complaint = only(T, {"points": {"x": {"type": "string"}}, "match": "^(?P<x>.+)$"})
    assert (complaint.device, complaint.path) == ("d2", ("match",))
    assert complaint.text.startswith("'T1' would fit this match and that of d1: let one of them say more")


def test_messages_are_compared_as_if_they_were_meant_from_the_begin_on() -> None:
    assert of({**T, "match": r"T=(?P<t>\d+)"}, {**H, "match": r"H=(?P<h>\d+)"}) == []


def test_what_is_asked_for_is_known_by_its_question() -> None:
    asked = {**T, "poll": {"send": "?"}}
    assert of(asked, asked) == []
    assert only(asked, T).device == "d2"
    assert of({**asked, "address": "1"}, {**T, "address": "2"}, address={"at": 1}) == []


def test_bytes_that_a_frame_could_both_have() -> None:
    def at(place: int, octets: str) -> Device:
        return {**BYTE, "match": [{"at": place, "is": {"hex": octets}}]}

    assert of(at(1, "01"), at(1, "02")) == []
    assert of(at(-1, "01"), at(-2, "0202")) == []
    assert "a frame like 00 01 02 would fit" in only(at(1, "01"), at(1, "0102")).text
    assert "a frame like 00 01 07 would fit" in only(at(1, "01"), at(-1, "07")).text


def test_a_message_without_match_takes_every_frame() -> None:
    table = {"points": {"x": {"type": "int", "from": 1}}, "decode": "columns"}
    assert only(table, T).text.startswith("without match it takes every frame, also those of d2")
    assert of(T, table) == []
    assert only(BYTE, BYTE).device == "d1"


def test_one_sentence_or_key_of_two_devices() -> None:
    gps = {"points": {"lat": {"from": "GGA.lat", "type": "float"}}, "decode": "nmea"}
    assert only(gps, gps).text == "d1 has GGA, too: a frame could not be told whose it is"
    pairs = {"points": {"T": {"type": "float"}}, "decode": "key-value"}
    assert only(pairs, pairs).text.startswith("d1 has T, too")


def test_examples_that_are_no_frames_of_their_message() -> None:
    complaint = only({**T, "example": "H21"})
    sentence = "it fits its own match only up to '', then comes 'H': correct one of them"
    assert complaint == Complaint(sentence, ("example",), "d1")
    table = {"points": {"x": {"type": "string", "from": "x"}}, "decode": "key-value", "example": "T1"}
    assert only(table).text == "it does not fit its own match or decode: correct one of them"
    point = {"t": {"type": "float", "from": "t"}}
    spoiled = only({"points": point, "match": "^T(?P<t>.*)$", "example": "T2_1"})
    assert spoiled.text.startswith("the point t can't be decoded from it")


@pytest.mark.parametrize(
    ("example", "sentence"),
    [
        ("T21.5", "only up to 'T21', then comes '.'"),
        ("T21.5\r\n", "only up to 'T21', then comes '.'"),
        ("T", "only up to 'T', then something is missing"),
    ],
)
def test_an_example_is_told_how_far_it_fits(example: str, sentence: str) -> None:
    assert sentence in only({**T, "example": example}).text


def test_an_example_that_another_would_take() -> None:
    table = {"points": {"x": {"type": "string", "from": 1}}, "decode": "columns", "example": "T1"}
    assert only(T, table).text == "d1 would take it: let the match of one of them say more"


def test_an_example_may_have_its_checksum_or_not() -> None:
    link = {"framing": {"type": "line", "terminator": "\r"}, "checksum": {"type": "sum8", "encoding": "hex"}}
    whole = f"T21{sum(b'T21') & 0xFF:02X}"
    for example in ("T21", whole, whole + "\r"):
        assert of({**T, "example": example}, **link) == []


def test_of_a_device_with_a_fault_nothing_is_said_that_follows_from_it() -> None:
    assert len(of({**T, "points": {"x": {"type": "int"}}, "example": "H"}, T)) == 1
