import pytest

from adapters.ble.air.choice import Found, chosen
from gateway.adapter import AdapterError, PermanentError

FIRST = Found("/org/bluez/hci0", "00:1A:7D:DA:71:13", is_powered=True)
SECOND = Found("/org/bluez/hci1", "00:1A:7D:DA:71:14", is_powered=False)


def test_a_radio_is_found_by_its_address() -> None:
    assert chosen([FIRST, SECOND], "00:1A:7D:DA:71:14") is SECOND


def test_a_radio_is_found_by_its_name() -> None:
    assert chosen([FIRST, SECOND], "hci1") is SECOND


def test_the_only_radio_needs_no_name() -> None:
    assert chosen([FIRST], None) is FIRST


def test_several_radios_and_none_named_are_listed_for_a_person_to_choose() -> None:
    with pytest.raises(
        PermanentError, match=r"00:1A:7D:DA:71:13 \(hci0\), 00:1A:7D:DA:71:14 \(hci1\).*radio: "
    ) as error:
        chosen([FIRST, SECOND], None)
    assert "several" in str(error.value)


def test_a_radio_that_is_not_there_may_yet_be_plugged_in() -> None:
    with pytest.raises(AdapterError, match="no radio hci7: is it plugged in"):
        chosen([FIRST], "hci7")


def test_no_radio_at_all_may_change_too() -> None:
    with pytest.raises(AdapterError, match="no Bluetooth radio"):
        chosen([], None)


def test_a_radio_without_the_central_role_is_refused_in_words() -> None:
    with pytest.raises(AdapterError, match="can't do Bluetooth Low Energy"):
        chosen([FIRST._replace(is_central=False)], None)
