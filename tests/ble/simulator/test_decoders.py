"""What is forged is what the gateway's own decoders read: the two were written apart from each other."""

from collections.abc import Mapping

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from adapters.ble.advert import Advert
from adapters.ble.decoders.contract import Decoder, Refusal, Refused, Told
from adapters.ble.decoders.identity import resolves
from adapters.ble.decoders.make import decoder_called
from adapters.ble.quantities import quantity_of
from adapters.ble.simulator.forge.format import Format, Packet, Teller
from adapters.ble.simulator.forge.make import FORMATS, SEALED
from adapters.ble.simulator.forge.private import private_address
from gateway.model import Value
from gateway.values import Unwritable
from tests.support.examples import examples

ADDRESS = "A4:C1:38:11:22:33"
TELLER = Teller(bytes.fromhex(ADDRESS.replace(":", "")))
KEY = bytes.fromhex("231d39c1d7cc1ab1aee224cd096db932")

VALUES: st.SearchStrategy[Value] = st.one_of(
    st.floats(-40, 120),
    st.floats(500, 1100),
    st.integers(0, 100),
    st.booleans(),
    st.sampled_from(["press", "hold_press"]),
)


class Memory(dict[str, int]):
    """What a decoder keeps."""

    def keep(self, name: str, number: int) -> None:
        self[name] = number


def decoder(name: str, key: bytes | None = None) -> Decoder:
    return decoder_called(name, ADDRESS, key, Memory())


def advert(packet: Packet) -> Advert:
    return Advert(ADDRESS, 0, -60, packet.name, None, packet.manufacturer, packet.services)


def decoded(by: Decoder, packets: tuple[Packet, ...]) -> dict[str, Value]:
    found: dict[str, Value] = {}
    for packet in packets:
        told = by.decode(advert(packet))
        assert isinstance(told, Told), told
        found.update(told.values)
    return found


def held(made: Format, drawn: Mapping[str, Value]) -> dict[str, Value]:
    """Those that can be told, as they are told."""
    found = {}
    for name, value in drawn.items():
        field = made.field(name)
        assert field is not None
        try:
            found[name] = field.held(value)
        except Unwritable:
            continue
    return found


def some_of(made: Format) -> st.SearchStrategy[dict[str, Value]]:
    return st.dictionaries(st.sampled_from(sorted(made.fields)), VALUES, min_size=1, max_size=12)


@pytest.mark.parametrize("auto", [False, True], ids=["by name", "by auto"])
@pytest.mark.parametrize("name", FORMATS)
@settings(max_examples=examples(40))
@given(data=st.data(), count=st.integers(0, 2**34))
def test_what_is_told_is_what_is_decoded(name: str, auto: bool, data: st.DataObject, count: int) -> None:
    made = FORMATS[name]
    told = held(made, {**made.begins, **data.draw(some_of(made))})
    assume(told)
    found = decoded(decoder("auto" if auto else name), made.write(TELLER, told, count))
    assert {each: found[each] for each in told} == pytest.approx(told)


@pytest.mark.parametrize("name", SEALED)
@given(data=st.data(), count=st.integers(0, 2**32 - 100))
def test_what_is_encrypted_is_decoded_with_its_key_and_refused_with_another(
    name: str, data: st.DataObject, count: int
) -> None:
    made = SEALED[name]
    told = held(made, data.draw(some_of(made)))
    assume(told)
    found = decoded(decoder(name, KEY), made.write(TELLER._replace(key=KEY), told, count))
    assert {each: found[each] for each in told} == pytest.approx(told)
    for packet in made.write(TELLER._replace(key=bytes(16)), told, count):
        refused = decoder(name, KEY).decode(advert(packet))
        assert isinstance(refused, Refused)
        assert refused.why is Refusal.WRONG_KEY


@pytest.mark.parametrize("name", FORMATS)
def test_all_that_is_told_has_a_name_that_people_know_and_its_kind(name: str) -> None:
    for each in FORMATS[name].fields:
        assert quantity_of(each), each


def test_a_packet_that_was_sent_before_is_known_as_such() -> None:
    known, made = decoder("bthome", KEY), SEALED["bthome"]
    said = [made.write(TELLER._replace(key=KEY), {"temperature": 20.0}, 1000 + number)[0] for number in range(3)]
    assert all(isinstance(known.decode(advert(packet)), Told) for packet in said)
    again = known.decode(advert(said[0]))
    assert isinstance(again, Refused)
    assert again.why is Refusal.REPLAYED


@given(random=st.binary(min_size=3, max_size=3))
def test_a_private_address_is_resolved_with_its_key_alone(random: bytes) -> None:
    address = private_address(KEY, random)
    assert resolves(KEY, address)
    assert not resolves(bytes(16), address)
