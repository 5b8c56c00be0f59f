from __future__ import annotations

import math
import re

import pytest
from bleak.uuids import uuid16_dict
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.ble.sig import CHARACTERISTIC_UUIDS, CHARACTERISTICS, DESCRIPTORS, SERVICES, Undecodable, by_uuid
from gateway.model import Value
from gateway.values import Unwritable
from tests.support.examples import examples

TYPES = {"float": float, "int": int, "bool": bool, "text": str}
ENCODABLE = sorted(name for name, each in CHARACTERISTICS.items() if each.encode is not None)

TEXTS = ("device_name", "model_number_string")
"""They may have any length."""
EACH = settings(max_examples=examples(15))
"""Of each characteristic: they are many, and alike."""

READ: list[tuple[str, str, dict[str, Value]]] = [
    ("temperature", "6608", {"temperature": 21.5}),
    ("temperature", "0cfe", {"temperature": -5.0}),
    ("temperature", "0080", {}),
    ("temperature_8", "f6", {"temperature_8": -5.0}),
    ("temperature_8", "7f", {}),
    ("humidity", "8813", {"humidity": 50.0}),
    ("humidity", "ffff", {}),
    ("pressure", "cd760f00", {"pressure": 101345.3}),
    ("elevation", "18fcff", {"elevation": -10.0}),
    ("true_wind_direction", "9f8c", {"true_wind_direction": 359.99}),
    ("rainfall", "2a00", {"rainfall": 42}),
    ("uv_index", "07", {"uv_index": 7}),
    ("irradiance", "1027", {"irradiance": 1000.0}),
    ("barometric_pressure_trend", "09", {"barometric_pressure_trend": "steady"}),
    ("barometric_pressure_trend", "00", {}),
    ("co2_concentration", "a302", {"co2_concentration": 675}),
    ("particulate_matter_pm25_concentration", "0c80", {"particulate_matter_pm25_concentration": 120.0}),
    ("particulate_matter_pm25_concentration", "ff07", {}),
    ("methane_concentration", "6c07", {"methane_concentration": 1900.0}),
    ("electric_current", "7b00", {"electric_current": 1.23}),
    ("voltage", "c000", {"voltage": 3.0}),
    ("power", "393000", {"power": 1234.5}),
    ("energy", "102700", {"energy": 10000}),
    ("energy", "ffffff", {}),
    ("illuminance", "a08601", {"illuminance": 1000.0}),
    ("percentage_8", "65", {"percentage_8": 50.5}),
    ("boolean", "01", {"boolean": True}),
    ("digital", "e4", {"digital_1": False, "digital_2": True}),
    ("analog", "3412", {"analog": 0x1234}),
    ("battery_level", "5a", {"battery_level": 90}),
    (
        "battery_level_status",
        "02a3005a",
        {
            "battery_level": 90,
            "battery_present": True,
            "external_power": True,
            "charging": True,
            "charge": "good",
            "charging_fault": False,
        },
    ),
    ("device_name", b"Tank 3".hex(), {"device_name": "Tank 3"}),
    ("model_number_string", b"M\xc3\xbc-1\0".hex(), {"model_number_string": "Mü-1"}),
    ("system_id", "0102030405060708", {"system_id": "0102030405060708"}),
    ("pnp_id", "01310234121001", {"vendor_source": "bluetooth", "vendor": 0x0231, "product": 0x1234, "version": 0x110}),
    (
        "peripheral_preferred_connection_parameters",
        "0600ffff0000c800",
        {"interval_min": 7.5, "latency": 0, "timeout": 2000},
    ),
    ("alert_level", "02", {"alert_level": "high-alert"}),
    ("tx_power_level", "f4", {"tx_power_level": -12}),
    ("appearance", "4005", {"appearance": 1344}),
    ("date_time", "ea070b17090102", {"date_time": "2026-11-23T09:01:02"}),
    ("date_time", "00000b17090102", {}),
    ("current_time", "ea070b17090102018000", {"current_time": "2026-11-23T09:01:02"}),
    ("date_utc", "c85000", {"date_utc": "2026-08-15"}),
    ("time_zone", "04", {"time_zone": 60}),
    ("local_time_information", "0404", {"time_zone": 60, "dst_offset": 60}),
    ("heart_rate_measurement", "0048", {"heart_rate": 72}),
    (
        "heart_rate_measurement",
        "1f2c0164000002",
        {"heart_rate": 300, "contact": True, "energy_expended": 100, "rr_interval": 0.5},
    ),
    ("temperature_measurement", "006e0100ff", {"temperature": 36.6}),
    ("temperature_measurement", "01cf0300ff", {"temperature": 36.389}),
    ("temperature_measurement", "00ffff7f00", {}),
    ("temperature_measurement", "046e0100ff03", {"temperature": 36.6, "place": "ear"}),
    (
        "blood_pressure_measurement",
        "00780050005d00",
        {"systolic": 120.0, "diastolic": 80.0, "mean_arterial_pressure": 93.0},
    ),
    (
        "blood_pressure_measurement",
        "0da0f06bf07cf0480001",
        {"systolic": 120.0, "diastolic": 80.3, "mean_arterial_pressure": 93.0, "pulse_rate": 72.0, "user": 1},
    ),
    ("intermediate_cuff_pressure", "005000ff07ff07", {"cuff_pressure": 80.0}),
    ("plx_spot_check_measurement", "0061004800", {"spo2": 97.0, "pulse_rate": 72.0}),
    ("weight_measurement", "00983a", {"weight": 75.0}),
    ("weight_measurement", "01983a", {"weight": 68.039}),
    ("weight_measurement", "00ffff", {}),
    ("weight_measurement", "08983af500d606", {"weight": 75.0, "bmi": 24.5, "height": 1.75}),
    (
        "body_composition_measurement",
        "0006b400f401983a",
        {"body_fat": 18.0, "impedance": 50.0, "weight": 75.0},
    ),
    ("csc_measurement", "0301000000000402000004", {
        "wheel_revolutions": 1, "wheel_time": 1.0, "crank_revolutions": 2, "crank_time": 1.0,
    }),
    ("rsc_measurement", "0500035a7800", {"speed": 3.0, "cadence": 90, "running": True, "stride_length": 1.2}),
    ("cycling_power_measurement", "2000fa000a000004", {"power": 250, "crank_revolutions": 10, "crank_time": 1.0}),
    (
        "location_and_speed",
        "0500e803403a261f80b2b107",
        {"speed": 10.0, "latitude": 52.2599, "longitude": 12.9086},
    ),
    ("indoor_bike_data", "4400e803b400c800", {"speed": 10.0, "cadence": 90.0, "power": 200}),
    ("magnetic_flux_density_2d", "f4010cfe", {"x": 50.0, "y": -50.0}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "data", "wanted"), READ)
def test_bytes_mean_what_the_standard_says(name: str, data: str, wanted: dict[str, Value]) -> None:
    values = CHARACTERISTICS[name].decode(bytes.fromhex(data))
    assert {each: round(value, 4) if isinstance(value, float) else value for each, value in values.items()} == wanted


def test_the_newest_interval_between_beats_is_told() -> None:
    assert CHARACTERISTICS["heart_rate_measurement"].decode(bytes.fromhex("104800040002"))["rr_interval"] == 0.5


@pytest.mark.parametrize(("name", "data"), [each[:2] for each in READ if each[0] not in TEXTS])
def test_whatever_is_cut_off_is_undecodable(name: str, data: str) -> None:
    whole = bytes.fromhex(data)
    for length in range(len(whole)):
        with pytest.raises(Undecodable):
            CHARACTERISTICS[name].decode(whole[:length])


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("battery_level", "65"),
        ("humidity", "1127"),
        ("temperature", "660800"),
        ("temperature", "0190"),
        ("true_wind_direction", "a08c"),
        ("boolean", "02"),
        ("alert_level", "03"),
        ("device_name", "ff"),
        ("date_time", "ea070d17090102"),
        ("date_time", "01000117090102"),
        ("heart_rate_measurement", "004848"),
        ("heart_rate_measurement", "104801"),
        ("weight_measurement", "00983a00"),
        ("location_and_speed", "0400ffffff7f00000000"),
    ],
)
def test_what_can_not_be_is_undecodable(name: str, data: str) -> None:
    with pytest.raises(Undecodable):
        CHARACTERISTICS[name].decode(bytes.fromhex(data))


def test_what_a_newer_standard_may_add_behind_unknown_flags_is_passed_over() -> None:
    assert CHARACTERISTICS["weight_measurement"].decode(bytes.fromhex("10983a0102")) == {"weight": 75.0}


@pytest.mark.parametrize("name", sorted(CHARACTERISTICS))
@EACH
@given(data=st.data())
def test_whatever_the_bytes_a_value_is_of_its_kind_or_they_are_undecodable(name: str, data: st.DataObject) -> None:
    characteristic = CHARACTERISTICS[name]
    try:
        values = characteristic.decode(data.draw(st.binary(max_size=40)))
    except Undecodable:
        return
    for field, value in values.items():
        assert type(value) is TYPES[characteristic.fields[field].kind]
        assert not isinstance(value, float) or math.isfinite(value)


@pytest.mark.parametrize("name", ENCODABLE)
@EACH
@given(data=st.data())
def test_what_is_read_is_written_so_that_it_reads_the_same(name: str, data: st.DataObject) -> None:
    characteristic = CHARACTERISTICS[name]
    size = data.draw(st.sampled_from((1, 2, 3, 4, 7, 8, 10, 16, 24, 36)))
    try:
        values = characteristic.decode(data.draw(st.binary(min_size=size, max_size=size)))
    except Undecodable:
        return
    if values and characteristic.encode is not None:
        assert characteristic.decode(characteristic.encode(values)) == values


@pytest.mark.parametrize("data", ["0188", "0288", "fe87", "ff87", "0080", "ff7f"])
def test_numbers_that_look_like_none_are_some_where_they_have_an_exponent(data: str) -> None:
    ozone = CHARACTERISTICS["ozone_concentration"]
    assert ozone.encode is not None
    values = ozone.decode(bytes.fromhex(data))
    assert values
    assert ozone.decode(ozone.encode(values)) == values


@pytest.mark.parametrize("name", ENCODABLE)
@EACH
@given(value=st.booleans() | st.integers() | st.floats() | st.text())
def test_whatever_is_written_fits_or_is_refused(name: str, value: Value) -> None:
    characteristic = CHARACTERISTICS[name]
    assert characteristic.encode is not None
    try:
        written = characteristic.encode({name: value})
    except Unwritable:
        return
    read = characteristic.decode(written)
    assert isinstance(value, str) or name in read


@pytest.mark.parametrize(
    ("name", "value", "data"),
    [
        ("temperature", 21.5, "6608"),
        ("humidity", 50, "8813"),
        ("elevation", -10, "18fcff"),
        ("power", 1234.5, "393000"),
        ("alert_level", "mild-alert", "01"),
        ("boolean", True, "01"),
        ("device_name", "Tank 3", b"Tank 3".hex()),
        ("fixed_string_8", "abc", "6162630000000000"),
        ("current_time", "2026-11-23T10:01:02.5+01:00", "ea070b17090102018000"),
        ("date_utc", "1970-01-02", "010000"),
        ("ammonia_concentration", 1500, "9680"),
    ],
)
def test_values_are_written_as_the_standard_says(name: str, value: Value, data: str) -> None:
    encode = CHARACTERISTICS[name].encode
    assert encode is not None
    assert encode({name: value}).hex() == data


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("temperature", 400),
        ("temperature", "21"),
        ("power", 1677721.5),
        ("humidity", 100.1),
        ("percentage_8", True),
        ("alert_level", "loud"),
        ("device_name", 3),
        ("fixed_string_8", "123456789"),
        ("date_time", "tomorrow"),
        ("date_utc", "1969-12-31"),
        ("ammonia_concentration", 1e30),
        ("ammonia_concentration", math.nan),
    ],
)
def test_what_does_not_fit_is_refused(name: str, value: Value) -> None:
    encode = CHARACTERISTICS[name].encode
    assert encode is not None
    with pytest.raises(Unwritable):
        encode({name: value})


def test_another_fields_value_is_refused() -> None:
    encode = CHARACTERISTICS["temperature"].encode
    assert encode is not None
    with pytest.raises(Unwritable):
        encode({"humidity": 3})


def test_a_characteristic_is_found_by_its_uuid() -> None:
    assert by_uuid("00002a6e-0000-1000-8000-00805f9b34fb") == "temperature"
    assert by_uuid("0000ffff-0000-1000-8000-00805f9b34fb") is None
    assert len(set(CHARACTERISTIC_UUIDS.values())) == len(CHARACTERISTICS)


OURS = {0x2B8C: "co2_concentration", 0x2910: "observation_schedule", 0x2911: "valid_range_and_accuracy"}
"""Where BlueZ's list has typesetting in a name, or ends before it."""


@pytest.mark.parametrize(("name", "uuid"), [*SERVICES.items(), *CHARACTERISTIC_UUIDS.items(), *DESCRIPTORS.items()])
def test_names_and_numbers_are_those_of_bluez(name: str, uuid: int) -> None:
    theirs = re.sub(r"[ -]+", "_", uuid16_dict.get(uuid, "").lower().replace(".", ""))
    assert name in (re.sub(r"_(profile|service)$", "", theirs), theirs, OURS.get(uuid))


def test_single_values_are_called_like_their_characteristic() -> None:
    for name in ENCODABLE:
        assert list(CHARACTERISTICS[name].fields) == [name]


def test_methane_is_counted_in_parts_and_other_gases_are_weighed() -> None:
    units = {
        name: CHARACTERISTICS[f"{name}_concentration"].fields[f"{name}_concentration"].unit
        for name in ("methane", "ozone")
    }
    assert units == {"methane": "ppb", "ozone": "µg/m³"}


def test_a_power_that_is_not_valid_is_no_value() -> None:
    with pytest.raises(Undecodable):
        CHARACTERISTICS["power"].decode(bytes.fromhex("feffff"))
