"""What a search is asked to try."""

from typing import Any

import pytest

from adapters.serial.search.scope import BAUDRATES, LISTEN_S, Scope, is_as_set, scope_of
from adapters.serial.search.setting import Setting
from gateway.adapter import Rejected

OWN = Setting(1200, 7, "even")


def scope(can_be_set: bool = True, **options: Any) -> Scope:
    return scope_of(options, can_be_set=can_be_set, own=OWN)


def test_usual_speeds_are_tried_without_parity_first() -> None:
    found = scope()

    assert [each.name for each in found.settings[:2]] == ["9600 8N1", "115200 8N1"]
    assert found.settings[len(BAUDRATES)].name == "9600 8E1"
    assert found.total_s == LISTEN_S * 2 * len(BAUDRATES)


def test_speeds_and_formats_can_be_named() -> None:
    found = scope(baudrate="300,9600", format="7E1, 8N2", listen="500ms")

    assert [each.name for each in found.settings] == ["300 7E1", "9600 7E1", "300 8N2", "9600 8N2"]
    assert found.listen_s == 0.5


def test_as_set_is_the_links_own_setting() -> None:
    assert scope(as_set=True).settings == (OWN,)
    assert is_as_set({"as_set": True})
    assert not is_as_set({})


def test_where_no_speed_can_be_set_none_is_tried() -> None:
    assert scope(can_be_set=False).settings == (Setting(None),)


@pytest.mark.parametrize(("options", "words"), [
    ({"units": "1"}, "no 'units'"),
    ({"as_set": "yes"}, "as_set is true or false"),
    ({"as_set": True, "baudrate": "9600"}, "choose"),
    ({"baudrate": "fast"}, "baudrate must be numbers"),
    ({"baudrate": "9600,10"}, "10 is none; they are 50 to 4000000"),
    ({"baudrate": True}, "must be a text"),
    ({"format": "9N1"}, "'9N1' is no format"),
    ({"listen": 5}, "has no unit"),
    ({"listen": "2h"}, "at most 1h"),
    ({"listen": "0s"}, "longer than zero"),
    ({"baudrate": ",".join(str(n) for n in range(300, 340)), "format": "8N1,7E1"}, "at most 64 settings"),
])  # fmt: skip
def test_what_makes_no_sense_is_refused(options: dict[str, Any], words: str) -> None:
    with pytest.raises(Rejected) as caught:
        scope(**options)

    assert words in caught.value.detail


def test_a_speed_that_means_nothing_is_refused() -> None:
    with pytest.raises(Rejected) as caught:
        scope(can_be_set=False, baudrate="9600")

    assert "can't be set from here" in caught.value.detail


def test_a_setting_is_written_as_the_configuration_has_it() -> None:
    assert Setting(9600).written() == {"baudrate": 9600}
    assert OWN.written() == {"baudrate": 1200, "data_bits": 7, "parity": "even"}
    assert Setting(None, 7, "even").written() == {}
