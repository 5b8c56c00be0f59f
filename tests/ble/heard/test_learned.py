"""Points that are found rather than configured."""

from hypothesis import given
from hypothesis import strategies as st

from adapters.ble.heard.learned import LEARNED, MAX_LEARNED, Learning, completed
from adapters.ble.quantities import DECODED
from gateway.model import Relearned
from tests.ble.heard.setup import Ear, device, ear


def relearned(tag: Ear) -> int:
    return sum(isinstance(item, Relearned) for item in tag.items)


def test_a_device_without_points_is_found_to_have_those_that_it_tells() -> None:
    tag = ear()
    tag.hear(temperature=21.5, battery=90, packet=1)
    tag.pass_(4.0)
    assert relearned(tag) == 0
    tag.pass_(2.0)
    assert relearned(tag) == 1
    found = completed(device(), tag.memory)
    assert list(found.points) == ["battery", "temperature", "rssi", "lost", "present"]
    assert {name: (point.type, point.unit) for name, point in found.points.items() if name in DECODED} == {
        "battery": ("int", "%"),
        "temperature": ("float", "°C"),
    }


def test_nothing_is_learned_of_a_device_that_nobody_understands() -> None:
    tag = ear()
    tag.hear(b"\x00\x00")
    tag.pass_(60.0)
    assert relearned(tag) == 0
    assert completed(device(), tag.memory) == device()


def test_its_points_are_found_when_nothing_new_has_come_for_a_while() -> None:
    tag = ear()
    tag.hear(temperature=21.5)
    tag.pass_(4.0)
    tag.hear(humidity=40.0)
    tag.pass_(4.0)
    assert relearned(tag) == 0
    tag.pass_(2.0)
    assert relearned(tag) == 1


def test_what_is_new_later_is_learned_too_and_what_was_learned_stays() -> None:
    tag = ear()
    tag.hear(temperature=21.5)
    tag.pass_(6.0)
    points = completed(device(), tag.memory).points
    again = ear(tag.memory, points={name: point.model_dump(exclude_unset=True) for name, point in points.items()})
    assert again.hear(temperature=21.5, humidity=40.0)["temperature"] == 21.5
    again.pass_(6.0)
    assert relearned(again) == 1
    assert list(completed(device(), tag.memory).points) == ["humidity", "temperature", "rssi", "present"]


def test_it_is_told_once() -> None:
    tag = ear()
    for _ in range(100):
        tag.hear(temperature=21.5)
        tag.pass_(1.0)
    assert relearned(tag) == 1


def test_of_a_device_with_points_of_its_own_nothing_is_learned() -> None:
    tag = ear({LEARNED: ["temperature", "humidity"]}, points={"temperature": None})
    tag.hear(temperature=21.5, battery=90)
    tag.pass_(60.0)
    assert relearned(tag) == 0
    described = device(points={"temperature": None})
    assert completed(described, tag.memory) is described


def test_what_somebody_else_wrote_into_the_memory_is_nothing() -> None:
    for memory in ({LEARNED: "temperature"}, {LEARNED: [1, None, "nonsense"]}, {}):
        assert completed(device(), memory) == device()


@given(st.lists(st.sampled_from([*DECODED, "temperature_2", "temperature_10", "temperature_3"])))
def test_the_order_of_points_does_not_depend_on_what_was_heard_first(names: list[str]) -> None:
    orders = []
    for order in (names, names[::-1]):
        memory: dict[str, object] = {}
        learning = Learning(memory)
        for name in order[:MAX_LEARNED]:
            learning.hear([name], 0.0)
        learning.is_settled(60.0)
        orders.append(list(completed(device(), memory).points))
    if len(set(names)) < MAX_LEARNED - 2:
        assert orders[0] == orders[1]


def test_the_second_of_a_kind_follows_the_first() -> None:
    memory = {LEARNED: ["humidity", "temperature_10", "temperature_2", "temperature"]}
    assert list(completed(device(), memory).points) == ["humidity", "temperature", "temperature_2", "temperature_10"]


def test_there_is_an_end_to_what_is_learned() -> None:
    memory: dict[str, object] = {}
    learning = Learning(memory)
    learning.hear([f"temperature_{number}" for number in range(2, 100)], 0.0)
    assert learning.is_settled(60.0)
    assert len(completed(device(), memory).points) == MAX_LEARNED
