from adapters.modbus.sunspec.definitions import SIZES, GroupDef, definition
from adapters.modbus.sunspec.shape import NO_POINT, NOT_IMPLEMENTED
from scripts.sunspec.compact import TARGET, compacted
from tests.support.repo import ROOT


def types_in(group: GroupDef) -> set[str]:
    return {point.type for point in group.points} | {each for below in group.groups for each in types_in(below)}


def test_what_is_shipped_is_what_the_script_makes_of_the_definitions() -> None:
    assert (ROOT / TARGET).read_bytes() == compacted(), "run scripts/sunspec/update"


def test_the_notice_names_whose_they_are_and_their_license() -> None:
    notice = (ROOT / TARGET).with_name("NOTICE").read_text()

    assert "SunSpec Alliance" in notice
    assert "Apache License, Version 2.0" in notice


def test_of_every_type_it_is_known_how_long_it_is_and_what_is_not_implemented() -> None:
    models = [found for number in range(0x10000) if (found := definition(number)) is not None]
    types = {each for model in models for each in types_in(model.group)}

    assert len(models) > 100
    assert types - SIZES.keys() == {"string", "pad"}
    assert types - NOT_IMPLEMENTED.keys() == {"float32", "string"} | NO_POINT


def test_a_number_that_no_model_has_has_no_definition() -> None:
    assert definition(64999) is None
