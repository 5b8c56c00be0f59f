"""A device that is heard and connected to has one state."""

import pytest

from adapters.ble.states import States, Way
from gateway.model import DeviceState, DeviceStatus

ONLINE, DEGRADED, OFFLINE = DeviceState.ONLINE, DeviceState.DEGRADED, DeviceState.OFFLINE
UNKNOWN = DeviceState.UNKNOWN


def status(state: DeviceState, reason: str | None = None, since_ms: int = 1) -> DeviceStatus:
    return DeviceStatus("lock", state, since_ms, reason, f"because of {reason}" if reason else None)


def test_who_has_one_way_only_has_that_ones_state() -> None:
    given = status(OFFLINE, "silent")
    assert States().joined(Way.HEARD, given) == given
    assert States().joined(Way.CONNECTED, given) == given


@pytest.mark.parametrize(
    ("heard", "connected", "expected"),
    [
        ((ONLINE, None), (ONLINE, None), (ONLINE, None)),
        ((ONLINE, None), (OFFLINE, "timeout"), (DEGRADED, "timeout")),
        ((OFFLINE, "silent"), (ONLINE, None), (DEGRADED, "silent")),
        ((OFFLINE, "silent"), (OFFLINE, "timeout"), (OFFLINE, "silent")),
        ((DEGRADED, "wrong-key"), (DEGRADED, "device-error"), (DEGRADED, "wrong-key")),
        ((DEGRADED, "wrong-key"), (ONLINE, None), (DEGRADED, "wrong-key")),
        ((ONLINE, None), (DEGRADED, "device-error"), (DEGRADED, "device-error")),
        ((UNKNOWN, None), (ONLINE, None), (ONLINE, None)),
        ((UNKNOWN, None), (OFFLINE, "timeout"), (OFFLINE, "timeout")),
    ],
)
@pytest.mark.parametrize("is_heard_first", [True, False])
def test_it_is_there_if_it_is_on_one_way_and_degraded_if_not_on_both(
    heard: tuple[DeviceState, str | None],
    connected: tuple[DeviceState, str | None],
    expected: tuple[DeviceState, str | None],
    is_heard_first: bool,
) -> None:
    states, told = States(), []
    ways = [(Way.HEARD, heard), (Way.CONNECTED, connected)]
    for way, given in ways if is_heard_first else ways[::-1]:
        told += [states.joined(way, status(*given))]
    last = [each for each in told if each is not None][-1]
    assert (last.state, last.reason) == expected
    assert last.detail == (f"because of {expected[1]}" if expected[1] else None)


def test_what_changes_nothing_is_not_told_and_a_state_has_begun_when_it_has() -> None:
    states = States()
    states.joined(Way.HEARD, status(ONLINE, since_ms=1))
    assert states.joined(Way.CONNECTED, status(ONLINE, since_ms=2)) is None
    first = states.joined(Way.CONNECTED, status(OFFLINE, "timeout", since_ms=3))
    second = states.joined(Way.HEARD, status(DEGRADED, "wrong-key", since_ms=4))
    assert first is not None
    assert second is not None
    assert (first.since_ms, second.since_ms, second.reason) == (3, 3, "wrong-key")
