from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import EntryPoint
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from adapters.ble.advert import Advert
from adapters.ble.config import BleDevice, decoder
from adapters.ble.config.decoder import FAMILIES
from adapters.ble.decoders.auto import AutoDecoder
from adapters.ble.decoders.contract import Refusal, Refused, Told
from adapters.ble.decoders.library import LibraryDecoder
from adapters.ble.decoders.make import OWN, decoder_called, decoder_of
from adapters.ble.decoders.stranger import StrangerDecoder
from gateway.adapter import PermanentError
from tests.ble.decoders.captured import CAPTURED
from tests.ble.decoders.told import Notebook, manufacturer, told

HEARD = manufacturer(1, "2a")


def device(**given: Any) -> BleDevice:
    return BleDevice.model_validate({"link": "radio", "address": "AA:BB:CC:DD:EE:FF", **given})


class Theirs:
    def __init__(self, address: str | None, key: bytes | None, memory: Notebook) -> None:
        self.made = (address, key, memory)

    def decode(self, advert: Advert, /) -> Told | Refused | None:
        number = advert.manufacturer[1][0]
        return Told("theirs", {"count": number})


class Odd(Theirs):
    def decode(self, advert: Advert, /) -> Any:
        return {"count": 1}


class Unmakable:
    pass


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    points = [
        EntryPoint("theirs", f"{__name__}:Theirs", decoder.GROUP),
        EntryPoint("odd", f"{__name__}:Odd", decoder.GROUP),
        EntryPoint("unmakable", f"{__name__}:Unmakable", decoder.GROUP),
        EntryPoint("gone", "no.such.module:It", decoder.GROUP),
        EntryPoint("govee", f"{__name__}:Theirs", decoder.GROUP),
    ]
    monkeypatch.setattr(decoder, "entry_points", lambda group: points if group == decoder.GROUP else [])
    decoder.installed.cache_clear()
    yield
    decoder.installed.cache_clear()


def test_a_device_has_the_decoder_that_it_names() -> None:
    memory = Notebook()
    for name in (*OWN, *FAMILIES):
        made = decoder_of(device(decoder=name), memory)
        assert type(made).__name__.lower() == f"{'library' if name in FAMILIES else name}decoder"


def test_a_device_whose_points_are_told_by_someone_has_all_decoders() -> None:
    assert isinstance(decoder_of(device(points={"temperature": {}}), Notebook()), AutoDecoder)
    assert isinstance(decoder_of(device(decoder="auto"), Notebook()), AutoDecoder)


def test_a_device_whose_points_come_from_elsewhere_has_none() -> None:
    assert decoder_of(device(points={"battery": {"characteristic": "battery_level"}}), Notebook()) is None


def test_its_key_opens_what_is_encrypted() -> None:
    captured = next(each for each in CAPTURED if each.key)
    made = decoder_of(device(decoder="xiaomi", key=captured.key), Notebook())
    assert made is not None
    assert told(made, captured.advert).values == captured.says


def test_an_unknown_decoder_is_refused_with_the_one_that_may_be_meant() -> None:
    with pytest.raises(ValidationError, match='no decoder is called "Gove" - did you mean "govee"'):
        device(decoder="Gove")
    with pytest.raises(ValidationError, match='no decoder is called "xyzzy" - "auto" finds out'):
        device(decoder="xyzzy")


def test_editors_are_offered_every_decoder(installed: None) -> None:
    offered = str(BleDevice.model_json_schema())
    assert all(f"'{name}'" in offered for name in ("auto", "bthome", "thermopro", "theirs"))


def test_decoders_of_other_packages_are_taken_by_their_name(installed: None) -> None:
    made = decoder_of(device(decoder="theirs", key="00" * 16), Notebook())
    assert made is not None
    assert made.decode(HEARD) == Told("theirs", {"count": 0x2A})
    assert told(decoder_called("auto", None, None, Notebook()), HEARD).decoder == "theirs"


def test_what_is_built_in_can_not_be_replaced(installed: None) -> None:
    assert isinstance(decoder_called("govee", None, None, Notebook()), LibraryDecoder)


def test_a_stranger_that_fails_or_answers_oddly_refuses(installed: None) -> None:
    failing = decoder_called("theirs", None, None, Notebook()).decode(manufacturer(2, ""))
    assert failing == Refused("theirs", Refusal.MALFORMED, "decoder theirs failed: KeyError(1)")
    odd = decoder_called("odd", None, None, Notebook()).decode(HEARD)
    assert odd == Refused("odd", Refusal.MALFORMED, "decoder odd failed: it gave dict")


ANYTHING = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary() | st.tuples()
TOLD = st.builds(
    Told,
    decoder=ANYTHING | st.just("odd"),
    values=st.dictionaries(ANYTHING, ANYTHING) | st.dictionaries(st.text(), st.integers() | st.text()) | ANYTHING,
    counter=ANYTHING | st.integers(0, 255),
    wraps=ANYTHING | st.just(256),
    model=ANYTHING,
    unknown=ANYTHING | st.just(0),
    is_sporadic=ANYTHING,
    absent=ANYTHING | st.tuples(st.text()),
)
REFUSED = st.builds(Refused, decoder=ANYTHING, why=ANYTHING | st.sampled_from(Refusal), text=ANYTHING)


class Says:
    def __init__(self, answer: Any) -> None:
        self.answer = answer

    def decode(self, _advert: Advert, /) -> Any:
        return self.answer


@given(TOLD | REFUSED | ANYTHING)
def test_whatever_a_stranger_answers_what_comes_of_it_is_what_the_contract_says(answer: Any) -> None:
    said = StrangerDecoder("odd", Says(answer)).decode(HEARD)
    if isinstance(said, Told):
        assert said is answer
        assert all(type(value) in (bool, int, float, str) for value in said.values.values())
        assert said.counter is None or 0 <= said.counter < said.wraps
    elif said is not None:
        assert isinstance(said, Refused)
        assert isinstance(said.why, Refusal)


def test_what_is_wrong_with_a_strangers_answer_is_named() -> None:
    said = StrangerDecoder("odd", Says(Told("odd", {"count": b"1"}))).decode(HEARD)  # type: ignore[dict-item]
    assert isinstance(said, Refused)
    assert said.text.startswith("decoder odd failed: it gave Expected `")


@pytest.mark.parametrize("name", ["unmakable", "gone"])
def test_a_stranger_that_can_not_be_made_parks_the_link_that_names_it(installed: None, name: str) -> None:
    with pytest.raises(PermanentError, match=f"decoder '{name}' .* can't be used"):
        decoder_called(name, None, None, Notebook())


def test_a_decoder_that_has_gone_since_parks_the_link() -> None:
    with pytest.raises(PermanentError, match="is not installed"):
        decoder_called("theirs", None, None, Notebook())
