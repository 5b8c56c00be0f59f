import json
import socket
from collections.abc import Iterator

import pytest

from scripts.bench.commander import PUBLISH_QOS_1, Answer, Commander, publish
from scripts.bench.commanding import Told
from scripts.bench.counter import packets, text

TOPIC = "bench/bench/d0/command"


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    near, far = socket.socketpair()
    with near, far:
        yield near, far


def result(number: int, status: str, reason: str | None = None) -> bytes:
    said = {"v": 1, "kind": "result", "command": f"c{number}", "status": status}
    body = text("r") + json.dumps({**said, "reason": reason} if reason else said).encode()
    return bytes([0x30, len(body)]) + body


def test_a_command_writes_its_own_number() -> None:
    first, body = next(packets(bytearray(publish(TOPIC, "r99", 517))))

    assert first == PUBLISH_QOS_1
    assert body.startswith(text(TOPIC) + (517).to_bytes(2, "big"))
    assert json.loads(body[body.index(b"{") :]) == {"id": "c517", "write": {"r99": 517}}


def test_an_answer_is_noted_by_its_reason_if_it_has_one(ends: tuple[socket.socket, socket.socket]) -> None:
    near, far = ends
    commander = Commander(near, TOPIC, "r99")
    far.sendall(result(2, "rejected", "queue-full") + result(1, "done"))

    commander.flood(2)

    assert [(answer.number, answer.word) for answer in commander.answers] == [(2, "queue-full"), (1, "done")]


def test_each_command_waits_for_the_answer_to_the_one_before(ends: tuple[socket.socket, socket.socket]) -> None:
    near, far = ends
    commander = Commander(near, TOPIC, "r99")
    far.sendall(result(1, "done") + result(2, "done"))

    commander.one_by_one(2, 0)

    assert commander.sent_us == sorted(commander.sent_us)
    assert [number for number, _, _ in commander.answers] == [1, 2]


def test_what_went_wrong_is_counted() -> None:
    told = Told(
        sent_us=[0],
        writes=[(1, 10), (3, 20), (2, 30), (3, 40)],
        answers=[Answer(1, 50, "done"), Answer(1, 60, "done"), Answer(3, 70, "queue-full")],
    )

    assert (told.unanswered(4), told.answered_twice, told.twice) == (2, 1, 1)
    assert not told.in_order
    assert not told.is_told_right
