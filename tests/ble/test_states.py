import pytest

from adapters.ble.states import States, Way
from gateway.model import DeviceState, DeviceStatus

ONLINE, DEGRADED, OFFLINE = DeviceState.ONLINE, DeviceState.DEGRADED, DeviceState.OFFLINE


def status(state: DeviceState, reason: str | None = None, since_ms: int = 1) -> DeviceStatus:
    return DeviceStatus("lock", state, since_ms, reason)


def test_the_state_of_a_device_that_is_only_heard_is_told_as_it_is() -> None:
    assert States().found(Way.HEARD, status(OFFLINE, "silent")) == status(OFFLINE, "silent")


@pytest.mark.parametrize(
    ("heard", "connected", "told"),
    [
        (status(ONLINE), status(ONLINE), status(ONLINE)),
        (status(DEGRADED, "encrypted"), status(ONLINE), status(DEGRADED, "encrypted")),
        (status(ONLINE), status(DEGRADED, "device-error"), status(DEGRADED, "device-error")),
        (status(ONLINE), status(OFFLINE, "unreachable"), status(DEGRADED, "unreachable")),
        (status(OFFLINE, "silent"), status(ONLINE), status(DEGRADED, "silent")),
        (status(OFFLINE, "silent"), status(OFFLINE, "out-of-range"), status(OFFLINE, "silent")),
    ],
)
def test_what_is_wrong_on_one_way_only_leaves_a_device_degraded(
    heard: DeviceStatus, connected: DeviceStatus, told: DeviceStatus
) -> None:
    states, others = States(), States()
    first = states.found(Way.HEARD, heard)
    assert (states.found(Way.CONNECTED, connected) or first) == told
    first = others.found(Way.CONNECTED, connected)
    assert (others.found(Way.HEARD, heard) or first) == told


def test_what_changes_nothing_is_not_told_again() -> None:
    states = States()
    states.found(Way.HEARD, status(ONLINE))
    assert states.found(Way.CONNECTED, status(ONLINE, since_ms=9)) is None


def test_a_state_that_stays_has_begun_when_it_did_though_its_reason_changes() -> None:
    states = States()
    states.found(Way.HEARD, status(DEGRADED, "encrypted", since_ms=1))
    assert states.found(Way.HEARD, status(DEGRADED, "wrong-key", since_ms=5)) == status(
        DEGRADED, "wrong-key", since_ms=1
    )
