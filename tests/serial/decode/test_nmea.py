from __future__ import annotations

from typing import Any

import pytest

from adapters.serial.decode import shapes_of
from gateway.model import Bad, BadReason
from tests.serial.decode.built import (
    DECODE_ERROR,
    INVALID,
    device_of,
    frame_of,
    link_of,
    read_by,
    router_of,
    shape_of,
    values_of,
)

GGA = "$GPGGA,123519,4807.038,N,01131.000,E,1,08,0.9,545.4,M,46.9,M,,*47"
RMC = "$GPRMC,123519,A,4807.038,N,01131.000,E,022.4,084.4,230394,003.1,W*6A"


def sentence(**points: str) -> Any:
    """Floats by their fields."""
    return shape_of({name: {"from": field, "type": "float"} for name, field in points.items()}, decode="nmea")


def field_of(text: str, field: str, kind: str = "float", **more: Any) -> Any:
    return values_of(shape_of({"x": {"from": field, "type": kind, **more}}, decode="nmea"), text)["x"]


def test_a_position_is_degrees_with_a_sign() -> None:
    assert values_of(sentence(lat="GGA.lat", lon="GGA.lon", alt="GGA.alt"), GGA) == {
        "lat": 48.1173,
        "lon": 11.516666667,
        "alt": 545.4,
    }
    south_west = "$GNGLL,3342.6618,S,07033.9375,W,092321.00,A,A"
    assert values_of(sentence(lat="GLL.lat", lon="GLL.lon"), south_west) == {"lat": -33.71103, "lon": -70.565625}


@pytest.mark.parametrize(
    ("text", "field", "value"),
    [
        (RMC, "RMC.spd", 22.4),
        (RMC, "RMC.mv", -3.1),
        ("$GPVTG,054.7,T,034.4,M,005.5,N,010.2,K*48", "VTG.sogk", 10.2),
        ("$GPGSA,A,3,04,05,,09,12,,,24,,,,,2.5,1.3,2.1*39", "GSA.HDOP", 1.3),
        ("$GPGSV,2,1,08,01,40,083,46,02,17,308,41,12,07,344,39,14,22,228,45*75", "GSV.numSV", 8.0),
        ("$GPGSV,2,1,08,01,40,083,46,02,17,308,41,12,07,344,39,14,22,228,45*75", "GSV.5", 40.0),
        ("$HEHDT,254.31,T", "HDT.heading", 254.31),
        ("$WIMWV,214.8,R,0.1,K,A*28", "MWV.speed", 0.1),
        ("$SDDBT,8.1,f,2.4,M,1.3,F*0B", "DBT.metres", 2.4),
        ("$SDDPT,2.4,0.5", "DPT.depth", 2.4),
        ("$HCHDG,98.3,0.0,E,12.6,W*57", "HDG.var", -12.6),
        ("$IIMTW,26.8,C", "MTW.temp", 26.8),
        ("$PGRME,15.0,M,45.0,M,25.0,M*1C", "PGRME.3", 45.0),
    ],
)
def test_fields_by_name_or_number(text: str, field: str, value: float) -> None:
    assert field_of(text, field) == value


def test_times_and_dates_as_iso_8601_has_them() -> None:
    assert field_of(RMC, "RMC.time", "string") == "12:35:19"
    assert field_of(RMC, "RMC.date", "string") == "1994-03-23"
    assert field_of("$GPZDA,201530.25,04,07,2026,00,00", "ZDA.time", "string") == "20:15:30.25"
    assert field_of(RMC, "RMC.time", "string", enum={"123519": "noon"}) == "noon"
    assert field_of(RMC, "RMC.time", "int") == 123519


def test_a_position_has_a_range_like_any_number() -> None:
    assert field_of(GGA, "GGA.lat", range=[-40, 40]) == Bad(BadReason.OUT_OF_RANGE, value=48.1173)


def test_an_empty_or_missing_field_is_no_value() -> None:
    text = "$GPRMC,123519,A,4807.038,N,,,022.4,,230394,,"
    assert field_of(text, "RMC.lon") == INVALID
    assert field_of(text, "RMC.cog") == INVALID
    assert field_of(text, "RMC.posMode", "string") == INVALID


@pytest.mark.parametrize(
    "field",
    ["4860.000,N", "48X7.038,N", "4807.038,X", "18100.000,N", "4807,038,N", "9000.001,N", "12000.000,S", "4807.038,E"],
)
def test_what_is_no_position_is_none(field: str) -> None:
    assert field_of(f"$GPGLL,{field},01131.000,E,123519,A", "GLL.lat") == DECODE_ERROR


def test_the_poles_and_the_date_line_are_positions() -> None:
    text = "$GPGLL,9000.000,S,18000.000,W,123519,A"
    assert (field_of(text, "GLL.lat"), field_of(text, "GLL.lon")) == (-90.0, -180.0)


def test_a_receiver_that_has_no_fix_gives_no_position_but_its_time() -> None:
    text = "$GPRMC,123519,V,4807.038,N,01131.000,E,022.4,084.4,230394,003.1,W"
    shape = shape_of(
        {
            "lat": {"from": "RMC.lat", "type": "float"},
            "time": {"from": "RMC.time", "type": "string"},
            "valid": {"from": "RMC.status", "type": "bool", "enum": {"A": True, "V": False}},
        },
        decode="nmea",
    )
    assert values_of(shape, text) == {"lat": INVALID, "time": "12:35:19", "valid": False}
    assert field_of("$GPGGA,123519,4807.038,N,01131.000,E,0,00,,545.4,M,46.9,M,,", "GGA.alt") == INVALID


def test_any_talker_unless_one_is_named() -> None:
    for talker in ("GP", "GN", "GL"):
        assert field_of(f"${talker}HDT,1.5,T", "HDT.heading") == 1.5
    named = sentence(x="GNHDT.heading")
    assert values_of(named, "$GNHDT,1.5,T") == {"x": 1.5}
    assert read_by(named, "$GPHDT,1.5,T") is None


def test_a_checksum_that_nobody_has_looked_at_is_looked_at() -> None:
    shape = sentence(lat="GGA.lat")
    assert read_by(shape, GGA[:-1] + "8") is None
    assert read_by(shape, GGA[1:]) is not None
    assert read_by(shape, GGA[:-2]) is not None


def test_other_sentences_are_no_such_frames() -> None:
    shape = sentence(lat="GGA.lat")
    for text in (RMC, "$GP", "", "$GPGGA", "GGA,1"):
        assert read_by(shape, text) is None


def test_each_sentence_is_a_group_of_points() -> None:
    points = {
        "lat": {"from": "GGA.lat", "type": "float"},
        "speed": {"from": "RMC.spd", "type": "float"},
        "alt": {"from": "GGA.alt", "type": "float"},
    }
    device = device_of(points, decode="nmea")
    assert [group.points for group in device.groups("dev")] == [("lat", "alt"), ("speed",)]
    assert tuple(shape.group for shape in shapes_of("dev", device, link_of())) == device.groups("dev")
    router = router_of({"dev": device})
    heard = [router.route(frame_of(text)) for text in (RMC, GGA, "$GPGSV,1,1,00")]
    assert [each and each.reading.values for each in heard] == [(22.4,), (48.1173, 545.4), None]
