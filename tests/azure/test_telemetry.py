"""What the topic says of each message: the same whatever is sent again, and never more than was counted with."""

import json

from hypothesis import given
from hypothesis import strategies as st

from gateway.endpoints.azure_iot_hub.telemetry import Telemetry
from gateway.endpoints.contract import Message
from gateway.endpoints.payload import Format, encoder_for
from gateway.model import DeviceState, DeviceStatus
from tests.support.iothub import bag
from tests.support.iothub.bag import Bag

IDS = st.from_regex(r"[A-Za-z0-9_-]{1,64}", fullmatch=True)
FORMATS = st.sampled_from(["fieldgate", "cloudevents"])
SESSION, TIME_MS, TIME = 1_763_888_462, 1_763_888_462_345, "2025-11-23T09:01:02.345Z"


def told(topic: str) -> Bag:
    """Raises what the hub would close the connection for."""
    return bag.decoded(topic.removeprefix("devices/box/messages/events/"))


def reading(form: Format, gateway: str, stream: str, seq: int, device: str, *, synced: bool = True) -> bytes:
    encoder = encoder_for(form, gateway, stream, SESSION, synced=synced)
    return encoder.reading(seq, device, TIME_MS, {"t": 1.5, 'x"stream': "y"}, {})


@given(FORMATS, IDS, IDS, IDS, st.integers(1, 10**12))
def test_of_one_envelope_it_tells_identity_time_and_whose_it_is(
    form: Format, gateway: str, stream: str, device: str, seq: int
) -> None:
    payload = reading(form, gateway, stream, seq, device)
    found = told(Telemetry("devices/box", gateway, per_device=True).alone(Message(1, "reading", device, payload)))
    content = "application/cloudevents+json" if form == "cloudevents" else "application/json"
    assert found.system == {
        "content-type": content,
        "content-encoding": "utf-8",
        "message-id": f"{stream}-{SESSION}-{seq}",
    }
    assert found.properties == {
        "kind": "reading",
        "gateway": gateway,
        "device": device,
        "iothub-creation-time-utc": TIME,
    }


@given(FORMATS, st.tuples(IDS, IDS, IDS), st.booleans(), st.integers(1, 10**12))
def test_properties_are_never_larger_than_was_counted_with(
    form: Format, names: tuple[str, str, str], per_device: bool, seq: int
) -> None:
    gateway, stream, device = names
    telemetry = Telemetry("devices/box", gateway, per_device=per_device)
    payload = b"[%b]" % reading(form, gateway, stream, seq, device)
    found = told(telemetry.together(device if per_device else "", payload))
    assert found.size <= telemetry.property_bytes < 600
    assert ("device" in found.properties) is per_device


@given(st.lists(st.integers(1, 50), min_size=1, unique=True), st.lists(st.integers(1, 50), min_size=1, unique=True))
def test_an_array_has_the_same_message_id_only_where_it_is_the_same(one: list[int], other: list[int]) -> None:
    """Else a consumer that has had the shorter one would throw away what came with the longer one."""
    telemetry = Telemetry("devices/box", "gw", per_device=True)

    def name(seqs: list[int]) -> str:
        payload = b"[%b]" % b",".join(reading("fieldgate", "gw", "hub", seq, "boiler") for seq in seqs)
        return told(telemetry.together("boiler", payload)).system["message-id"]

    assert (name(one) == name(other)) is (one == other)
    assert name(one) == name(one)


def test_a_time_of_a_clock_that_was_wrong_is_no_creation_time() -> None:
    telemetry = Telemetry("devices/box", "gw", per_device=True)
    payload = reading("fieldgate", "gw", "hub", 7, "boiler", synced=False)
    assert b'"clock":"unsynced"' in payload
    found = told(telemetry.alone(Message(1, "reading", "boiler", payload)))
    assert "iothub-creation-time-utc" not in found.properties
    assert found.system["message-id"] == f"hub-{SESSION}-7"


def test_other_kinds_are_told_apart_and_the_gateways_own_names_no_device() -> None:
    telemetry = Telemetry("devices/box", "gw", per_device=True)
    encoder = encoder_for("fieldgate", "gw", "hub", SESSION)
    status = encoder.device_status(8, TIME_MS, DeviceStatus("boiler", DeviceState.ONLINE, TIME_MS))
    found = told(telemetry.alone(Message(1, "status", "boiler", status)))
    assert (found.properties["kind"], found.properties["device"]) == ("status", "boiler")
    own = encoder.gateway_status(9, TIME_MS, "online", {})
    found = told(telemetry.alone(Message(1, "status", "", own)))
    assert (found.system["message-id"], found.properties.get("device")) == (f"hub-{SESSION}-9", None)


def test_a_will_has_no_identity() -> None:
    found = told(Telemetry("devices/box", "gw", per_device=True).will(json.dumps({"kind": "status"}).encode()))
    assert found.properties == {"kind": "status", "gateway": "gw"}
    assert "message-id" not in found.system


def test_a_word_on_a_device_goes_behind_its_readings_and_the_gateways_own_behind_none() -> None:
    apart, mixed = (Telemetry("devices/box", "gw", per_device=each) for each in (True, False))
    of_device, of_gateway = Message(1, "status", "boiler", b"{}"), Message(2, "status", "", b"{}")
    assert (apart.behind(of_device), mixed.behind(of_device)) == ("boiler", "")
    assert (apart.behind(of_gateway), mixed.behind(of_gateway)) == (None, None)
    own = Message(3, "reading", "boiler", b"{}")
    assert (apart.group_of(own), mixed.group_of(own), apart.group_of(of_device)) == ("boiler", "", None)
