"""What is heard out of bytes that come in any pieces."""

import pytest

from adapters.serial.simulator.ear import MAX_HELD_BYTES, Known, StreamEar
from gateway.model import Value
from gateway.template.template import Template

SAYS = {
    "tare": "T\r\n", "tare again": "T\r\n", "limit": "L{kg:06.1f}\r\n", "name": "N{text}\r\n", "go": "V{value:d}",
    "address": "#{address}\r",
}  # fmt: skip


@pytest.fixture
def ear() -> StreamEar[str]:
    return StreamEar([Known(Template(send), name) for name, send in SAYS.items()])


def heard(ear: StreamEar[str], *pieces: bytes) -> list[dict[str, dict[str, Value]]]:
    found = [each for piece in pieces for each in ear.hear(piece)]
    return [{name: dict(captured) for name, captured in each.meanings} for each in found]


def hushed(ear: StreamEar[str]) -> list[dict[str, dict[str, Value]]]:
    return [{name: dict(captured) for name, captured in each.meanings} for each in ear.silence()]


def test_the_same_bytes_may_mean_several_things(ear: StreamEar[str]) -> None:
    assert heard(ear, b"T\r\n") == [{"tare": {}, "tare again": {}}]


def test_what_is_said_in_one_go_is_heard_one_by_one(ear: StreamEar[str]) -> None:
    limit, name = {"limit": {"kg": 12.5}}, {"name": {"text": "a"}}
    assert heard(ear, b"L0012.5\r\nNa\r\nNa\r\n") == [limit, name, name]


def test_it_makes_no_difference_where_it_is_cut(ear: StreamEar[str]) -> None:
    assert heard(ear, *(bytes([each]) for each in b"L0012.5\r\n#07\r")) == [
        {"limit": {"kg": 12.5}}, {"address": {"address": "07"}}
    ]  # fmt: skip


def test_what_may_go_on_is_heard_once_there_is_silence(ear: StreamEar[str]) -> None:
    assert heard(ear, b"V1", b"2") == []
    assert hushed(ear) == [{"go": {"value": 12}}]
    assert hushed(ear) == []


def test_what_makes_no_sense_is_forgotten_in_the_silence(ear: StreamEar[str]) -> None:
    assert heard(ear, b"???") == []
    assert hushed(ear) == []
    assert heard(ear, b"#07\r") == [{"address": {"address": "07"}}]
    assert ear.deaf_bytes == 3


def test_no_more_is_held_than_any_question_is_long(ear: StreamEar[str]) -> None:
    heard(ear, b"?" * MAX_HELD_BYTES)
    assert ear.deaf_bytes == 0
    heard(ear, b"?")
    assert ear.deaf_bytes == 1
