"""What is sent: text and bytes with places for what is known only then."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from adapters.serial.config import HexSend, Send
from gateway.model import Value
from gateway.template.template import Template
from gateway.values import Unwritable


class Sum:
    """A checksum: all bytes, added."""

    def seal(self, data: bytes) -> bytes:
        return bytes((sum(data) & 0xFF,))


def hexed(text: str) -> Template:
    return Template(HexSend(hex=text), Sum())


@pytest.mark.parametrize(
    ("send", "values", "wire"),
    [
        ("T\r\n", {}, b"T\r\n"),
        ("#{address}\r", {"address": "07"}, b"#07\r"),
        ("#{address:02d}\r", {"address": 7}, b"#07\r"),
        ("#{address:02d}\r", {"address": "7"}, b"#07\r"),
        ("L{kg:06.1f}\r", {"kg": 12.34}, b"L0012.3\r"),
        ("L{kg:+.2f}\r", {"kg": 3}, b"L+3.00\r"),
        ("{n:04X}", {"n": 255}, b"00FF"),
        ("{n:5d}|", {"n": 42}, b"   42|"),
        ("V {v}\n", {"v": 0.0000001}, b"V 0.0000001\n"),
        ("V {v}\n", {"v": 5.0}, b"V 5\n"),
        ("V {v}\n", {"v": 1e22}, b"V 10000000000000000000000\n"),
        ("O {on}", {"on": True}, b"O 1"),
        ("{{{x}}}", {"x": "a"}, b"{a}"),
        ("\x02R\x03{checksum}", {}, b"\x02R\x03W"),
        ("\xff", {}, b"\xff"),
    ],
)
def test_text_is_sent_with_its_places_filled(send: str, values: dict[str, Any], wire: bytes) -> None:
    assert Template(send, Sum()).render(values) == wire


@pytest.mark.parametrize(
    ("send", "values", "wire"),
    [
        ("AA 01 02 {checksum}", {}, "AA 01 02 AD"),
        ("AA{address:uint8}", {"address": 7}, "AA07"),
        ("{value:int16}", {"value": -2}, "FFFE"),
        ("{value:int16/DCBA}", {"value": 258}, "0201"),
        ("{value:float32/CDAB}", {"value": 1.0}, "00003F80"),
        ("{value:bcd16}", {"value": 1234}, "1234"),
        ("{on:bool}", {"on": True}, "01"),
        ("{on:uint16}", {"on": True}, "0001"),
        ("02 {name} 03", {"name": "AB"}, "02414203"),
    ],
)
def test_hex_is_sent_with_its_places_filled(send: str, values: dict[str, Any], wire: str) -> None:
    assert hexed(send).render(values) == bytes.fromhex(wire)


@pytest.mark.parametrize(
    ("send", "says"),
    [
        ("L{kg:6.1g}", "no way to write a number: 05d"),
        ("L{kg:.1d}", "decimals go with f"),
        ("L{kg:99d}", "at most 64 characters"),
        ("a}b", "write it twice"),
        ("a{b", "write it twice"),
        ("{}", "as in {value}"),
        ("{1}", "as in {value}"),
        ("{checksum:04X}", "the link's checksum says"),
        ("", "nothing to send"),
        ("T\\r\\n", "double quotes only"),
        ("20 €", "write its bytes as {hex: ...}"),
        ({"hex": "AA 1"}, "is no hex"),
        ({"hex": "{value:int24}"}, "no way to write a number in bytes: bool, int8"),
        ({"hex": "{value:string}"}, "no way to write a number in bytes"),
        ({"hex": "{value:int16/BA}"}, "ABCD, CDAB, BADC, DCBA"),
        ({"hex": "{value:uint8/DCBA}"}, "a single byte has no order"),
        ({"hex": "{value:05d}"}, "no way to write a number in bytes"),
    ],
)
def test_what_can_not_be_sent_is_refused_where_it_is_written(send: Any, says: str) -> None:
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(Send).validate_python(send)
    assert says in str(caught.value)


def test_a_checksum_that_the_link_does_not_have_is_refused() -> None:
    with pytest.raises(ValueError, match="give the link a checksum"):
        Template("R{checksum}")


@pytest.mark.parametrize(
    ("send", "values", "reason"),
    [
        ("L{kg:04.1f}", {"kg": 123.4}, "out-of-range"),
        ("L{kg:04d}", {"kg": "heavy"}, "malformed"),
        ("L{kg}", {"kg": float("nan")}, "out-of-range"),
        ("L{kg:02X}", {"kg": -1}, "out-of-range"),
        ("N{name}", {"name": "€"}, "malformed"),
        ("N{name}", {}, "malformed"),
    ],
)
def test_a_value_that_does_not_fit_its_place_is_refused(send: str, values: dict[str, Any], reason: str) -> None:
    with pytest.raises(Unwritable) as caught:
        Template(send).render(values)
    assert caught.value.reason == reason


def test_a_number_beyond_its_bytes_is_refused_by_name() -> None:
    with pytest.raises(Unwritable, match="value: 70000 does not fit uint16"):
        hexed("{value:uint16}").render({"value": 70000})


def test_a_template_names_what_must_be_known() -> None:
    assert hexed("{address:uint8} {value:int16} {value:int16} {checksum}").names == {"address", "value"}


def test_what_is_written_may_be_rounded_and_says_to_what() -> None:
    assert Template("L{kg:06.1f}").sent("kg", 12.36) == 12.4
    assert Template("L{kg:d}").sent("kg", 12.6) == 13
    assert Template("L{kg}").sent("kg", 12.36) == 12.36
    assert hexed("{kg:int16}").sent("kg", 12.4) == 12
    assert Template("{kg:d}").sent("other", 1.5) == 1.5


def test_what_was_sent_is_recognised_with_its_values() -> None:
    template = Template("L{kg:06.1f},{name}\r\n")
    assert template.recognise(template.render({"kg": 12.5, "name": "A,B"})) == {"kg": 12.5, "name": "A,B"}


@pytest.mark.parametrize("data", [b"L0012.5\r", b"L0012.5,A\r", b"L12.5,A\r\n", b"L0012.5,A\r\nX", b""])
def test_anything_else_is_not(data: bytes) -> None:
    assert Template("L{kg:06.1f},{name}\r\n").recognise(data) is None


def test_a_wrong_checksum_is_not_recognised() -> None:
    template = hexed("AA {value:int16} {checksum}")
    good = template.render({"value": 258})
    assert template.recognise(good) == {"value": 258}
    assert template.recognise(good[:-1] + bytes((good[-1] ^ 1,))) is None


@given(
    st.integers(-(2**15), 2**15 - 1),
    st.floats(-999, 999).map(lambda number: round(number, 2)),
    st.text(st.characters(max_codepoint=255)),
)
def test_whatever_is_sent_is_recognised(whole: int, number: float, text: str) -> None:
    in_bytes = hexed("55 {a:int16/DCBA} 0D {b:float64} {c} {checksum}")
    values: dict[str, Value] = {"a": whole, "b": number, "c": text}
    assert in_bytes.recognise(in_bytes.render(values)) == values
    in_text = Template("\x02{a:+d}:{b:.2f};{c}\x03")
    assert in_text.recognise(in_text.render(values)) == values


@given(st.binary(max_size=64))
def test_no_bytes_break_it(data: bytes) -> None:
    for template in (hexed("AA {a:float32} {b} {c:bcd16} {checksum}"), Template("{a}{b:X}{c:f}")):
        found = template.recognise(data)
        assert found is None or template.render(found) == data


def test_what_stands_behind_a_text_ends_it() -> None:
    template = Template('N "{name}",{n:d};{file}.TXT {last}\r\n')
    assert {name: template.ends(name) for name in ("name", "n", "file", "last")} == {
        "name": {'"'},
        "n": set(),
        "file": set(),
        "last": set(),
    }
