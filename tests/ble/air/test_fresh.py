from adapters.ble.air.fresh import ALL, NEITHER, Freshness, Kept, New


def said(data: bytes) -> dict[int, bytes]:
    """As an object of its own each time."""
    return {0x0499: data}


FIRST = Kept(said(b"\x01"), said(b"\x02"))


def sure() -> Freshness:
    """Of a BlueZ that has been seen to tell again what is said again."""
    freshness = Freshness()
    freshness.of(FIRST, Kept(said(b"\x01"), FIRST.services))
    return freshness


def test_what_bluez_does_not_tell_again_may_have_been_said_all_the_same() -> None:
    assert Freshness().of(FIRST, Kept(said(b"\x03"), FIRST.services)) == ALL
    assert Freshness().of(FIRST, FIRST) == ALL


def test_where_bluez_tells_again_what_is_said_again_the_other_part_was_not_said() -> None:
    assert sure().of(FIRST, Kept(said(b"\x03"), FIRST.services)) == New(manufacturer=True, services=False)
    assert sure().of(FIRST, Kept(FIRST.manufacturer, said(b"\x02"))) == New(manufacturer=False, services=True)


def test_both_parts_told_again_are_both_new() -> None:
    assert sure().of(FIRST, Kept(said(b"\x01"), said(b"\x02"))) == ALL


def test_an_advertisement_without_any_data_says_none() -> None:
    assert sure().of(FIRST, FIRST) == NEITHER
