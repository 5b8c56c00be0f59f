"""What is told of who was heard, and what is to be pasted."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.ble.decoders.contract import Refusal, Refused, Told
from adapters.ble.quantities import DECODED
from adapters.ble.search.address import AddressKind, kind_of
from adapters.ble.search.report import told
from gateway import plugins
from gateway.cli.scan.ble import says, stanza
from gateway.cli.scan.radios import Meant
from gateway.config import load
from tests.ble.search.sighted import Says, advert, sighted
from tests.support.examples import examples

BTHOME = "0000fcd2-0000-1000-8000-00805f9b34fb"
LONG = "6e400001-b5a3-f393-e0a9-e50e24dcca9e"
CATALOG = plugins.catalog()
SITE = "version: 1\ngateway: {id: g}\nendpoints: {cloud: {type: mqtt, url: 'mqtt://b'}}\n"


def pasted(*found: dict[str, Any]) -> str:
    """A site with what is printed, put where it says."""
    sections = "\n".join(stanza(Meant(None, "00:1A:7D:DA:71:13"), found)).split("\n# into ")
    parts = [part.split("\n", 1) for part in sections if "\n" in part]
    return SITE + "".join(f"{head.split(':')[0]}:\n{indented(body)}\n" for head, body in parts)


def indented(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.splitlines())


def checked(text: str) -> Any:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "gateway.yaml"
        path.write_text(text)
        site = load(path, CATALOG, {})
    assert [each.render() for each in site.warnings] == []
    return site.links["radio"].devices


def test_what_is_decoded_has_its_values_with_units() -> None:
    found = told(
        sighted(advert(name="Cold room"), decoder=Says(Told("bthome", {"temperature": 21.5, "battery": 97}))), None
    )
    assert found["values"] == {"temperature": {"value": 21.5, "unit": "°C"}, "battery": {"value": 97, "unit": "%"}}
    assert found["config"]["points"] == {"temperature": {}, "battery": {}, "rssi": {}}
    assert says(found) == "temperature 21.5 °C, battery 97 %"
    (device,) = checked(pasted(found)).values()
    assert (device.decoder, list(device.points)) == ("bthome", ["temperature", "battery", "rssi"])


def test_of_who_is_understood_and_has_not_told_a_value_yet_all_is_learned() -> None:
    sealed = Refused("xiaomi", Refusal.ENCRYPTED, "it is encrypted")
    found = told(sighted(advert(), advert(), decoder=Says(Told("xiaomi", {}), sealed)), None)
    assert found["config"] == {"address": found["address"], "decoder": "xiaomi"}
    assert found["encrypted"]
    learned = told(
        sighted(advert(), advert(), decoder=Says(Told("xiaomi", {"humidity": 1.0}), Told("xiaomi", {}))), None
    )
    assert learned["config"]["points"] == {"humidity": {}, "rssi": {}}


def test_several_decoders_of_one_device_are_found_anew_by_auto() -> None:
    found = told(sighted(advert(), decoder=Says(Told("ibeacon+ruuvi", {"temperature": 1.0}))), None)
    assert found["config"]["decoder"] == "auto"


def test_an_encrypted_device_says_which_key_it_wants_and_can_be_pasted_without() -> None:
    refused = Refused("xiaomi", Refusal.ENCRYPTED, "it is encrypted")
    found = told(sighted(advert(name="Door"), decoder=Says(refused)), None)
    assert (found["encrypted"], found["key"]) == (True, "32 hex digits or 24 hex digits")
    text = pasted(found)
    assert '# encrypted: add key: "${secret:door-key}", 32 hex digits or 24 hex digits' in text
    (device,) = checked(text).values()
    assert (device.decoder, device.key) == ("xiaomi", None)


def test_what_nobody_decodes_is_shown_in_hex_and_can_be_read_by_its_bytes() -> None:
    found = told(sighted(advert(manufacturer={0x0499: bytes(range(20))}, services={BTHOME: b"\x40"})), None)
    assert found["manufacturer"] == {"0x0499": {"company": "Ruuvi", "data": bytes(range(20)).hex()}}
    assert found["services"] == {"fcd2": "40"}
    assert says(found) == "0x0499 Ruuvi: 000102030405060708090a0b..., fcd2: 40"
    text = pasted(found)
    assert "data: {manufacturer: 0x0499, length: 20}" in text
    assert checked(text)["ble-565384"].data.manufacturer == 0x0499


def test_who_says_nothing_is_there_at_least() -> None:
    found = told(sighted(advert(uuids=("0000180f-0000-1000-8000-00805f9b34fb", LONG))), None)
    assert found["offers"] == ["battery_service", LONG]
    assert list(checked(pasted(found))["ble-565384"].points) == ["present", "rssi"]


def test_a_configured_device_is_not_to_be_pasted_again() -> None:
    found = told(sighted(advert(), owners=("cold-room",)), None)
    assert found["device"] == "cold-room"
    assert list(stanza(Meant("radio"), [found])) == []


@pytest.mark.parametrize(
    ("address", "type_", "kind"),
    [
        ("5A:00:00:00:00:01", "random", AddressKind.PRIVATE),
        ("1A:00:00:00:00:01", "random", AddressKind.PASSING),
        ("DA:00:00:00:00:01", "random", AddressKind.STATIC),
        ("5A:00:00:00:00:01", "public", AddressKind.PUBLIC),
        ("5A:00:00:00:00:01", None, None),
    ],
)
def test_what_kind_an_address_is_of_is_told(address: str, type_: str | None, kind: AddressKind | None) -> None:
    assert kind_of(address, type_) is kind


@pytest.mark.parametrize("kind", [AddressKind.PRIVATE, AddressKind.PASSING])
def test_an_address_that_will_not_last_is_not_to_be_pasted(kind: AddressKind) -> None:
    found = told(sighted(advert()), kind)
    assert "config" not in found
    assert any("changes" in note for note in found["notes"])


def test_a_device_that_is_hardly_heard_is_told_so() -> None:
    assert "weakly" in told(sighted(advert(rssi=-95)), None)["notes"][0]
    assert told(sighted(advert(rssi=-95), advert(rssi=-80)), None).get("notes") is None


@settings(max_examples=examples(50))  # each is a whole configuration
@given(
    names=st.lists(st.text(max_size=50), min_size=1, max_size=4),
    manufacturer=st.dictionaries(st.integers(0, 0xFFFF), st.binary(max_size=27), max_size=2),
    services=st.dictionaries(st.sampled_from([BTHOME, LONG]), st.binary(max_size=27), max_size=2),
    values=st.sets(st.sampled_from(sorted(DECODED)), max_size=5),
    decoder=st.sampled_from(["bthome", "inkbird", "xiaomi", "govee+ibeacon", "somebody"]),
    refusal=st.sampled_from([None, *Refusal]),
)
def test_what_is_pasted_passes_check_whatever_was_heard(
    *,
    names: list[str],
    manufacturer: dict[int, bytes],
    services: dict[str, bytes],
    values: set[str],
    decoder: str,
    refusal: Refusal | None,
) -> None:
    said = Told(decoder, dict.fromkeys(values, 1)) if values else None
    answer = Refused(decoder, refusal, "so it is") if refusal is not None else said
    found = [
        told(
            sighted(
                advert(f"A4:C1:38:00:00:{number:02}", name=name, manufacturer=manufacturer, services=services),
                decoder=Says(answer),
            ),
            None,
        )
        for number, name in enumerate(names)
    ]
    assert len(checked(pasted(*found))) == len(names)
