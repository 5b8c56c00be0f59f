"""What a search is asked for."""

from typing import Any

import pytest

from adapters.ble.search.scope import LISTEN_S, scope_of
from gateway.adapter import Rejected


def test_a_search_listens_to_everybody_for_ten_seconds_unless_it_is_told_otherwise() -> None:
    assert scope_of({}) == (LISTEN_S, frozenset())
    assert scope_of({}).wants("AA:BB:CC:DD:EE:01")


def test_a_search_may_be_for_some_and_for_longer() -> None:
    scope = scope_of({"listen": "1min", "address": "aa-bb-cc-dd-ee-01, AA:BB:CC:DD:EE:02"})
    assert scope.listen_s == 60
    assert scope.wants("AA:BB:CC:DD:EE:01")
    assert not scope.wants("AA:BB:CC:DD:EE:03")


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"listen": "10"}, "must be a duration, like 500ms"),
        ({"listen": 10}, "did you mean '10s'"),
        ({"listen": "0s"}, "longer than zero"),
        ({"listen": "2h"}, "at most 1h"),
        ({"address": "AA:BB"}, "six pairs"),
        ({"address": 7}, "must be a text"),
        ({"units": "1"}, "no 'units'"),
    ],
)
def test_options_that_make_no_sense_are_refused(options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(Rejected, match=sentence) as caught:
        scope_of(options)
    assert caught.value.reason == "malformed"
