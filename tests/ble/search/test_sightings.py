"""Who is heard in a search."""

from adapters.ble.config import BleDevice
from adapters.ble.decoders.contract import Decoder, Told
from adapters.ble.search.scope import Scope, scope_of
from adapters.ble.search.sightings import MOST, Sightings
from tests.ble.search.sighted import ADDRESS, Says, advert, sighted

OTHER = "A4:C1:38:00:00:01"
EVERYBODY = scope_of({})


def sightings(scope: Scope = EVERYBODY, **devices: BleDevice) -> tuple[Sightings, list[BleDevice]]:
    """And who was asked to be decoded."""
    asked: list[BleDevice] = []

    def make(device: BleDevice) -> Decoder:
        asked.append(device)
        return Says(None)

    owners = {device.address: (name,) for name, device in devices.items()}
    return Sightings(scope, devices, lambda address: owners.get(address, ()), make), asked


def device(address: str, **settings: object) -> BleDevice:
    return BleDevice.model_validate({"link": "l", "address": address, "decoder": "auto", **settings})


def test_a_device_is_one_however_often_it_is_heard() -> None:
    met, _ = sightings()
    for time_ms, rssi in ((1_000, -70), (2_000, -55), (3_000, -62)):
        met.hear(advert(time_ms=time_ms, rssi=rssi))
    (one,) = met.all()
    assert (one.adverts, one.period_s, one.strength) == (3, 1.0, (-62, -55))


def test_what_was_said_in_turns_is_kept_together() -> None:
    told = Says(Told("bthome", {"temperature": 21.5}), None, Told("bthome", {"humidity": 40.0, "temperature": 21.6}))
    one = sighted(
        advert(manufacturer={1: b"a"}),
        advert(services={"x": b"b"}, name="Cold"),
        advert(manufacturer={2: b"c"}),
        decoder=told,
    )
    assert one.values == {"temperature": 21.6, "humidity": 40.0}
    assert (one.manufacturer, one.services, one.name) == ({1: b"a", 2: b"c"}, {"x": b"b"}, "Cold")


def test_a_stranger_is_decoded_by_whoever_can_and_a_configured_device_as_it_is_configured() -> None:
    met, asked = sightings(own=device(ADDRESS, decoder="bthome", key="0" * 32))
    met.hear(advert(ADDRESS))
    met.hear(advert(OTHER))
    assert [(each.decoder, each.key is not None) for each in asked] == [("bthome", True), ("auto", False)]


def test_only_who_is_looked_for_is_kept() -> None:
    met, _ = sightings(scope_of({"address": OTHER}), own=device(ADDRESS))
    met.hear(advert(ADDRESS))
    met.hear(advert(OTHER))
    assert [each.address for each in met.all()] == [OTHER]
    assert list(met.missing()) == []


def test_configured_devices_that_are_not_heard_are_named() -> None:
    met, _ = sightings(own=device(ADDRESS), gone=device(OTHER))
    met.hear(advert(ADDRESS))
    assert list(met.missing()) == ["gone"]


def test_each_is_new_once() -> None:
    met, _ = sightings()
    met.hear(advert(ADDRESS))
    met.hear(advert(ADDRESS))
    assert [each.address for each in met.fresh()] == [ADDRESS]
    assert met.fresh() == []


def test_known_ones_come_first_then_what_is_decoded_then_the_strongest() -> None:
    met, _ = sightings(own=device(OTHER))
    met.hear(advert("A4:C1:38:00:00:02", rssi=-90))
    met.hear(advert("A4:C1:38:00:00:03", rssi=-40))
    met.hear(advert("A4:C1:38:00:00:04", rssi=-95, name="n"))
    met.hear(advert(OTHER, rssi=-99))
    met.all()[-1].values["temperature"] = 1.0  # the weakest stranger
    assert [each.address[-1] for each in met.all()] == ["1", "2", "4", "3"]


def test_addresses_are_bounded_and_those_left_out_are_counted() -> None:
    met, _ = sightings()
    for number in range(MOST + 5):
        met.hear(advert(f"C0:00:00:00:{number >> 8:02X}:{number & 0xFF:02X}"))
    assert (len(met), met.dropped, len(met.fresh())) == (MOST, 5, MOST)
