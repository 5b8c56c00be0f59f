import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.ble.gatt.echo import ECHO_S, Echo
from adapters.ble.gatt.flow import Flow

TIMES = st.lists(st.floats(0, 0.2), max_size=200)


@given(st.floats(0.5, 100), TIMES)
def test_no_more_passes_than_the_rate_and_one_burst(rate: float, pauses: list[float]) -> None:
    flow, now_s, passed = Flow(rate), 0.0, 0
    for pause_s in pauses:
        now_s += pause_s
        passed += flow.passes(now_s)
    assert passed <= max(1.0, rate) + rate * now_s + 1e-6


@given(st.floats(0.5, 100), st.integers(1, 200))
def test_who_waits_as_long_as_is_said_passes(rate: float, count: int) -> None:
    flow, now_s = Flow(rate), 1.0
    for _ in range(count):
        now_s += flow.wait_s(now_s) + 1e-9
        assert flow.passes(now_s)


class Listener:
    def __init__(self) -> None:
        self.now_s = 0.0
        self.heard: list[bytes] = []
        self.seen: list[bytes] = []
        self.echo = Echo(self.heard.append, lambda: self.now_s, self.seen.append)

    def tell(self, data: bytes) -> None:
        self.echo.hear(None, bytearray(data))

    def read(self, data: bytes, *told_meanwhile: bytes) -> None:
        with self.echo.caught():
            for each in told_meanwhile:
                self.tell(each)
            self.echo.expect(data)


def test_the_echo_of_a_read_is_not_told_whether_it_comes_before_its_answer_or_behind_it() -> None:
    listener = Listener()
    listener.read(b"\x01", b"\x01")
    assert listener.heard == []
    listener.read(b"\x02")
    listener.tell(b"\x02")
    assert listener.heard == []


def test_only_one_is_an_echo() -> None:
    listener = Listener()
    listener.read(b"\x01", b"\x01", b"\x01")
    listener.tell(b"\x01")
    assert listener.heard == [b"\x01", b"\x01"]


def test_another_value_is_none_nor_what_comes_long_after() -> None:
    listener = Listener()
    listener.read(b"\x01", b"\x02")
    listener.now_s = ECHO_S + 0.1
    listener.tell(b"\x01")
    assert listener.heard == [b"\x02", b"\x01"]


def failing(listener: Listener) -> None:
    with listener.echo.caught():
        listener.tell(b"\x01")
        raise TimeoutError


def test_what_is_told_during_a_read_that_fails_is_told() -> None:
    listener = Listener()
    with pytest.raises(TimeoutError):
        failing(listener)
    assert listener.heard == [b"\x01"]
