"""Names of services and descriptors (Bluetooth SIG, Assigned Numbers, 3.4.2 and 3.7). Pure."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from types import MappingProxyType

SERVICES: Mapping[str, int] = MappingProxyType(
    {
        "generic_access": 0x1800,
        "generic_attribute": 0x1801,
        "immediate_alert": 0x1802,
        "link_loss": 0x1803,
        "tx_power": 0x1804,
        "current_time": 0x1805,
        "reference_time_update": 0x1806,
        "next_dst_change": 0x1807,
        "glucose": 0x1808,
        "health_thermometer": 0x1809,
        "device_information": 0x180A,
        "heart_rate": 0x180D,
        "phone_alert_status": 0x180E,
        "battery_service": 0x180F,
        "blood_pressure": 0x1810,
        "alert_notification": 0x1811,
        "human_interface_device": 0x1812,
        "scan_parameters": 0x1813,
        "running_speed_and_cadence": 0x1814,
        "automation_io": 0x1815,
        "cycling_speed_and_cadence": 0x1816,
        "cycling_power": 0x1818,
        "location_and_navigation": 0x1819,
        "environmental_sensing": 0x181A,
        "body_composition": 0x181B,
        "user_data": 0x181C,
        "weight_scale": 0x181D,
        "bond_management": 0x181E,
        "continuous_glucose_monitoring": 0x181F,
        "internet_protocol_support": 0x1820,
        "indoor_positioning": 0x1821,
        "pulse_oximeter": 0x1822,
        "http_proxy": 0x1823,
        "transport_discovery": 0x1824,
        "object_transfer": 0x1825,
        "fitness_machine": 0x1826,
        "mesh_provisioning": 0x1827,
        "mesh_proxy": 0x1828,
        "reconnection_configuration": 0x1829,
        "insulin_delivery": 0x183A,
        "binary_sensor": 0x183B,
        "emergency_configuration": 0x183C,
        "authorization_control": 0x183D,
        "physical_activity_monitor": 0x183E,
        "elapsed_time": 0x183F,
        "generic_health_sensor": 0x1840,
        "audio_input_control": 0x1843,
        "volume_control": 0x1844,
        "volume_offset_control": 0x1845,
        "device_time": 0x1847,
        "constant_tone_extension": 0x184A,
        "microphone_control": 0x184D,
        "electronic_shelf_label": 0x1857,
    }
)

DESCRIPTORS: Mapping[str, int] = MappingProxyType(
    {
        "characteristic_extended_properties": 0x2900,
        "characteristic_user_description": 0x2901,
        "client_characteristic_configuration": 0x2902,
        "server_characteristic_configuration": 0x2903,
        "characteristic_presentation_format": 0x2904,
        "characteristic_aggregate_format": 0x2905,
        "valid_range": 0x2906,
        "external_report_reference": 0x2907,
        "report_reference": 0x2908,
        "number_of_digitals": 0x2909,
        "value_trigger_setting": 0x290A,
        "environmental_sensing_configuration": 0x290B,
        "environmental_sensing_measurement": 0x290C,
        "environmental_sensing_trigger_setting": 0x290D,
        "time_trigger_setting": 0x290E,
        "complete_br_edr_transport_block_data": 0x290F,
        "observation_schedule": 0x2910,
        "valid_range_and_accuracy": 0x2911,
    }
)


def hint(text: str, known: Iterable[str]) -> str:
    """The nearest names, or some."""
    names = list(known)
    near = difflib.get_close_matches(text, names, 2) or names[:2]
    return f"a standard name, like {' or '.join(near)}"
