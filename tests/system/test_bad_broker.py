"""A broker that misbehaves: nothing leaves the outbox before it is acknowledged, and the daemon goes on."""

from collections.abc import Callable, Iterator

import pytest

from tests.support.daemon import Daemon
from tests.support.device import Device
from tests.support.envelopes import counts, is_reading, numbered, once
from tests.support.fakebroker import CONNACK, WELCOME, FakeBroker, packet
from tests.support.site import counting
from tests.support.subscriber import Received

MakeDaemon = Callable[..., Daemon]

SHORT = {"ack_timeout": "1s", "connect_timeout": "300ms"}


@pytest.fixture
def broker() -> Iterator[FakeBroker]:
    with FakeBroker() as broker:
        yield broker


class Accepting:
    """A judge that from now on accepts everything, and keeps it."""

    def __init__(self) -> None:
        self.accepted: list[Received] = []

    def __call__(self, message: Received) -> int:
        self.accepted.append(message)
        return 0


def assert_everything_is_accepted(broker: FakeBroker, meter: Device, spoiled: int = 0) -> None:
    """From now on the broker is well; every reading since the start is accepted then, but for so many."""
    judge = broker.judge = Accepting()
    wanted = len(meter.queries) + 3
    broker.wait_until(lambda: any(is_reading(m) and m.json["values"]["count"] >= wanted for m in judge.accepted))
    broker.wait_until(lambda: len({*range(1, wanted)} - {*counts(judge.accepted)}) <= spoiled)


def down(daemon: Daemon, part: str) -> dict[str, object]:
    return daemon.wait_for(lambda event: event.get("event") == "down" and part in event["reason"])


def test_one_that_never_answers_connect_gets_everything_once_it_does(
    make_daemon: MakeDaemon, broker: FakeBroker, meter: Device
) -> None:
    broker.greet = lambda: b""
    daemon = make_daemon(counting(broker.url, meter.port, cloud=SHORT))
    daemon.start()
    down(daemon, "does not answer CONNECT")
    broker.wait_until(lambda: broker.connections >= 3)

    broker.greet = lambda: WELCOME

    assert_everything_is_accepted(broker, meter)
    assert len([event for event in daemon.log if event["event"] == "down"]) == 1


def test_one_that_never_acknowledges_is_left_and_gets_everything_again(
    make_daemon: MakeDaemon, broker: FakeBroker, meter: Device
) -> None:
    broker.judge = lambda _: None
    daemon = make_daemon(counting(broker.url, meter.port, cloud=SHORT))
    daemon.start()
    down(daemon, "no acknowledgement for 1 s")
    broker.wait_until(lambda: broker.connections >= 2)

    assert_everything_is_accepted(broker, meter)
    once(numbered(broker.messages))


@pytest.mark.parametrize(("code", "word"), [
    (0x97, "Quota exceeded"),
    pytest.param(0x87, "Not authorized", marks=pytest.mark.slow),
    pytest.param(0x80, "Unspecified", marks=pytest.mark.slow),
])  # fmt: skip
def test_one_that_refuses_everything_empties_nothing(
    make_daemon: MakeDaemon, broker: FakeBroker, meter: Device, code: int, word: str
) -> None:
    broker.judge = lambda _: code
    daemon = make_daemon(counting(broker.url, meter.port, cloud=SHORT))
    daemon.start()
    down(daemon, word)
    broker.wait_until(lambda: broker.connections >= 3)

    assert_everything_is_accepted(broker, meter)
    assert len([event for event in daemon.log if event["event"] == "down"]) == 1


@pytest.mark.parametrize(("code", "only"), [
    (0x97, "readings"), pytest.param(0x97, "everything", marks=pytest.mark.slow), (0x87, "everything"),
])  # fmt: skip
def test_one_that_refuses_is_asked_less_and_less(
    make_daemon: MakeDaemon, broker: FakeBroker, meter: Device, code: int, only: str
) -> None:
    broker.judge = lambda m: code if only == "everything" or is_reading(m) else 0
    patient = {**SHORT, "reconnect": {"min": "100ms", "max": "1s"}}
    daemon = make_daemon(counting(broker.url, meter.port, cloud=patient))
    daemon.start()
    down(daemon, "publish refused")
    broker.wait_until(lambda: broker.connections >= 3)
    meter.wait_for_polls(30)

    assert broker.connections <= 6
    assert_everything_is_accepted(broker, meter)


def test_a_message_that_is_refused_for_good_is_set_aside_with_a_gap_and_all_others_flow(
    make_daemon: MakeDaemon, broker: FakeBroker, meter: Device
) -> None:
    def judge(message: Received) -> int:
        return 0x99 if is_reading(message) and message.json["values"].get("count") == 5 else 0

    broker.judge = judge
    daemon = make_daemon(counting(broker.url, meter.port, cloud=SHORT))
    daemon.start()
    broker.wait_until(lambda: any(m.topic == "fieldgate/gw/gap" for m in broker.messages))
    broker.wait_until(lambda: any(is_reading(m) and m.json["values"]["count"] == 12 for m in broker.messages))

    readings = [m.json for m in broker.messages if is_reading(m)]
    values = [reading["values"]["count"] for reading in readings]
    refused = next(reading for reading in readings if reading["values"]["count"] == 5)
    gap = next(m.json for m in broker.messages if m.topic == "fieldgate/gw/gap")
    assert {name: gap[name] for name in ("reason", "count", "from", "to", "device")} == {
        "reason": "refused",
        "count": 1,
        "from": refused["seq"],
        "to": refused["seq"],
        "device": "meter",
    }
    assert values.count(5) >= 3
    again = "".join("5" if value == 5 else "." for value in values).partition("5")[2]
    assert again.strip(".") == "5" * (values.count(5) - 1), "but for what was under way, everything waits for it"
    others = sorted(value for value in values if value != 5)  # what was read before the connection goes as backlog
    assert others == [n for n in range(1, max(values) + 1) if n != 5]
    assert broker.connections == 1


def test_readings_that_are_all_refused_for_good_are_the_brokers_fault(
    make_daemon: MakeDaemon, broker: FakeBroker, meter: Device
) -> None:
    broker.judge = lambda m: 0x99 if is_reading(m) else 0
    daemon = make_daemon(counting(broker.url, meter.port, cloud=SHORT))
    daemon.start()
    down(daemon, "Payload format invalid")
    meter.wait_for_polls(10)

    assert_everything_is_accepted(broker, meter, spoiled=2)


NOISE = (
    b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n",
    b"\xf0\x02\0\0",  # no such packet
    b"\x20\xff\xff\xff\xff\xff\xff",  # a length without end
    b"\x20\x00",  # an empty CONNACK
    packet(CONNACK, b"\0\0\x05\xff\xff\xff\xff\xff"),  # no such property
    packet(CONNACK, b"\0\0\0") + b"\x40\x02\xff\xff\x40\x00",  # it acknowledges what was never sent
    packet(CONNACK, b"\0\0\0") + b"\x32\x03\0\x09f",  # a PUBLISH that ends within its topic
    packet(CONNACK, b"\0\0\0") + b"\x32\x08\0\x02\xff\xfe\0\x01\0x",  # a topic that is no UTF-8
)


def test_one_that_sends_garbage_is_left_each_time_without_a_fuss(
    make_daemon: MakeDaemon, broker: FakeBroker, meter: Device
) -> None:
    greetings = iter(NOISE)
    broker.greet = lambda: next(greetings, WELCOME)
    daemon = make_daemon(counting(broker.url, meter.port, cloud=SHORT))
    daemon.start()

    broker.wait_until(lambda: broker.connections > len(NOISE), timeout_s=20)

    broker.wait_until(lambda: set(range(1, len(meter.queries))) <= set(counts(broker.messages)))
    assert not [line for line in daemon.lines if "Traceback" in line or '"defect"' in line], "an outsider's fault"
