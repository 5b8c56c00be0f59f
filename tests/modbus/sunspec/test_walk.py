from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.modbus.sunspec.walk import BASES, MAX_MODELS, MAX_POINTS, NoSunSpec
from tests.modbus.sunspec.images import COMMON, INVERTER, MARK, Device, chain, found_on, inverter, model

ADDRESSES = 65536
WORDS = st.integers(0, 0xFFFF)
VENDOR = [64999, 3, 1, 2, 3]


@pytest.mark.parametrize("base", BASES)
def test_the_chain_is_found_where_it_may_begin(base: int) -> None:
    found = found_on(Device(inverter(), base))

    assert (found.base, [each.id for each in found.models], found.flaws) == (base, [1, 103], ())


def test_a_chain_that_begins_elsewhere_is_found_there_if_told_so() -> None:
    assert found_on(Device(inverter(), 40069), bases=(40069,)).base == 40069


def test_registers_without_the_mark_are_no_sunspec_device() -> None:
    with pytest.raises(NoSunSpec, match="40000, 50000, 0"):
        found_on(Device([0] * 1000))


def test_each_model_is_where_its_header_is() -> None:
    found = found_on(Device(inverter(), 40000))

    assert [(each.address, each.length) for each in found.models] == [(40002, 66), (40070, 50)]


def test_only_points_that_are_implemented_are_found() -> None:
    _, model_103 = found_on(Device(inverter())).models

    assert "W" in model_103.points
    assert "AphB" not in model_103.points


def test_a_point_whose_scale_factor_is_not_implemented_is_left_out_and_told() -> None:
    found = found_on(Device(inverter(Hz_SF=None)))

    assert "Hz" not in found.models[1].points
    assert found.flaws == ("model 103 at 70: left out what has no scale factor: Hz",)


def test_models_without_a_definition_are_passed_over_and_named_once() -> None:
    found = found_on(Device(chain(model(1, COMMON), VENDOR, VENDOR, model(103, INVERTER))))

    assert [each.id for each in found.models] == [1, 103]
    assert found.unknown == (64999,)


def test_the_registers_of_an_unknown_model_are_not_read() -> None:
    there = Device(chain(VENDOR))

    found_on(there)

    assert not any(look.address <= 4 < look.address + look.size for look in there.looks[1:-1])


def test_an_end_of_one_register_is_an_end() -> None:
    found = found_on(Device(chain(model(1, COMMON), end=[0xFFFF])))

    assert [each.id for each in found.models] == [1]
    assert found.flaws == ()


def test_without_an_end_what_was_found_counts_and_the_lack_is_told() -> None:
    found = found_on(Device(chain(model(1, COMMON), end=[])))

    assert [each.id for each in found.models] == [1]
    assert "refuses the next one's header at 70" in found.flaws[0]


def test_a_length_beyond_the_last_address_ends_the_chain_and_is_told() -> None:
    found = found_on(Device(chain(model(1, COMMON), [103, 0xFFF0])))

    assert [each.id for each in found.models] == [1]
    assert "103 with 65520 registers" in found.flaws[0]


def test_zeros_after_the_mark_are_no_models() -> None:
    found = found_on(Device([*MARK, *[0] * 1000]))

    assert found.models == ()
    assert "there is no model" in found.flaws[0]


def test_a_chain_without_end_is_left_after_so_many_models() -> None:
    found = found_on(Device([*MARK, *[64999, 0] * 2000]))

    assert f"more than {MAX_MODELS} models" in found.flaws[0]


def test_a_model_that_is_refused_costs_only_its_own_points() -> None:
    there = Device(inverter())
    there.refuses = set(range(4, 70))

    found = found_on(there)

    assert [(each.id, bool(each.points)) for each in found.models] == [(1, False), (103, True)]
    assert "model 1 at 2" in found.flaws[0]


def test_no_more_is_read_at_once_than_the_device_allows() -> None:
    there = Device(inverter())

    found = found_on(there, most=16)

    assert max(look.size for look in there.looks) == 16
    assert found.models == found_on(Device(inverter())).models


def test_texts_that_are_too_long_for_one_request_are_left_out_and_told() -> None:
    found = found_on(Device(inverter()), most=8)

    assert found.models[0].points == ("Vr",)
    assert found.flaws == ("model 1 at 2: left out what is too long for one request: Mn, Md, SN",)


def test_there_is_a_bound_to_the_points_of_one_device() -> None:
    strings = [403, 2 + 8 * 2000, *[1] * (2 + 8 * 2000)]

    found = found_on(Device(chain(strings)))

    assert sum(len(each.points) for each in found.models) == MAX_POINTS
    assert f"beyond {MAX_POINTS} points" in found.flaws[-1]


@pytest.mark.parametrize("change", [{"Vr": "1.1"}, {"SN": "4712"}, {"Md": "Sunny Boy"}])
def test_another_device_or_firmware_has_another_identity(change: dict[str, str]) -> None:
    before = found_on(Device(inverter()))

    after = found_on(Device(chain(model(1, {**COMMON, **change}), model(103, INVERTER))))

    assert after.identity != before.identity


def test_an_identity_does_not_change_with_what_is_measured() -> None:
    assert found_on(Device(inverter(W=1))).identity == found_on(Device(inverter(W=2))).identity


@given(st.integers(0, len(inverter())))
def test_an_image_cut_anywhere_gives_what_is_before_the_cut(length: int) -> None:
    whole = found_on(Device(inverter()))
    there = Device(inverter()[:length])

    try:
        found = found_on(there)
    except NoSunSpec:
        assert length < 2
        return

    for cut, full in zip(found.models, whole.models, strict=False):
        assert set(cut.points) <= set(full.points)
    assert length == len(inverter()) or found.flaws or length == len(inverter()) - 1


@given(st.lists(st.one_of(WORDS, st.sampled_from([1, 103, 160, 701, 804, 0, 0xFFFF])), max_size=400))
def test_garbage_after_the_mark_never_hangs_and_nothing_beyond_the_addresses_is_read(garbage: Sequence[int]) -> None:
    there = Device([*MARK, *garbage], 65000)

    found = found_on(there, (65000,))

    assert len(found.models) <= MAX_MODELS
    assert len(there.looks) < 1000
    assert all(0 <= look.address < look.address + look.size <= ADDRESSES for look in there.looks)
